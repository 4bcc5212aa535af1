"""The door: a table comes in as what `features.tables` says it is, or an error says what is wrong with it."""

import hashlib
from collections.abc import Iterator, Mapping

import duckdb
import pandas as pd
import pyarrow as pa

from features.engine.casts import EMPTY, Cast, cast_of
from features.engine.render import identifier
from features.engine.session import place, session
from features.history import History, Scan, Source
from features.tables import TABLES, Column, HistoryError, Table


def admit(
    name: str,
    tables: Mapping[str, Source],
    *,
    end: pd.Timestamp | None = None,
    formats: Mapping[str, str] | None = None,
) -> History:
    """Check tables and make them a history.

    `end` is the first instant of which nothing is known; by default the midnight after the last transaction.
    `formats` gives strptime formats of time columns that are text in no ISO form or integers, by table.column.

    Raises `HistoryError` that lists every table, column, count and example that is wrong, with what to do.
    """
    unknown = sorted(set(tables) - set(TABLES))
    if unknown or "transactions" not in tables:
        what = f"unknown tables {unknown}" if unknown else "no table 'transactions'"
        raise HistoryError(f"{name}: {what}; a history is made of {', '.join(TABLES)}")
    with session() as opened:
        admitted, columns, problems = {}, {}, list[str]()
        for table, source in tables.items():
            prefix = f"{table}."
            own = {key.removeprefix(prefix): each for key, each in (formats or {}).items() if key.startswith(prefix)}
            door = _Door(opened, table, source, own)
            problems += door.problems()
            if not problems:
                admitted[table], columns[table] = door.admitted(), door.columns()
        if problems:
            raise HistoryError(f"{name} cannot be used:\n" + "\n".join(f"- {problem}" for problem in problems))
        place(opened, admitted)
        return History(
            name=name,
            tables=admitted,
            columns=columns,
            end=end if end is not None else _end(opened),
            fingerprint=_fingerprint(opened, columns),
        )


