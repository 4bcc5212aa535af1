"""What the score rests on."""

from typing import Final

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from training.plots.rows import Record, column
from training.plots.style import COLOURS, empty, short

CONCEPTS: Final = 12
"""So many concepts are drawn, those that weigh most."""


def importance(record: Record) -> Figure:
    """Draw what concepts weigh in the champion's scores: the mean share, and its range over the models fitted."""
    rows = [row for row in record["importance"] if row["level"] == "concept"][:CONCEPTS][::-1]
    figure, axes = empty("What the score rests on", height=1.1 + 0.27 * len(rows))
    places = np.arange(len(rows))
    axes.hlines(
        places, column(rows, "low"), column(rows, "high"), color=COLOURS[0], lw=5, alpha=0.3, label="range over fits"
    )
    axes.plot(column(rows, "mean"), places, "o", color=COLOURS[0], ms=5, label="mean")
    axes.set_yticks(places, [short(row["title"]) for row in rows])
    axes.set(xlabel="share of all that moves the score", xlim=(0, None), ylim=(-0.6, len(rows) - 0.4))
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.grid(visible=False, axis="y")
    axes.legend(loc="lower right")
    return figure
