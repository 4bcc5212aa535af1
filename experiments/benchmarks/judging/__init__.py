"""What judging and tuning a study's models costs: `python -m experiments.benchmarks.judging`."""
