"""Rows of a record as numbers to draw."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Record = Mapping[str, Any]
Rows = Sequence[Mapping[str, Any]]
Values = NDArray[np.float64]


def column(rows: Rows, name: str) -> Values:
    """Take a column of some rows; what is null is NaN."""
    return np.array([number(row[name]) for row in rows])


def number(value: float | None) -> float:
    """Give a value as a number, null as NaN."""
    return np.nan if value is None else float(value)


def ends(*values: Values) -> tuple[float, float]:
    """Give the least and the greatest of what is finite; 0 and 1 where nothing is."""
    known = np.concatenate([each[np.isfinite(each)] for each in values] or [np.array([])])
    return (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
