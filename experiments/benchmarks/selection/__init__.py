"""Whether back-tests choose the right model while customers change: `python -m experiments.benchmarks.selection`."""
