"""A spine in the order of the loops: who is asked about, each entity and cutoff once."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.engine.kernel.asked import Asked
from features.engine.kernel.loops import Array, Ints
from features.engine.query import Period

BLOCK = 1 << 15
"""So many rows are asked at a time: what they give stays in the processor's cache."""


class Keyed:
    """What a spine asks, in order, and where its rows find their answers.

    `keys` are the customers, and for pairs the other column's values too; entities count through them in that order.
    """

    def __init__(self, keys: list[pa.Array], entity: Ints, cutoffs: pd.Series, period: Period) -> None:
        self.keys, self.rows = keys, len(entity)
        instants = cutoffs.to_numpy().astype("datetime64[us]").astype(np.int64)
        self.order = _ordered(entity, instants)
        entity, instants = entity[self.order], instants[self.order]
        new = np.ones(len(entity), np.bool_)
        new[1:] = (np.diff(entity) != 0) | (np.diff(instants) != 0)
        self.place = np.cumsum(new) - 1
        self.asked = Asked(entity[new], instants[new], period.horizon_days)

    @classmethod
    def of(cls, spine: pd.DataFrame, by: str | None, period: Period) -> "Keyed":
        """Number the customers, or pairs, that a spine has; −1 where one is missing."""
        keys, entity = list[pa.Array](), np.zeros(len(spine), np.int64)
        for column in ["customer_id", *([by] if by else [])]:
            coded = _array(spine[column], pa.string() if column == "customer_id" else None).dictionary_encode()
            keys.append(coded.dictionary)
            found = pc.fill_null(coded.indices, -1).to_numpy()
            entity = np.where((entity < 0) | (found < 0), -1, entity * len(coded.dictionary) + found)
        return cls(keys, entity, spine["cutoff"], period)

    @classmethod
    def among(cls, spine: pd.DataFrame, customers: pa.Array) -> "Keyed":
        """Number a spine's customers by their place among others; −1 for one who is not among them."""
        found = pc.index_in(_array(spine["customer_id"], pa.string()), value_set=customers)
        entity = pc.fill_null(found, -1).to_numpy().astype(np.int64)
        return cls([customers], entity, spine["cutoff"], Period())

    def blocks(self) -> Iterator[tuple[Asked, Ints, Ints]]:
        """Give what is asked, a block at a time: with the spine's rows that it is for, and which answer each takes."""
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
