"""A table as it comes to the door: where its rows are, of which types its columns are, and how they become ours."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb
import pandas as pd
import pyarrow as pa

from features.engine.casts import DECIMALS, EMPTY, Cast, cast_of
from features.engine.render import identifier
from features.engine.session import place
from features.finding import Finding
from features.history import Scan, Source
from features.tables import HistoryError, Table


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
    raw = f"raw_{name}"
    with reading(name):
        place(opened, {raw: source if isinstance(source, Scan) else _arrow(name, source)})
        types = _types(opened, raw, schema)
    casts = {
        column: cast_of(column, type_, schema.columns.get(column), formats.get(column), zone)
        for column, type_ in types.items()
    }
    return Incoming(name, source, schema, formats, types, casts)


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Say of which table it is that DuckDB cannot read the rows."""
    try:
        yield
    except duckdb.Error as error:
        raise HistoryError(f"{name} cannot be read: {error}") from error


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


def _arrow(name: str, source: pd.DataFrame | pa.Table) -> pa.Table:
    if isinstance(source, pa.Table):
        return source
    instants = {str(column): source[column].dt.tz_convert(None) for column in source.select_dtypes("datetimetz")}
    try:
        table = pa.Table.from_pandas(source.assign(**instants), preserve_index=False)
        return table.cast(pa.schema([_instant(field) if field.name in instants else field for field in table.schema]))
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        advice = "give each column one type, such as text ids only"
        finding = Finding("type", "error", name, "", 0, f"has a column that mixes types: {error}", "", advice)
        raise HistoryError(finding.line(), [finding]) from error


def _instant(field: pa.Field) -> pa.Field:
    """Say that the times of a column are UTC: pandas warns where Arrow takes zoned ones from it."""
    return field.with_type(pa.timestamp(field.type.unit, "UTC"))
