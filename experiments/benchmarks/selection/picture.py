"""Regrets by way of choosing, as a picture."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from configs.whole import whole_file


def picture(found: dict[str, Any], path: Path) -> None:
    """Draw a dot a seed: what each way's choice lacks to the best model, one panel a population."""
    populations = list(dict.fromkeys(row["population"] for row in found["rows"]))
    figure = Figure(figsize=(4.5 * len(populations), 4), layout="constrained")
    panels = figure.subplots(1, len(populations), sharey=True, squeeze=False)[0]
    for axes, population in zip(panels, populations, strict=True):
        rows = [row for row in found["rows"] if row["population"] == population]
        ways = list(rows[0]["ways"])
        for place, way in enumerate(ways):
            regrets = sorted(row["ways"][way]["regret"] for row in rows)
            axes.plot(place + np.linspace(-0.2, 0.2, len(regrets)), regrets, "o", markersize=5, alpha=0.8)
        axes.axhline(found["promise"]["regret"], color="grey", linestyle="--", linewidth=1)
        title = f"{population}: {len(rows)} shops of {found['customers']:,} customers"
        axes.set(title=title, xticks=range(len(ways)), xticklabels=ways)
        axes.grid(axis="y", alpha=0.3)
    panels[0].set(ylabel="regret: AUC of the best − of the chosen")
    with whole_file(path) as draft:
        figure.savefig(draft, dpi=110)
