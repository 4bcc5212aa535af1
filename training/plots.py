"""Plots of predictions against what came: calibration and gains."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from models.contract import TargetKind

BINS = 10


def plots(scored: pd.DataFrame, *, kind: TargetKind) -> dict[str, Figure]:
    """Draw what fits the target: calibration and gains; nothing where nothing is predicted."""
    if kind == "none":
        return {}
    return {"calibration": calibration(scored), "gains": gains(scored)}


def calibration(scored: pd.DataFrame) -> Figure:
    """Draw the mean of what came against the mean predicted, by tenths of the score, one line a cutoff."""
    figure, axes = _empty("mean predicted", "mean observed", "Calibration")
    for cutoff, part in scored.groupby("cutoff"):
        tenth = pd.qcut(part["score"].rank(method="first"), min(BINS, len(part)), labels=False)
        means = part.groupby(tenth)[["score", "actual"]].mean()
        axes.plot(means["score"], means["actual"], marker="o", label=f"{cutoff:%Y-%m-%d}")
    top = max(axes.get_xlim()[1], axes.get_ylim()[1])
    axes.plot([0, top], [0, top], color="grey", linewidth=0.8, linestyle="--", label="perfect")
    axes.legend()
    return figure


def gains(scored: pd.DataFrame) -> Figure:
    """Draw the share of the target that the best-scored share of rows holds, one line a cutoff."""
    figure, axes = _empty("share of rows, best scored first", "share of the target", "Gains")
    for cutoff, part in scored.groupby("cutoff"):
        share, held = _gains(part["actual"].to_numpy(dtype=float), part["score"].to_numpy(dtype=float))
        axes.plot(share, held, label=f"{cutoff:%Y-%m-%d}")
    axes.plot([0, 1], [0, 1], color="grey", linewidth=0.8, linestyle="--", label="random")
    axes.legend()
    return figure


def _gains(actual: NDArray[np.float64], score: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    order = np.argsort(-score, kind="stable")
    held = np.concatenate([[0.0], np.cumsum(actual[order])])
    return np.linspace(0, 1, len(held)), held / max(held[-1], 1e-12)


def _empty(x: str, y: str, title: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(5, 4), layout="constrained")
    axes = figure.add_subplot()
    axes.set(xlabel=x, ylabel=y, title=title)
    return figure, axes
