"""What a campaign earns."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from training.plots.rows import Record, Values, column
from training.plots.style import COLOURS, GREY, INK, empty, legend, thousands

CUTS: Final[Mapping[str, Any]] = {
    "at_budget": {"label": "at the budget", "color": COLOURS[2], "lw": 5, "alpha": 0.3},
    "best": {"label": "best cut", "color": INK, "lw": 1.1, "ls": ":"},
}
"""The cuts of a profit curve by their names in the record, and how they look; the later lies above."""


def profit(record: Record) -> Figure:
    """Draw a campaign's profit by customers contacted, expected and realised, with the best cut and the budget's.

    The curve ends where it has fallen as far below nothing as it rose above it.
    """
    money, (figure, axes) = record["money"], empty("Profit of the campaign", height=4.2)
    curve = money["curve"]
    contacted, curves = column(curve, "contacted"), {name: column(curve, name) for name in ("expected", "realised")}
    axes.axhline(0, color=GREY, lw=1)
    for (name, profits), colour, dashes in zip(curves.items(), COLOURS, ("-", (0, (5, 2))), strict=False):
        axes.plot(contacted, profits, color=colour, ls=dashes, label=name)
    for name, look in CUTS.items():
        if money[name] is not None:
            cut = money[name]["contacted"]
            axes.axvline(cut, **{**look, "label": f"{look['label']}: {cut:,}"})
    axes.set(xlabel="customers contacted, the most profitable first", ylabel="profit, in the data's currency")
    _near_the_top(axes, contacted, list(curves.values()))
    for axis in (axes.xaxis, axes.yaxis):
        thousands(axis)
    legend(figure, axes)
    return figure


def _near_the_top(axes: Axes, contacted: Values, curves: Sequence[Values]) -> None:
    """Show a curve where it earns something; all of it where it never does."""
    top = float(np.nanmax(curves))
    if top <= 0 or float(np.nanmin(curves)) > -top:
        return
    seen = np.flatnonzero(np.max(curves, axis=0) >= -top)
    axes.set(xlim=(0, contacted[min(seen[-1] + 1, len(contacted) - 1)]), ylim=(-top, 1.08 * top))
