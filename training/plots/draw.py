"""`plots`: every plot that a record has data for."""

from collections.abc import Callable, Mapping
from typing import Final

import matplotlib as mpl
from matplotlib.figure import Figure

from training.grade import RANKED
from training.plots.alive import alive
from training.plots.calibration import calibration
from training.plots.distribution import distribution
from training.plots.frequencies import frequencies
from training.plots.gains import gains
from training.plots.importance import importance
from training.plots.metrics import metrics
from training.plots.profit import profit
from training.plots.rows import Record
from training.plots.spread import spread
from training.plots.style import STYLE
from training.plots.tracking import tracking

DRAWN: Final[Mapping[str, Callable[[Record], Figure]]] = {
    "calibration": calibration,
    "gains": gains,
    "metrics": metrics,
    "importance": importance,
    "profit": profit,
    "tracking": tracking,
    "frequencies": frequencies,
    "alive": alive,
    "distribution": distribution,
    "spread": spread,
}
"""The plots by name, in order."""


def plots(record: Record) -> dict[str, Figure]:
    """Draw what a record has data for: of calibration, gains, metrics, importance, profit and lifetime value."""
    value = record.get("lifetime") or {}
    there = {
        "calibration": bool(record.get("reliability")),
        "gains": bool(record.get("held")),
        "metrics": record["question"]["kind"] in RANKED,
        "importance": bool(record.get("importance")),
        "profit": bool(record.get("money")),
        "tracking": bool(value.get("tracking")),
        "frequencies": bool(value.get("frequencies")),
        "alive": bool(value),
        "distribution": bool(value),
        "spread": bool(value and value["spread"]["so_far"]),
    }
    with mpl.rc_context(STYLE):
        return {name: draw(record) for name, draw in DRAWN.items() if there[name]}
