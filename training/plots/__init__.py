"""Plots of a back-test, made from its record alone: how true and stable it is, what it rests on and what it earns."""

from training.plots.draw import plots

__all__ = ["plots"]
