"""The same features by Augury and by its peers: `python -m experiments.benchmarks.features`, one file a system."""
