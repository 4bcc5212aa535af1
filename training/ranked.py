"""A feature's values in order, and the label by value: what rank AUCs and means by value are made of."""

from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.levels import is_text

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]
Counts = NDArray[np.signedinteger[Any]]

FOLDS: Final = 5
"""Parts of the customers: a value's mean for one of them is taken over the others."""
_PRIOR_ROWS: Final = 10


def auc(values: Codes | Floats, labels: Floats) -> float:
    """Give the chance that a random 1 has a greater value than a random 0, a tie counting half (Mann and Whitney 1947).

    NaN where only one label is there.
    """
    places = np.unique(values, return_inverse=True)[1]
    return rank_auc(np.bincount(places), _ones(places, labels))


def rank_auc(rows: Counts, ones: Floats) -> float:
    """Give the AUC from the rows and ones of each distinct value, in order."""
    zeros = rows - ones
    pairs = ones.sum() * zeros.sum()
    return float(((zeros.cumsum() - zeros / 2) * ones).sum() / pairs) if pairs else float("nan")


def _ones(places: Codes, labels: Floats) -> Floats:
    return np.asarray(np.bincount(places, labels), dtype=np.float64)


@dataclass(frozen=True)
class Ranked:
    """A feature's column where it is known: each row's label and the place of its value among the distinct ones.

    Distinct numbers are in order, distinct texts as they come. `rows` and `ones` count by distinct value.
    """

    name: str
    text: bool
    known: NDArray[np.bool_]
    labels: Floats
    distinct: NDArray[Any]
    places: Codes
    rows: Counts
    ones: Floats

    @classmethod
    def of(cls, name: str, column: pd.Series, labels: Floats) -> Self:
        """Rank a column; `labels` are 0 or 1 for each row. What is not finite is not known."""
        text = is_text(column)
        if text:
            places, levels = pd.factorize(column.astype("str"))
            known, distinct = places >= 0, levels.to_numpy(dtype=object)
            places = places[known]
        else:
            values = column.to_numpy(dtype=np.float64, na_value=np.nan)
            known = np.isfinite(values)
            distinct, places = np.unique(values[known], return_inverse=True)
        rows, ones = np.bincount(places), _ones(places, labels[known])
        return cls(name, text, known, labels[known], distinct, places, rows, ones)

    @property
    def where(self) -> str:
        """Say among which rows something was found."""
        return "" if self.known.all() else f" among the {len(self.labels)} rows where it is known"

    def means_elsewhere(self, folds: Codes) -> Floats:
        """Give for each row the mean label of its value's rows in the other folds; `folds` are those of the known rows.

        Values of few rows are drawn to the mean of all, as if ten more rows had it.
        """
        cells, size = self.places * FOLDS + folds, len(self.distinct) * FOLDS
        rows = np.bincount(cells, minlength=size).reshape(-1, FOLDS)
        ones = np.bincount(cells, self.labels, size).reshape(-1, FOLDS)
        others, among = self.rows[:, None] - rows, self.ones[:, None] - ones
        means: Floats = (among + _PRIOR_ROWS * self.labels.mean()) / (others + _PRIOR_ROWS)
        return means[self.places, folds]
