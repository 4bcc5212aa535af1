"""What a column looked like where the model was fitted: counts over its own quantile cells, nulls apart.

Counts of two periods over the same cells add up, and PSI, missing shares and the like come from them without the
rows they were counted from.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

CELLS = 10


@dataclass(frozen=True)
class Cells:
    """Counts of a column: cell i holds values in (edges[i − 1], edges[i]], the last one those above every edge."""

    edges: NDArray[np.float64]
    counts: NDArray[np.int64]
    missing: int

    @classmethod
    def of(cls, values: NDArray[np.float64]) -> Self:
        """Cut a column at its own deciles; a value that many rows share is one edge."""
        present = values[np.isfinite(values)]
        levels = np.linspace(0, 1, CELLS + 1)[1:-1]
        edges = np.unique(np.quantile(present, levels, method="lower")) if len(present) else np.array([])
        return cls(edges, np.zeros(len(edges) + 1, dtype=np.int64), 0).count(values)

    def count(self, values: NDArray[np.float64]) -> Self:
        """Count another column over the same cells."""
        present = values[np.isfinite(values)]
        places = np.searchsorted(self.edges, present, side="left")
        counts = np.bincount(places, minlength=len(self.edges) + 1).astype(np.int64)
        return type(self)(self.edges, counts, int(len(values) - len(present)))

    @property
    def rows(self) -> int:
        """How many values were counted, the missing ones included."""
        return int(self.counts.sum()) + self.missing

    def state(self) -> dict[str, Any]:
        """Give the cells as plain data."""
        return {"edges": self.edges.tolist(), "counts": self.counts.tolist(), "missing": self.missing}

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> Self:
        """Take them back."""
        return cls(np.array(state["edges"]), np.array(state["counts"], dtype=np.int64), int(state["missing"]))


def profile(columns: pd.DataFrame) -> dict[str, Cells]:
    """Count each column of a table of numbers."""
    values = {str(name): columns[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in columns}
    return {name: Cells.of(column) for name, column in values.items()}
