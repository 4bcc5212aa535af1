"""Lifetime value: its fits and predictions beside those of lifetimes, on customers whose truth is known."""
