"""From a history to sorted arrays: DuckDB evaluates what the aggregates need of each row, nothing else is read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.engine.kernel import loops
from features.engine.kernel.columns import Columns, condition
from features.engine.kernel.ids import places
from features.engine.kernel.loops import Array, Ints
from features.engine.kernel.source import Source
from features.engine.kernel.store import Store, Values
from features.engine.render import column, identifier, render
from features.expression import LABELS, OF_DAYS, Aggregate, Column, Node, columns

LARGEST = 2**62
"""Whole numbers are added up as such while no sum can pass this."""


@dataclass(frozen=True)
class Rows:
    """Which rows of a view are read: its name, the extra condition, and the column that pairs have, if any.

    `known` says that when a row became known is asked for, `clock` that times of day are.
    """

    view: str
    condition: str
    by: str | None
    known: bool
    clock: bool


def load(
    session: duckdb.DuckDBPyConnection, rows: Rows, aggregates: Sequence[Aggregate], *, keys: Sequence[pa.Array]
) -> Source:
    """Read what aggregates need of the rows of those who are asked about.

    `keys` are the customers, and for pairs the values of `rows.by`; entity numbers count through them in that order.
    """
    return arranged(fetched(session, rows, aggregates), rows, keys)


def fetched(session: duckdb.DuckDBPyConnection, rows: Rows, aggregates: Sequence[Aggregate]) -> pa.Table:
    """Read rows: keys, times, and a column for each expression of the aggregates, named by it."""
    selected = [f"{sql} AS {identifier(name)}" for name, sql in dict(_wanted(aggregates)).items()]
    names = ["customer_id", *([identifier(rows.by)] if rows.by else []), "time"]
    late = ["coalesce(known_time, time) AS known"] if rows.known else []
    query = f"SELECT {', '.join([*names, *late, *selected])} FROM {rows.view} WHERE {rows.condition}"
    return session.sql(query).to_arrow_table()


def arranged(table: pa.Table, rows: Rows, keys: Sequence[pa.Array]) -> Source:
    """Sort what was read by entity and time; entity numbers count through the keys."""
    return ordered(table, rows, *_entities(table, keys), keys=len(keys))


def ordered(table: pa.Table, rows: Rows, codes: Array, entities: int, *, keys: int = 1) -> Source:
    """Sort what was read, beside so many columns of keys, by its entities' numbers and by time."""
    time = _instants(table["time"])
    starts, slots = loops.order(codes, time, entities)
    sorter = _Sorter(slots, starts)
    texts: dict[str, list[str]] = {}
    values: dict[str, Values] = {}
    for name in table.column_names[keys + 1 + rows.known :]:
        found = table[name]
        if name.startswith("text "):
            found, texts[name] = _alphabetical(found)
        values[name] = sorter.values(found)
    known = sorter.sorted(_instants(table["known"])) if rows.known else np.empty(0, np.int64)
    instants = sorter.sorted(time) if rows.clock or rows.known else np.empty(0, np.int64)
    return Source(Columns(Store(starts, instants, sorter.days(time), known, values)), texts)


def _wanted(aggregates: Sequence[Aggregate]) -> Iterator[tuple[str, str]]:
    """Name what is needed of each row, as SQL."""
    for each in aggregates:
        if each.where is not None:
            yield condition(each.where), f"CAST(coalesce({_sql(each.where)}, FALSE) AS TINYINT)"
        if each.value is None:
            continue
        if each.kind == "top":
            yield f"text {each.value!r}", f"CAST({_sql(each.value)} AS VARCHAR)"
        elif each.kind in LABELS:
            yield f"label {each.value!r}", f"CASE WHEN {_sql(each.value)} IS NOT NULL THEN hash({_sql(each.value)}) END"
        elif each.source == "days":
            yield from ((repr(Column(name)), identifier(name)) for name in sorted(columns(each.value) - OF_DAYS))
        elif "age_days" not in columns(each.value):
            yield repr(each.value), _sql(each.value)


def _sql(node: Node) -> str:
    return render(node, column).sql(dialect="duckdb")


def _entities(table: pa.Table, keys: Sequence[pa.Array]) -> tuple[Array, int]:
    """Number the entities that the rows belong to; −1 for those nobody asks about."""
    codes: Any = np.zeros(table.num_rows, np.int64)
    count = 1
    for place, key in enumerate(keys):
        found = _places(table.column(place), key)
        codes = found if place == 0 else np.where((codes < 0) | (found < 0), -1, codes * np.int64(len(key)) + found)
        count *= len(key)
    return codes, count


