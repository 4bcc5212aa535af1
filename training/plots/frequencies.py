"""What customers bring by how often they had bought."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from training.plots.rows import Record, Values, column
from training.plots.style import COLOURS, INK, WIDTH, legend, thousands

BAR = 0.38


def frequencies(record: Record) -> Figure:
    """Draw mean purchases within the horizon, and mean value where there is one, by repeat purchase days so far."""
    rows = record["lifetime"]["frequencies"]
    valued = any(row["value"] is not None for row in rows)
    figure = Figure(figsize=(WIDTH, 5.4 if valued else 3.6), layout="constrained")
    drawn = figure.subplots(2 if valued else 1, 1, sharex=True, squeeze=False)[:, 0]
    names = [row["frequency"] for row in rows]
    _bars(drawn[0], column(rows, "purchases"), column(rows, "expected_purchases"))
    drawn[0].set(title="Purchases within the horizon", ylabel="mean purchase days")
    if valued:
        _bars(drawn[1], column(rows, "value"), column(rows, "expected_value"))
        drawn[1].set(title="Value within the horizon, in the data's currency", ylabel="mean value")
    drawn[-1].set_xticks(range(len(names)), names)
    drawn[-1].set_xlabel("repeat purchase days before the cutoff")
    legend(figure, drawn[0])
    return figure


def _bars(axes: Axes, actual: Values, expected: Values) -> None:
    places = np.arange(len(actual))
    axes.bar(places - BAR / 2, actual, BAR, color=INK, label="actual")
    axes.bar(places + BAR / 2, expected, BAR, color=COLOURS[1], label="expected")
    axes.grid(visible=False, axis="x")
    thousands(axes.yaxis)
