"""How value is spread over customers."""

import numpy as np
from matplotlib.figure import Figure

from training.plots.rows import Record
from training.plots.style import COLOURS, GREY, INK, empty, legend, thousands

EXPECTED = {
    "count": "expected purchase days within the horizon",
    "amount": "expected value within the horizon, in the data's currency",
}


def distribution(record: Record) -> Figure:
    """Draw how many customers have which score, on a logarithmic scale, with the median, the mean and what the highest
    tenth holds.
    """
    told = record["lifetime"]["distribution"]
    figure, axes = empty("How value is spread over customers", height=3.9)
    edges, counts = np.array(told["edges"], dtype=float), np.array(told["counts"], dtype=float)
    axes.stairs(counts, edges, fill=True, color=COLOURS[0], alpha=0.75)
    if edges[0] > 0:
        axes.set_xscale("log")
    marks = {"median": (told["quantiles"]["0.5"], ":"), "mean": (told["mean"], "-")}
    for name, (value, dashes) in marks.items():
        if edges[0] <= value <= edges[-1]:
            axes.axvline(value, color=INK, lw=1.2, ls=dashes, label=f"{name} {value:,.4g}")
    if told["held"]:
        top = told["quantiles"]["0.9"]
        label = f"top 10 %: {told['held']['0.1']:.0%} of all"
        axes.axvspan(min(max(top, edges[0]), edges[-1]), edges[-1], color=GREY, alpha=0.2, lw=0, label=label, zorder=0)
    axes.set(xlabel=EXPECTED[record["question"]["kind"]], ylabel="customers", xlim=(edges[0], edges[-1]))
    for axis in (axes.xaxis, axes.yaxis):
        thousands(axis)
    axes.grid(visible=False, axis="x")
    legend(figure, axes)
    return figure
