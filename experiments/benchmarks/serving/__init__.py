"""What a score over HTTP costs, here and elsewhere: `python -m experiments.benchmarks.serving`."""
