"""`plots`: every plot that a record has data for."""

from collections.abc import Callable

import matplotlib as mpl
from matplotlib.figure import Figure

from training.grade import RANKED
from training.plots.calibration import calibration
from training.plots.gains import gains
from training.plots.importance import importance
from training.plots.metrics import metrics
from training.plots.profit import profit
from training.plots.rows import Record
from training.plots.style import STYLE


def plots(record: Record) -> dict[str, Figure]:
    """Draw what a record has data for: of calibration, gains, metrics, importance and profit."""
    drawn: dict[str, Callable[[Record], Figure]] = {
        "calibration": calibration,
        "gains": gains,
        "metrics": metrics,
        "importance": importance,
        "profit": profit,
    }
    there = {
        "calibration": bool(record.get("reliability")),
        "gains": bool(record.get("held")),
        "metrics": record["question"]["kind"] in RANKED,
        "importance": bool(record.get("importance")),
        "profit": bool(record.get("money")),
    }
    with mpl.rc_context(STYLE):
        return {name: draw(record) for name, draw in drawn.items() if there[name]}