def _places(read: pa.ChunkedArray, key: pa.Array) -> Array:
    if pa.types.is_string(read.type):
        return places(read, key.cast(read.type))
    found: Array = pc.fill_null(pc.index_in(read, value_set=key.cast(read.type)), -1).to_numpy()
    return found


def _instants(found: pa.ChunkedArray) -> Ints:
    """Take times in microseconds."""
    parts = [np.frombuffer(chunk.buffers()[1], np.int64)[chunk.offset :][: len(chunk)] for chunk in found.chunks]
    return np.concatenate(parts) if parts else np.empty(0, np.int64)


@dataclass(frozen=True)
class _Sorter:
    """Puts columns into the order of a store: row `i` goes to `slots[i]`, or nowhere."""

    slots: Array
    starts: Ints

    @property
    def size(self) -> int:
        """How many rows go somewhere."""
        return int(self.starts[-1])

    def days(self, time: Ints) -> Any:
        """Sort the days of times."""
        out = np.empty(self.size, np.int32)
        loops.days(time, self.slots, out)
        return out

    def sorted(self, data: Array) -> Array:
        """Sort an array."""
        out = np.empty(self.size, data.dtype)
        loops.scatter(data, self.slots, out)
        return out

    def values(self, found: pa.ChunkedArray) -> Values:
        """Sort a column: decimals and whole numbers exactly if their sums can be, hashes as they are."""
        parts = [_numbers(chunk) for chunk in found.chunks]
        whole = all(part.dtype != np.float64 for part in parts)
        if not whole or not found.num_chunks:
            parts = [np.asarray(pc.cast(chunk, pa.float64()).fill_null(0)) for chunk in found.chunks]
        out = np.empty(self.size, parts[0].dtype if parts else np.float64)
        valid = np.ones(self.size, np.bool_) if found.null_count else None
        at = 0
        for part, chunk in zip(parts, found.chunks, strict=True):
            slots = self.slots[at : at + len(chunk)]
            loops.scatter(part, slots, out)
            if valid is not None:
                loops.scatter(np.asarray(chunk.is_valid()), slots, valid)
            at += len(chunk)
        if valid is not None:
            out[~valid] = 0
        scale = 10.0**found.type.scale if whole and pa.types.is_decimal(found.type) else 1.0
        return _exact(Values(out, valid, scale), self.starts)


def _numbers(chunk: pa.Array) -> Array:
    """Take numbers as they lie in memory, decimals in units of their last place; as doubles what is too large."""
    if pa.types.is_decimal(chunk.type):
        words = np.frombuffer(chunk.buffers()[1], np.int64)[2 * chunk.offset :][: 2 * len(chunk)]
        fits = chunk.type.precision <= 18 or bool(((words[::2] >> 63 == words[1::2]) | _missing(chunk)).all())
        return words[::2] if fits else np.empty(0, np.float64)
    if any(is_(chunk.type) for is_ in (pa.types.is_floating, pa.types.is_boolean, pa.types.is_null)):
        return np.empty(0, np.float64)
    return np.frombuffer(chunk.buffers()[1], chunk.type.to_pandas_dtype())[chunk.offset :][: len(chunk)]


def _missing(chunk: pa.Array) -> Array:
    """Mark where there is no value: what lies in memory there is anything."""
    missing: Array = np.asarray(chunk.is_null()) if chunk.null_count else np.zeros(1, np.bool_)
    return missing


def _exact(values: Values, starts: Ints) -> Values:
    """Let values be doubles if an entity's sums of them might not fit."""
    data = values.data
    if data.dtype.itemsize < 8 or data.dtype.kind != "i" or not data.size:
        return values
    if loops.volume(data, starts) < LARGEST:
        return values
    return Values(values.data / values.scale, values.valid)


def _alphabetical(found: pa.ChunkedArray) -> tuple[pa.ChunkedArray, list[str]]:
    """Number a column's texts by their place in the alphabet."""
    coded = found.combine_chunks().dictionary_encode()
    texts = coded.dictionary.to_pylist()
    place = pa.array(np.argsort(np.argsort(np.array(texts, dtype=object))), pa.int64())
    return pa.chunked_array([place.take(coded.indices)], pa.int64()), sorted(texts)
