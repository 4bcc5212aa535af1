"""How cost grows with lines and with cutoffs, as a picture."""

from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from configs.whole import whole_file

Row = dict[str, Any]


def draw(rows: list[Row], path: Path) -> None:
    """Draw CPU seconds against lines at one cutoff, and against cutoffs at the largest size that all were asked."""
    asked = [row for row in rows if row["grows"]]
    most = max(row["lines"] for row in asked)
    figure = Figure(figsize=(11, 4.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    _lines(left, [row for row in asked if row["cutoffs"] == 1], "lines")
    _lines(right, [row for row in asked if row["lines"] == most], "cutoffs")
    left.set(xscale="log", yscale="log", xlabel="lines", ylabel="CPU seconds", title="1 cutoff")
    right.set(xlabel="cutoffs, 28 days apart", ylabel="CPU seconds", ylim=(0, None), title=f"{most:,} lines")
    right.set_xticks(sorted({row["cutoffs"] for row in asked if row["lines"] == most}))
    figure.legend(*right.get_legend_handles_labels(), loc="outside right upper", fontsize="small")
    with whole_file(path) as draft:
        figure.savefig(draft, dpi=110)


def _lines(axes: Axes, rows: list[Row], by: str) -> None:
    for system in dict.fromkeys(row["system"] for row in rows):
        points = sorted((row[by], row["cpu_s"]) for row in rows if row["system"] == system)
        style = "--" if any(row["kind"] == "limit" for row in rows if row["system"] == system) else "-"
        axes.plot([x for x, _ in points], [y for _, y in points], style, marker="o", markersize=4, label=system)
    axes.grid(alpha=0.3)
