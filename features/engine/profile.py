"""Raw tables as they lie, asked with SQL before any of them is admitted."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import duckdb
import pandas as pd
import pyarrow as pa

from features.engine.admission.arrow import UNLIKE, arrow, check_once
from features.engine.admission.incoming import cast_at_door
from features.engine.casts import DECIMALS, EMPTY, Cast
from features.engine.render import identifier
from features.engine.session import place, session
from features.engine.zones import check_zone, local_end
from features.history import Source
from features.tables import Column, HistoryError

_NULL: Final = '"NULL"'
"""DuckDB's type of a column of Arrow's nulls."""


@dataclass(frozen=True)
class RawTable:
    """A table that can be asked: the session's `relation`, its columns' SQL types, its rows.

    `mixed` counts the rows by kind of value where a column of a data frame holds several; those are read as text.
    """

    name: str
    relation: str
    types: Mapping[str, str]
    rows: int
    mixed: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class RawTables:
    """The tables of a session by name; those that cannot be read, with why. Times are read as local ones of `zone`."""

    opened: duckdb.DuckDBPyConnection
    zone: str
    tables: Mapping[str, RawTable]
    unreadable: Mapping[str, str]

    def ask(self, query: str) -> list[dict[str, Any]]:
        """Give the rows of a query. Raises `HistoryError` where a table turns out to be unreadable on the way."""
        try:
            found = self.opened.execute(query)
            names = [str(column[0]) for column in found.description or []]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
        except duckdb.Error as error:
            raise HistoryError(_first_line(error)) from error

    def keep(self, name: str, query: str) -> None:
        """Keep the rows of a query as a temporary table of the session; they may spill to disk."""
        self.opened.execute(f"CREATE TEMP TABLE {name} AS {query}")

    def view(self, name: str, query: str) -> None:
        """Name a query."""
        self.opened.execute(f"CREATE VIEW {name} AS {query}")

    def cast(self, table: RawTable, column: str, expected: Column | None, format_: str | None) -> Cast:
        """Choose the cast of a column as the door does; texts and times without any value have no type there."""
        type_ = table.types[column]
        if type_ in DECIMALS and expected is not None and expected.type in ("VARCHAR", "TIMESTAMP"):
            filled = self.ask(f"SELECT count({identifier(column)}) AS filled FROM {table.relation}")[0]["filled"]
            type_ = type_ if filled else EMPTY
        return cast_at_door(column, type_, expected, format_, self.zone)

    def local(self, instant: pd.Timestamp) -> pd.Timestamp:
        """Give an instant as naive local time; a naive one is that already."""
        return local_end(self.opened, instant, self.zone)


@contextmanager
def raw_tables(sources: Mapping[str, Source], *, zone: str = "UTC") -> Iterator[RawTables]:
    """Open sources as they are: nothing is checked, cast or left out. Raises `HistoryError` for an unknown zone."""
    with session() as opened:
        check_zone(opened, zone)
        tables, unreadable = dict[str, RawTable](), dict[str, str]()
        for number, (name, source) in enumerate(sources.items()):
            try:
                tables[name] = _placed(opened, name, f"raw_{number}", source)
            except (duckdb.Error, HistoryError) as error:
                unreadable[name] = _first_line(error)
        yield RawTables(opened, zone, tables, unreadable)


def is_decimal(type_: str) -> bool:
    """Whether an SQL type is one of binary decimals."""
    return type_ in DECIMALS


def _placed(opened: duckdb.DuckDBPyConnection, name: str, relation: str, source: Source) -> RawTable:
    mixed: dict[str, dict[str, int]] = {}
    if isinstance(source, pd.DataFrame):
        source, mixed = _arrow(name, source)
    if isinstance(source, pa.Table):
        check_once(name, source.column_names)
        source = _decoded(source)
    place(opened, {relation: source})
    types = {
        str(row[0]): EMPTY if row[1] == _NULL else str(row[1])
        for row in opened.execute(f"DESCRIBE {relation}").fetchall()
    }
    rows = int(opened.execute(f"SELECT count(*) FROM {relation}").fetchall()[0][0])
    return RawTable(name, relation, types, rows, mixed)


def _arrow(name: str, frame: pd.DataFrame) -> tuple[pa.Table, dict[str, dict[str, int]]]:
    """Give a frame as Arrow, columns that mix types as text, with how many values of each kind those have."""
    named = frame.set_axis([str(column) for column in frame.columns], axis=1)
    check_once(name, list(named.columns))
    mixed: dict[str, dict[str, int]] = {}
    texts: dict[str, pd.Series] = {}
    for column in named.columns[[kind == "object" for kind in named.dtypes.astype(str)]]:
        try:
            pa.Array.from_pandas(named[column])
        except UnicodeError:
            continue
        except UNLIKE:
            filled = named[column].notna()
            mixed[column] = dict(Counter(type(value).__name__ for value in named[column][filled]))
            texts[column] = named[column].map(str).where(filled, None)
    return arrow(name, named.assign(**texts)), mixed


def _decoded(table: pa.Table) -> pa.Table:
    """Give categories as what they are called."""
    for position, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            values = table.column(position).cast(field.type.value_type)
            table = table.set_column(position, field.name, values)
    return table


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
