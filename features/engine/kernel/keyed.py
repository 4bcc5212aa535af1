"""Who is asked about, in the order of the loops, each entity and cutoff once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.engine.kernel.asked import Asked
from features.engine.kernel.ids import places
from features.engine.kernel.loops import Array, Bools, Ints
from features.engine.period import Period

BLOCK = 1 << 17
"""So many rows are asked at a time."""


@dataclass(frozen=True)
class Keyed:
    """What is asked, in order, and the rows that its answers are for: row `order[i]` takes answer `place[i]`.

    `keys` are the customers, and for pairs the other column's values too; entities count through them in that order.
    """

    keys: Sequence[pa.Array]
    asked: Asked
    order: Array
    place: Array

    @property
    def rows(self) -> int:
        """How many rows take answers."""
        return len(self.order)

    @classmethod
    def of(cls, spine: pd.DataFrame, by: str | None, period: Period) -> "Keyed":
        """Number the customers, or pairs, that a spine has; −1 where one is missing."""
        keys, entity = list[pa.Array](), np.zeros(len(spine), np.int64)
        for column in ["customer_id", *([by] if by else [])]:
            coded = _array(spine[column], pa.string() if column == "customer_id" else None).dictionary_encode()
            keys.append(coded.dictionary)
            found = pc.fill_null(coded.indices, -1).to_numpy()
            entity = np.where((entity < 0) | (found < 0), -1, entity * len(coded.dictionary) + found)
        return cls._sorted(keys, entity, spine["cutoff"], period)

    @classmethod
    def among(cls, spine: pd.DataFrame, customers: pa.Array) -> "Keyed":
        """Number a spine's customers by their place among others; −1 for one who is not among them."""
        entity = places(pa.chunked_array([_array(spine["customer_id"], pa.string())]), customers).astype(np.int64)
        return cls._sorted([customers], entity, spine["cutoff"], Period())

    @classmethod
    def everyone(cls, customers: pa.Array, first: Ints, cutoffs: Ints) -> "Keyed":
        """Ask about all customers at each cutoff after their first instant; rows are by cutoff, then customer."""
        known = first[:, None] < cutoffs[None, :]
        entity, which = np.nonzero(known)
        row = known.cumsum(axis=0) - 1 + np.concatenate([[0], known.sum(axis=0).cumsum()[:-1]])
        return cls([customers], Asked(entity, cutoffs[which]), row[known], np.arange(len(entity)))

    def some(self, held: Bools) -> "Keyed":
        """Leave out rows; the others stay in their order. Each row has its own answer."""
        if held.all():
            return self
        chosen = held[self.order]
        row = held.cumsum() - 1
        return Keyed(self.keys, self.asked.some(chosen), row[self.order[chosen]], np.arange(int(chosen.sum())))

    def spine(self) -> pd.DataFrame:
        """Name which customers are asked about, and when, in the order of the rows."""
        entity, cutoff = np.empty(self.rows, np.int64), np.empty(self.rows, np.int64)
        entity[self.order], cutoff[self.order] = self.asked.entity[self.place], self.asked.cutoff[self.place]
        columns = {"customer_id": self.keys[0].take(pa.array(entity)), "cutoff": pa.array(cutoff, pa.timestamp("us"))}
        spine: pd.DataFrame = pa.table(columns).to_pandas()
        return spine

    @classmethod
    def _sorted(cls, keys: Sequence[pa.Array], entity: Ints, cutoffs: pd.Series, period: Period) -> "Keyed":
        instants = cutoffs.to_numpy().astype("datetime64[us]").astype(np.int64)
        order = _ordered(entity, instants)
        entity, instants = entity[order], instants[order]
        new = np.ones(len(entity), np.bool_)
        new[1:] = (np.diff(entity) != 0) | (np.diff(instants) != 0)
        return cls(keys, Asked(entity[new], instants[new], period.horizon_days), order, np.cumsum(new) - 1)

    def blocks(self) -> Iterator[tuple[Asked, Ints, Ints]]:
        """Give what is asked, a block at a time: with the rows that it is for, and which answer each takes."""
        for first in range(0, self.asked.size, BLOCK):
            end = min(first + BLOCK, self.asked.size)
            a, b = np.searchsorted(self.place, [first, end])
            yield self.asked.block(first, end), self.order[a:b], self.place[a:b] - first


def _array(column: pd.Series, type_: pa.DataType | None) -> pa.Array:
    array = pa.array(column, type_)
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def _ordered(entity: Ints, instants: Ints) -> Array:
    """Order by entity, then by time."""
    ascending = (np.diff(entity) > 0) | ((np.diff(entity) == 0) & (np.diff(instants) >= 0))
    return np.arange(len(entity)) if ascending.all() else np.lexsort((instants, entity))
