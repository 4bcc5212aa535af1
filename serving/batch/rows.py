"""Feature rows in Parquet, as they are read block by block."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final, Self

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.engine.spool import each_once, ordered
from serving.batch.blocks import SIZE, Block, blocks

ORDER: Final = ("customer_id", "cutoff", "category")
_KEYS: Final = {"customer_id": pa.string(), "cutoff": pa.timestamp("us"), "eligible": pa.bool_()}
_AT_A_TIME: Final = 32_768


@dataclass(frozen=True)
class Part:
    """A Parquet file; `cutoff` is that of all of its rows, where it has no such column."""

    path: Path
    cutoff: pd.Timestamp | None = None

    @cached_property
    def schema(self) -> pa.Schema:
        """Its columns as they are read."""
        there = pq.read_schema(self.path).remove_metadata()
        return there if self.cutoff is None else there.insert(1, pa.field("cutoff", pa.timestamp("us")))

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Read those of the columns that there are; little of the file is in memory at a time."""
        file = pq.ParquetFile(self.path, pre_buffer=False)
        stored = [name for name in columns if name in file.schema_arrow.names]
        for batch in file.iter_batches(_AT_A_TIME, columns=stored):
            if self.cutoff is not None and "cutoff" in columns:
                at = pa.repeat(pa.scalar(self.cutoff.to_pydatetime(), pa.timestamp("us")), batch.num_rows)
                batch = batch.append_column("cutoff", at)
            yield batch


@dataclass(frozen=True)
class Rows:
    """Rows with customer_id and cutoff, all of a customer's together, and the types that their columns are read as."""

    parts: tuple[Part, ...]
    schema: pa.Schema

    @classmethod
    def of(cls, parts: Sequence[Part], *, texts: frozenset[str] = frozenset()) -> Self:
        """Take files as they are; a column that is null in all of them is text if it is among `texts`, else numbers."""
        found: dict[str, list[pa.DataType]] = {}
        for part in parts:
            for each in part.schema:
                found.setdefault(each.name, []).append(each.type)
        return cls(tuple(parts), pa.schema([(name, _one(name, kinds, texts)) for name, kinds in found.items()]))

    @property
    def count(self) -> int:
        """How many rows there are."""
        return sum(pq.read_metadata(part.path).num_rows for part in self.parts)

    def blocks(self, columns: Collection[str] | None = None, *, size: int = SIZE) -> Iterator[Block]:
        """Read block after block, all columns or some."""
        names = self.schema.names if columns is None else [name for name in self.schema.names if name in columns]
        schema = pa.schema([self.schema.field(name) for name in names])
        return blocks((shaped(batch, schema) for part in self.parts for batch in part.batches(names)), size=size)

    def together(self, folder: Path) -> "Rows":
        """Give the rows with each customer's one after the other: as they are, or else sorted into a folder.

        Raises `ValueError` for rows without an id or a cutoff.
        """
        self._check_keys()
        if self._rising() or each_once([part.path for part in self.parts], "customer_id"):
            return self
        keys = [name for name in ORDER if name in self.schema.names]
        ordered([part.path for part in self.parts], keys, to=folder / "sorted.parquet")
        return replace(self, parts=(Part(folder / "sorted.parquet"),))

    def _check_keys(self) -> None:
        for name in ("customer_id", "cutoff"):
            empty = sum(batch.column(name).null_count for batch in self._keys(name))
            if empty:
                raise ValueError(f"{name} is empty in {empty} rows; every row is about a customer at a time: mend them")

    def _rising(self) -> bool:
        """Whether ids never fall from row to row, so that a customer's are together."""
        last = pa.scalar("")
        for batch in self._keys("customer_id"):
            ids = batch.column("customer_id")
            if len(ids) == 0:
                continue
            if pc.less(ids[0], last).as_py() or pc.any(pc.less(ids[1:], ids[:-1])).as_py():
                return False
            last = ids[-1]
        return True

    def _keys(self, name: str) -> Iterator[pa.RecordBatch]:
        schema = pa.schema([self.schema.field(name)])
        return (shaped(batch, schema) for part in self.parts for batch in part.batches([name]))


def _one(name: str, kinds: Sequence[pa.DataType], texts: frozenset[str]) -> pa.DataType:
    """Say as what type a column is read: ids and texts as strings, numbers and truth values as doubles."""
    if name in _KEYS:
        return _KEYS[name]
    read = {_read_as(kind) for kind in kinds if not pa.types.is_null(kind)}
    if len(read) > 1:
        raise ValueError(f"column {name!r} is {' and '.join(sorted(map(str, read)))} in different files; make it one")
    return read.pop() if read else pa.string() if name in texts else pa.float64()


def _read_as(kind: pa.DataType) -> pa.DataType:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    if is_texts(kind):
        return pa.string()
    return pa.float64() if is_numbers(kind) else kind


def is_texts(kind: pa.DataType) -> bool:
    """Whether a type is text."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def is_numbers(kind: pa.DataType) -> bool:
    """Whether a type is numbers or truth values."""
    tests = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_boolean)
    return any(test(kind) for test in tests)


def shaped(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Give a batch the columns of a schema, of its types; one that is not there is null.

    Raises `ValueError` that names a column whose values are none of its type; values are never shown.
    """
    have = set(batch.schema.names)
    columns = [
        _cast(batch.column(field.name), field) if field.name in have else pa.nulls(batch.num_rows, field.type)
        for field in schema
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _cast(values: pa.Array, field: pa.Field) -> pa.Array:
    try:
        return values.cast(field.type)
    except pa.ArrowException:
        told = f"column {field.name!r} is {values.type}, and some of its values cannot be read as {field.type}"
        raise ValueError(f"{told}; mend them, or give the column another type") from None
