"""Pareto/NBD and its covariates against CLVTools' published numbers: `python -m experiments.benchmarks.apparel`."""
