"""How cost and memory of a fit grow with customers, as a picture."""

from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from configs.whole import whole_file

Row = dict[str, Any]


def picture(rows: list[Row], path: Path) -> None:
    """Draw CPU seconds and memory of BG/NBD's fit against customers, both on logarithmic scales."""
    asked = [row for row in rows if row["grows"]]
    figure = Figure(figsize=(11, 4.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    _lines(left, asked, "cpu_s", floor=1e-3)
    _lines(right, asked, "above_mb", floor=1)
    left.set(ylabel="CPU seconds", title="BG/NBD by the week: fit, grouping included")
    right.set(ylabel="MB at the peak, above the data", title="memory")
    figure.legend(*left.get_legend_handles_labels(), loc="outside right upper", fontsize="small")
    with whole_file(path) as draft:
        figure.savefig(draft, dpi=110)


def _lines(axes: Axes, rows: list[Row], measure: str, *, floor: float) -> None:
    for system in dict.fromkeys(row["system"] for row in rows):
        points = sorted((row["customers"], max(row[measure], floor)) for row in rows if row["system"] == system)
        axes.plot([x for x, _ in points], [y for _, y in points], "o-", markersize=4, label=system)
    axes.set(xscale="log", yscale="log", xlabel="customers")
    axes.grid(alpha=0.3, which="both")