class _Door:
    """One table at the door."""

    def __init__(self, opened: duckdb.DuckDBPyConnection, name: str, source: Source, formats: dict[str, str]) -> None:
        self.opened, self.name, self.source = opened, name, source
        self.schema: Table = TABLES[name]
        self.raw = f"raw_{name}"
        self.formats = formats
        place(opened, {self.raw: source if isinstance(source, Scan) else _arrow(source)})
        self.types = self._types()

    def _types(self) -> dict[str, str]:
        """Name each column's type; a column without any value has none (pandas gives it decimals)."""
        described = self.opened.execute(f"DESCRIBE {self.raw}").fetchall()
        types = {str(row[0]): str(row[1]) for row in described}
        decimals = [column for column, type_ in types.items() if type_ in ("DOUBLE", "FLOAT")]
        if decimals:
            counts = ", ".join(f"count({identifier(column)})" for column in decimals)
            held = self.opened.execute(f"SELECT {counts} FROM {self.raw}").fetchall()[0]
            types.update({column: EMPTY for column, count in zip(decimals, held, strict=True) if not count})
        return types

    def columns(self) -> tuple[str, ...]:
        """Name the columns that declarations may read."""
        defaults = [name for name, column in self.schema.columns.items() if column.default and name not in self.types]
        return (*self.types, *defaults)

    def query(self, relation: str) -> str:
        """Give the SQL that reads the table as ours; columns we do not know pass through."""
        casts = [f"{self._filled(column, type_)} AS {identifier(column)}" for column, type_ in self.types.items()]
        defaults = [
            f"{column.default} AS {name}"
            for name, column in self.schema.columns.items()
            if column.default and name not in self.types
        ]
        return f"SELECT {', '.join(casts + defaults)} FROM {relation}"

    def admitted(self) -> pa.Table | Scan:
        """Give the table as ours: in memory if it was, else as a query over where it lies."""
        if isinstance(self.source, Scan):
            return Scan(self.query(f"({self.source.query})"), self.source.attach)
        return self.opened.sql(self.query(self.raw)).to_arrow_table()

    def problems(self) -> Iterator[str]:
        """Say what is wrong, each with count, example and repair."""
        missing = [name for name in self.schema.required if name not in self.types]
        if missing:
            yield (
                f"{self.name}: the columns {missing} are missing; there are {list(self.types)}. "
                f"Rename them, or map them under [tables.{self.name}.columns] of the dataset file"
            )
        for column in sorted(set(self.formats) - set(self.types)):
            yield f"{self.name}: a format is given for the column {column!r}; there are {list(self.types)}"
        for column, type_ in self.types.items():
            expected = self.schema.columns.get(column)
            if expected is not None:
                yield from self._column_problems(column, type_, expected)
        if not missing and self.name == "transactions":
            yield from self._negative_amounts()

    def _column_problems(self, column: str, type_: str, expected: Column) -> Iterator[str]:
        cast = self._cast(column, type_)
        if not cast.sql:
            yield f"{self.name}.{column} is {type_}: {cast.wrong}"
            return
        if expected.required:
            yield from self._count(f"{identifier(column)} IS NULL", column, "is empty; fill or drop these rows")
        yield from self._count(f"{identifier(column)} IS NOT NULL AND ({cast.sql}) IS NULL", column, cast.wrong)

    def _negative_amounts(self) -> Iterator[str]:
        amount, returned = self._cast("amount", self.types["amount"]).sql, "FALSE"
        if "is_return" in self.types:
            returned = self._cast("is_return", self.types["is_return"]).sql
        if amount and returned:
            repair = "is negative but not marked as a return; set is_return on such rows, or drop them"
            yield from self._count(f"{amount} < 0 AND NOT coalesce({returned}, FALSE)", "amount", repair)

    def _count(self, condition: str, column: str, wrong: str) -> Iterator[str]:
        query = f"SELECT count(*), first(COLUMNS(*)::VARCHAR) FROM {self.raw} WHERE {condition}"
        count, *example = self.opened.execute(query).fetchall()[0]
        if count:
            row = {name: value for name, value in zip(self.types, example, strict=True) if value is not None}
            yield f"{self.name}.{column} {wrong}: {count} rows, such as {row}"

    def _filled(self, column: str, type_: str) -> str:
        expected, sql = self.schema.columns.get(column), self._cast(column, type_).sql
        return f"coalesce({sql}, {expected.default})" if expected is not None and expected.default else sql

    def _cast(self, column: str, type_: str) -> Cast:
        return cast_of(column, type_, self.schema.columns.get(column), self.formats.get(column))


def _arrow(source: pd.DataFrame | pa.Table) -> pa.Table:
    if isinstance(source, pa.Table):
        return source
    zoned = {str(column): source[column].dt.tz_convert(None) for column in source.select_dtypes("datetimetz")}
    try:
        return pa.Table.from_pandas(source.assign(**zoned), preserve_index=False)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise HistoryError(
            f"a column mixes types: {error}. Give each column one type, such as text ids only"
        ) from error


def _end(opened: duckdb.DuckDBPyConnection) -> pd.Timestamp:
    row = opened.execute("SELECT date_trunc('day', max(time)) + INTERVAL 1 DAY FROM transactions").fetchall()[0]
    if row[0] is None:
        raise HistoryError("transactions has no rows; a history needs at least one purchase")
    return pd.Timestamp(row[0])


def _fingerprint(opened: duckdb.DuckDBPyConnection, columns: Mapping[str, tuple[str, ...]]) -> str:
    """Hash every value; rows may come in any order, since what is added up is one number a row."""
    parts = []
    for table in sorted(columns):
        texts = [f"coalesce(CAST({identifier(column)} AS VARCHAR), '\\0')" for column in sorted(columns[table])]
        row = f"('0x' || substr(md5(concat_ws('\\1', {', '.join(texts)})), 1, 15))::BIGINT"
        total = opened.execute(f"SELECT count(*), sum({row}::HUGEINT) FROM {table}").fetchall()
        parts.append(f"{table} {sorted(columns[table])} {total}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
