"""The levels of a column of text, learned where a model is fitted: a code each, what is rare or new together."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FEWEST: Final = 10
"""Rows below which a level is pooled with the others that are rare: a few rows say nothing of those to come."""

MOST: Final = 50
"""Levels with a code of their own, the most frequent ones: a column of identifiers must not become a matrix."""

NULL: Final = -1
"""The code of a null."""

_NUMBERS: Final = ("integer", "floating", "mixed-integer-float", "decimal", "empty")


def is_text(column: pd.Series) -> bool:
    """Tell a column of text from one of numbers.

    Text is what pandas has as strings, categories, or objects that are not all numbers (True, False and None are
    none). A column of booleans without nulls is of numbers, 0 and 1.
    """
    if isinstance(column.dtype, pd.StringDtype | pd.CategoricalDtype):
        return True
    return column.dtype == object and pd.api.types.infer_dtype(column, skipna=True) not in _NUMBERS


@dataclass(frozen=True)
class Levels:
    """Levels in sorted order, and whether the column they were learned from had rare ones beside, and nulls."""

    names: tuple[str, ...]
    rare: bool
    nulls: bool

    @classmethod
    def of(cls, column: pd.Series) -> Self:
        """Learn from a column: the levels of at least `FEWEST` rows, at most `MOST` (of two as frequent the first)."""
        counts = pd.Series(_texts(column), dtype=object).value_counts()
        ranked = sorted(counts.items(), key=lambda level: (-level[1], str(level[0])))
        kept = sorted(str(name) for name, count in ranked[:MOST] if count >= FEWEST)
        return cls(tuple(kept), rare=len(kept) < len(counts), nulls=bool(column.isna().any()))

    @property
    def labels(self) -> list[str]:
        """Name the columns of `one_hot`."""
        return [*self.names, *["(other)"] * self.rare, *["(null)"] * self.nulls]

    def codes(self, column: pd.Series) -> NDArray[np.int64]:
        """Give each row's place in `names`; one past the last for a level that is rare or new, `NULL` for a null."""
        places = {name: place for place, name in enumerate(self.names)}
        found, levels = pd.factorize(_texts(column))
        known = np.array([*(places.get(level, len(places)) for level in levels), NULL], dtype=np.int64)
        return known[found]

    def one_hot(self, column: pd.Series) -> NDArray[np.float64]:
        """Give rows × `labels`, 1 where a row is of that level, else 0.

        What was rare in training has one column together, and null has one, each where training had any; a new level
        goes to the rare ones. A row is 0 throughout where it is what training has not seen at all.
        """
        codes, known = self.codes(column), len(self.names) + self.rare
        places = np.where(codes == NULL, known if self.nulls else NULL, np.where(codes < known, codes, NULL))
        return np.asarray(places[:, None] == np.arange(len(self.labels)), dtype=np.float64)

    def state(self) -> dict[str, Any]:
        """Give the levels as plain data."""
        return {"names": list(self.names), "rare": self.rare, "nulls": self.nulls}

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> Self:
        """Take them back."""
        return cls(tuple(state["names"]), bool(state["rare"]), bool(state["nulls"]))


def _texts(column: pd.Series) -> NDArray[np.object_]:
    """Give what a column says as strings, and None where it says nothing."""
    nulls = column.isna()
    return np.array([None if null else str(value) for value, null in zip(column, nulls, strict=True)], dtype=object)
