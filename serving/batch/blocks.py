"""Rows in blocks of whole customers: so many are held at a time, whatever the number of rows."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

SIZE: Final = 131_072
"""Rows of a block, and as many more as its last customer needs."""
Matrix = NDArray[np.float64]


@dataclass
class Block:
    """The rows of some customers, all of each; `number` counts from 0. Forms that models ask for are made once."""

    number: int
    table: pa.Table
    matrices: dict[tuple[str, ...], Matrix] = field(default_factory=dict)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The rows as a frame."""
        made: pd.DataFrame = self.table.to_pandas()
        return made

    def matrix(self, features: Iterable[str]) -> Matrix:
        """Give some columns as floats, rows × features, null as NaN: as `models.contract.matrix` gives a frame's."""
        names = tuple(features)
        if names not in self.matrices:
            made = np.empty((len(self.table), len(names)))
            for place, name in enumerate(names):
                made[:, place] = _floats(self.table[name])
            self.matrices[names] = made
        return self.matrices[names]

    def without(self, kept: NDArray[np.bool_]) -> "Block":
        """Leave the rows out that are not kept."""
        return self if kept.all() else Block(self.number, self.table.filter(pa.array(kept)))


def blocks(batches: Iterable[pa.RecordBatch], *, size: int = SIZE) -> Iterator[Block]:
    """Cut rows, all of a customer's one after the other, into blocks that end with a customer.

    Where they are cut depends on the rows and the size alone, not on how many come at a time.
    """
    held: list[pa.RecordBatch] = []
    rows = number = 0
    for batch in batches:
        held.append(batch)
        rows += batch.num_rows
        while rows > size and (cut := _cut(table := pa.Table.from_batches(held), size)):
            yield Block(number, table.slice(0, cut))
            held, rows, number = table.slice(cut).to_batches(), rows - cut, number + 1
    if rows:
        yield Block(number, pa.Table.from_batches(held))


def customers(ids: pa.ChunkedArray) -> int:
    """Count the customers of rows in which each one's are together."""
    return int(len(ids) > 0) + int(pc.sum(changes(ids)).as_py() or 0)


def changes(ids: pa.ChunkedArray) -> pa.Array:
    """Mark, from the second row on, those of another customer than the row before."""
    whole = ids.combine_chunks()
    return pc.not_equal(whole[1:], whole[:-1])


def _cut(table: pa.Table, size: int) -> int:
    """Find the first row from `size` on where another customer begins; 0 where none does."""
    found = pc.index(changes(table["customer_id"].slice(size - 1)), True).as_py()
    return 0 if found < 0 else size + int(found)


def _floats(column: pa.ChunkedArray) -> Matrix:
    values = column.cast(pa.float64())
    return np.asarray(pc.fill_null(values, np.nan) if values.null_count else values)
