"""Floor 4: studies, benchmarks and the command line."""
