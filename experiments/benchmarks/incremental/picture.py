"""What a day's frame costs, day by day, as a picture."""

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from configs.whole import whole_file


def picture(found: dict[str, Any], path: Path) -> None:
    """Draw CPU seconds by day, from what is kept and from all rows."""
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    for name, style in (("all rows", "o-"), ("kept", "o-")):
        points = [(number, row[name]["cpu_s"]) for number, row in enumerate(found["days"], 1) if name in row]
        axes.plot([x for x, _ in points], [y for _, y in points], style, markersize=4, label=f"from {name}")
    title = f"{found['rows']:,} rows, {found['customers']:,} customers, 41 features"
    axes.set(xlabel="day", ylabel="CPU seconds a day", ylim=(0, None), title=title)
    axes.grid(alpha=0.3)
    axes.legend()
    with whole_file(path) as draft:
        figure.savefig(draft, dpi=110)
