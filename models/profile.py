"""What a column looked like where the model was fitted: counts over its own quantiles or levels, nulls apart.

Counts of two periods over the same cells add up, and PSI, missing shares and the like come from them without the
rows they were counted from.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.levels import NULL, Levels, is_text

CELLS = 10

Column = pd.Series | NDArray[np.float64]


@dataclass(frozen=True)
class Cells:
    """Counts of a column.

    Of numbers, cell i holds the values in (edges[i − 1], edges[i]], the last one those above every edge. Of text, cell
    i holds the i-th of the `levels` (those of `models.levels.Levels`), the last one those that were rare or not there.
    """

    edges: NDArray[np.float64]
    counts: NDArray[np.int64]
    missing: int
    levels: tuple[str, ...] | None = None

    @classmethod
    def of(cls, column: Column) -> Self:
        """Cut a column at its own deciles (a value that many rows share is one edge), or of text into its levels."""
        if _is_text(column):
            return cls(np.array([]), np.array([0]), 0, Levels.of(pd.Series(column)).names).count(column)
        values = _numbers(column)
        present = values[np.isfinite(values)]
        levels = np.linspace(0, 1, CELLS + 1)[1:-1]
        edges = np.unique(np.quantile(present, levels, method="lower")) if len(present) else np.array([])
        return cls(edges, np.zeros(len(edges) + 1, dtype=np.int64), 0).count(values)

    def count(self, column: Column) -> Self:
        """Count another column over the same cells."""
        places = self._places(column)
        there = places != NULL
        counts = np.bincount(places[there], minlength=self._cells).astype(np.int64)
        return replace(self, counts=counts, missing=int(len(places) - there.sum()))

    @property
    def rows(self) -> int:
        """How many values were counted, the missing ones included."""
        return int(self.counts.sum()) + self.missing

    @property
    def median(self) -> float:
        """About the middle value: the least edge that half of the numbers do not exceed; NaN of text, or of nothing."""
        if not len(self.edges):
            return float("nan")
        up_to = np.cumsum(self.counts) / max(self.counts.sum(), 1)
        return float(self.edges[min(int(np.searchsorted(up_to, 0.5)), len(self.edges) - 1)])

    def state(self) -> dict[str, Any]:
        """Give the cells as plain data."""
        cut = {"edges": self.edges.tolist()} if self.levels is None else {"levels": list(self.levels)}
        return {**cut, "counts": self.counts.tolist(), "missing": self.missing}

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> Self:
        """Take them back."""
        levels = tuple(state["levels"]) if "levels" in state else None
        edges, counts = np.array(state.get("edges", []), dtype=np.float64), np.array(state["counts"], dtype=np.int64)
        return cls(edges, counts, int(state["missing"]), levels)

    @property
    def _cells(self) -> int:
        return len(self.edges if self.levels is None else self.levels) + 1

    def _places(self, column: Column) -> NDArray[np.int64]:
        """Give each value's cell, `NULL` for what is missing: a null, or a number that is not finite."""
        if self.levels is not None:
            return Levels(self.levels, rare=True, nulls=False).codes(pd.Series(column))
        values = _numbers(column)
        places = np.searchsorted(self.edges, values, side="left").astype(np.int64)
        return np.where(np.isfinite(values), places, NULL)


def profile(columns: pd.DataFrame) -> dict[str, Cells]:
    """Count each column of a table of numbers and texts."""
    return {str(name): Cells.of(columns[name]) for name in columns}


def _is_text(column: Column) -> bool:
    return isinstance(column, pd.Series) and is_text(column)


def _numbers(column: Column) -> NDArray[np.float64]:
    if isinstance(column, pd.Series):
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    return column
