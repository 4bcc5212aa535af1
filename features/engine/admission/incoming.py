"""A table as it comes to the door: where its rows are, of which types its columns are, and how they become ours."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import duckdb
import pandas as pd
import pyarrow as pa

from features.engine.admission.arrow import arrow, check_once
from features.engine.casts import DECIMALS, EMPTY, Cast, cast_of
from features.engine.render import identifier
from features.engine.session import place, session
from features.finding import Finding
from features.history import Scan, Source
from features.tables import Column, HistoryError, Table

_NESTED: Final = re.compile(r".*\]|(STRUCT|MAP|UNION)\(.*", re.DOTALL)
"""DuckDB's names of nested types, such as VARCHAR[] and STRUCT(a INTEGER)."""


@dataclass(frozen=True)
class Incoming:
    """A table at the door; its rows are the session's view `raw`. `formats`, `types` and `casts` are by column."""

    name: str
    source: Source
    schema: Table
    formats: Mapping[str, str]
    types: Mapping[str, str]
    casts: Mapping[str, Cast]

    @property
    def raw(self) -> str:
        """Name the view of the rows as they come."""
        return f"raw_{self.name}"

    @property
    def columns(self) -> tuple[str, ...]:
        """Name the columns that declarations may read: those that come, and those that have a default."""
        return (*self.types, *self._absent)

    @property
    def _absent(self) -> list[str]:
        return [name for name, column in self.schema.columns.items() if column.default and name not in self.types]

    def query(self, unusable: str = "") -> str:
        """Give the SQL that reads the rows as ours, from where they lie, without those that are unusable.

        Columns we do not know pass through.
        """
        relation = f"({self.source.query})" if isinstance(self.source, Scan) else self.raw
        taken = [f"{self._filled(column)} AS {identifier(column)}" for column in self.types]
        defaults = [f"{self.schema.columns[name].default} AS {name}" for name in self._absent]
        kept = f" WHERE NOT {unusable}" if unusable else ""
        return f"SELECT {', '.join(taken + defaults)} FROM {relation} AS came{kept}"

    def _filled(self, column: str) -> str:
        expected, sql = self.schema.columns.get(column), self.casts[column].sql
        return f"coalesce({sql}, {expected.default})" if expected is not None and expected.default else sql


def take_in(
    opened: duckdb.DuckDBPyConnection,
    name: str,
    source: Source,
    *,
    schema: Table,
    formats: Mapping[str, str],
    zone: str,
) -> Incoming:
    """Place a source's rows in the session and choose the cast of each column. Raises `HistoryError`."""
    raw, held = f"raw_{name}", source if isinstance(source, Scan) else _in_memory(name, source)
    try:
        with reading(name):
            place(opened, {raw: held})
            types = _types(opened, raw, schema)
    except HistoryError:
        if isinstance(held, pa.Table):
            _check_types(name, held)
        raise
    casts = {
        column: cast_at_door(column, type_, schema.columns.get(column), formats.get(column), zone)
        for column, type_ in types.items()
    }
    return Incoming(name, source, schema, formats, types, casts)


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Say of which table it is that DuckDB cannot read the rows."""
    try:
        yield
    except duckdb.Error as error:
        raise HistoryError(f"{name} cannot be read: {plainly(error)}") from error


def plainly(error: duckdb.Error) -> str:
    """Give what DuckDB says of an error, without our SQL and without its stack."""
    return re.split(r"\n\s*(?:LINE \d+:|Stack Trace:)", str(error))[0].strip()


def cast_at_door(column: str, type_: str, expected: Column | None, format_: str | None, zone: str) -> Cast:
    """Choose the cast of a column; lists and structures are no text, though SQL would write them as one."""
    if expected is not None and expected.type == "VARCHAR" and _NESTED.fullmatch(type_):
        wrong = "is a list or a structure, not one value"
        return Cast(f"CAST(NULL AS {expected.type})", wrong, "give one text or integer a row, or leave the column out")
    return cast_of(column, type_, expected, format_, zone)


def _types(opened: duckdb.DuckDBPyConnection, raw: str, schema: Table) -> dict[str, str]:
    """Name each column's type. Texts and times without any value have none: pandas calls them decimals."""
    described = opened.execute(f"DESCRIBE {raw}").fetchall()
    types = {str(row[0]): str(row[1]) for row in described}
    expected = {column: schema.columns[column].type for column in types if column in schema.columns}
    odd = [
        column for column, type_ in expected.items() if types[column] in DECIMALS and type_ in ("VARCHAR", "TIMESTAMP")
    ]
    if odd:
        counts = ", ".join(f"count({identifier(column)})" for column in odd)
        held = opened.execute(f"SELECT {counts} FROM {raw}").fetchall()[0]
        types.update({column: EMPTY for column, count in zip(odd, held, strict=True) if not count})
    return types


def _in_memory(name: str, source: pd.DataFrame | pa.Table) -> pa.Table:
    """Give a source as Arrow. Raises `HistoryError` for what is no table, and for columns that are there twice."""
    if isinstance(source, pd.DataFrame):
        check_once(name, [str(column) for column in source.columns])
        return arrow(name, source)
    if isinstance(source, pa.Table):
        check_once(name, source.column_names)
        return source
    what, advice = f"is {type(source).__name__}, which is no table", "give a pandas data frame or an Arrow table"
    raise _refused("table", name, "", what, advice)


def _check_types(name: str, table: pa.Table) -> None:
    """Raise `HistoryError` that names the first column that DuckDB has no type for."""
    for field in table.schema:
        try:
            with session() as opened:
                opened.register("one", table.select([field.name]).slice(0, 0))
                opened.execute("DESCRIBE one")
        except duckdb.Error as error:
            what = f"is {field.type} and cannot be read: {plainly(error)}"
            advice = "give doubles, integers, decimals of up to 38 digits, times, text or truth values"
            raise _refused("type", name, field.name, what, advice) from error


def _refused(check: str, table: str, column: str, what: str, advice: str) -> HistoryError:
    finding = Finding(check, "error", table, column, 0, what, "", advice)
    return HistoryError(finding.line(), [finding])
