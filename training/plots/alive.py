"""Who may still buy."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from training.plots.rows import Record
from training.plots.style import INK, empty

LINES = (0.1, 0.5, 0.9)


def alive(record: Record) -> Figure:
    """Draw P(alive) by repeat purchase days and weeks since the last one, with lines at 10, 50 and 90 %."""
    told = record["lifetime"]["alive"]
    figure, axes = empty("Who may still buy: P(alive)", height=4.0)
    x, y, p = (np.array(told[name], dtype=float) for name in ("frequency", "weeks_since_last", "p_alive"))
    shown = axes.pcolormesh(x, y, p, cmap="Blues", vmin=0, vmax=1, shading="nearest", edgecolors="face", lw=0.2)
    if min(p.shape) > 1:
        lines = axes.contour(x, y, p, levels=LINES, colors=[INK, INK, "white"], linewidths=0.9)
        axes.clabel(lines, fmt=lambda level: f"{level:.0%}", fontsize=8)
    bar = figure.colorbar(shown, ax=axes, format=PercentFormatter(1.0, decimals=0), pad=0.02)
    bar.outline.set_visible(False)
    axes.set(xlabel="repeat purchase days", ylabel="weeks since the last purchase")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(visible=False)
    return figure
