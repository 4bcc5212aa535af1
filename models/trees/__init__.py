"""Fitted trees as flat arrays that compiled loops walk: XGBoost's own numbers, many times sooner for a row."""
