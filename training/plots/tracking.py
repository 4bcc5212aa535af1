"""Purchases as they came, week by week, against those expected."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from training.plots.rows import Record, Values, column
from training.plots.style import COLOURS, GREY, INK, WIDTH, legend, thousands


def tracking(record: Record) -> Figure:
    """Draw repeat purchases so far and within each week, actual and expected, with the cutoff between the weeks that
    the process has seen and those that it has not.
    """
    rows = record["lifetime"]["tracking"]
    weeks = column(rows, "week")
    figure = Figure(figsize=(WIDTH, 5.6), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True)
    upper.set(title="Repeat purchases so far", ylabel="purchase days so far")
    lower.set(title="Repeat purchases a week", ylabel="purchase days a week")
    for axes, name in ((upper, "_so_far"), (lower, "")):
        _both(axes, weeks, column(rows, f"actual{name}"), column(rows, f"expected{name}"))
    lower.set_xlabel("weeks from the cutoff; what is right of it was not known")
    legend(figure, upper)
    return figure


def _both(axes: Axes, weeks: Values, actual: Values, expected: Values) -> None:
    axes.axvspan(0, max(float(np.max(weeks)), 0.0), color=GREY, alpha=0.09, lw=0)
    axes.axvline(0, color=GREY, lw=1, label="cutoff")
    axes.plot(weeks, actual, color=INK, label="actual")
    axes.plot(weeks, expected, color=COLOURS[1], ls=(0, (5, 2)), label="expected")
    axes.margins(x=0.01)
    axes.set_ylim(0, None)
    thousands(axes.yaxis)
