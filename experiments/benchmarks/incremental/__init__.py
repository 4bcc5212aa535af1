"""Tomorrow's frame from what is kept and from all rows: `python -m experiments.benchmarks.incremental`."""
