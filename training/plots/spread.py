"""What customers are yet to bring, and how far models part."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from training.plots.rows import Record, Values
from training.plots.style import COLOURS, GREY, INK, WIDTH, legend, short, thousands

DASHES: Final = ("-", (0, (5, 2)), (0, (1, 1.2)))
YEAR: Final = 12
UNITS: Final = {"currency": "value, in currency", "purchase days": "purchase days"}


def spread(record: Record) -> Figure:
    """Draw what several processes expect of today's customers within the months to come, so far and month by month.

    How far they part is written at the end of each year: half of it, as a share of their mean.
    """
    told = record["lifetime"]["spread"]
    figure = Figure(figsize=(WIDTH, 5.6), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    upper.set(title="Still to come from today's customers", ylabel=UNITS[told["unit"]])
    lower.set(title="The same, month by month", ylabel=UNITS[told["unit"]], xlabel="months from the cutoff")
    so_far, by_month = (
        {name: np.array(months, dtype=np.float64) for name, months in told[each].items()}
        for each in ("so_far", "by_month")
    )
    months = np.array(told["months"], dtype=np.float64)
    for place, name in enumerate(so_far):
        look = {"color": COLOURS[place], "ls": DASHES[place % len(DASHES)], "lw": 1.8, "label": short(name)}
        upper.plot(np.append(0.0, months), np.append(0.0, so_far[name]), **look)
        lower.plot(months, by_month[name], **look)
    if told["spread"]:
        _parting(upper, months, np.array(list(so_far.values())), told["spread"])
    for axes in (upper, lower):
        axes.axhline(0, color=GREY, lw=0.8)
        axes.set(xlim=(0, 1.04 * months[-1]), xticks=range(0, int(months[-1]) + 1, YEAR))
        if axes.dataLim.y0 >= 0:
            axes.set_ylim(0, None)
        thousands(axes.yaxis)
    legend(figure, upper)
    return figure


def _parting(axes: Axes, months: Values, so_far: Values, parted: Sequence[float]) -> None:
    """Shade what lies between the processes, and write how much that is."""
    low, high = so_far.min(axis=0), so_far.max(axis=0)
    axes.fill_between(months, low, high, color=GREY, alpha=0.18, lw=0)
    look: Any = {"textcoords": "offset points", "ha": "right", "fontsize": 8.5, "color": INK}
    for month, top, share in zip(months, high, parted, strict=True):
        if month % YEAR == 0:
            axes.annotate(f"±{share / 2:.0%}", (float(month), float(top)), xytext=(2, 6), **look)
    axes.margins(y=0.12)
