"""Benchmarks: `python -m experiments.benchmarks.NAME` measures systems side by side and writes `NAME.json` here."""
