"""The one door to PostgreSQL: a table comes and goes as Arrow, through ADBC."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

import pyarrow as pa
from adbc_driver_manager import Error
from adbc_driver_postgresql import dbapi

from features.engine.render import identifier, text
from features.engine.scan import renaming
from features.engine.sink import LEDGER, NOT_OURS, NotWritten, count
from features.engine.table_name import TableName, table_of
from features.tables import HistoryError

_HINT: Final = (
    "its URI is not understood, or no such host is known; write postgresql://user:password@host:5432/database, "
    "with special characters of the password as %40 and the like"
)


def fetch_table(name: str, uri: str, table: str, columns: Mapping[str, str]) -> pa.Table:
    """Fetch a table (or `schema.table`) under our column names. Raises `HistoryError`; the URI is never shown."""
    with _connect(name, uri) as connection, connection.cursor() as cursor:
        try:
            cursor.execute(f"SELECT * FROM {table} LIMIT 0")
            schema = cursor.fetch_arrow_table().schema
            plain = f"SELECT {', '.join(map(_plain, schema))} FROM {table}"
            cursor.execute(f"SELECT {renaming(name, schema.names, columns)} FROM ({plain}) AS plain")
            return cursor.fetch_arrow_table()
        except Error as error:
            told = f"{name} cannot be read from the PostgreSQL table {table!r}: {_first_line(error)}"
            raise HistoryError(told) from error


@contextmanager
def streamed(uri: str, table: str, columns: Sequence[str]) -> Iterator[pa.RecordBatchReader]:
    """Read those of some columns that a table has as they come, decimal numbers as doubles. Raises `HistoryError`."""
    name, relation = f"the PostgreSQL table {table}", table_of(table).sql
    with _connect(name, uri) as connection, connection.cursor() as cursor:
        try:
            cursor.execute(f"SELECT * FROM {relation} LIMIT 0")
            schema = cursor.fetch_arrow_table().schema
            taken = [_plain(field, exact=False) for field in schema if field.name in columns]
            cursor.execute(f"SELECT {', '.join(taken or ['*'])} FROM {relation}")
            yield cursor.fetch_record_batch()
        except Error as error:
            raise HistoryError(f"{name} cannot be read: {_first_line(error)}") from error


def said_of_table(uri: str, table: str) -> tuple[str, int] | None:
    """Give the manifest of the batch that a table holds, and how many rows it has; None where there is no table.

    Raises `NotWritten` for a table that no batch wrote, and `HistoryError` where the server cannot be reached.
    """
    with _writing(uri, table) as cursor:
        name = table_of(table)
        said = _said(cursor, name, table)
        if said is None:
            return None
        cursor.execute(count(name))
        return said, int(cursor.fetchall()[0][0])


def write_postgresql(uri: str, table: str, batches: pa.RecordBatchReader, *, manifest: str) -> None:
    """Write rows as a table, in the place of an older batch's, and its manifest to the ledger: both, or neither.

    A table of the same columns stays, with its rights and views, and gets other rows. Raises as `said_of_table`.
    """
    name = table_of(table)
    ledger = TableName(LEDGER, name.schema).sql
    with _writing(uri, table) as cursor:
        cursor.execute(f"CREATE TABLE IF NOT EXISTS {ledger} (name text PRIMARY KEY, manifest text NOT NULL)")
        cursor.execute(f"LOCK TABLE {ledger} IN SHARE ROW EXCLUSIVE MODE")
        older = _said(cursor, name, table) is not None and _columns(cursor, name)
        if older:
            stays = older == batches.schema.names
            cursor.execute(f"{'DELETE FROM' if stays else 'DROP TABLE'} {name.sql}")
        mode = "append" if older and stays else "create"
        cursor.adbc_ingest(name.name, batches, mode=mode, db_schema_name=name.schema)
        cursor.execute(f"DELETE FROM {ledger} WHERE name = {text(name.name)}")
        cursor.execute(f"INSERT INTO {ledger} VALUES ({text(name.name)}, {text(manifest)})")


@contextmanager
def _writing(uri: str, table: str) -> Iterator[dbapi.Cursor]:
    """Give a cursor in a transaction that is committed where all goes well."""
    with _connect(f"the PostgreSQL table {table}", uri) as connection, connection.cursor() as cursor:
        try:
            yield cursor
            connection.commit()
        except Error as error:
            raise NotWritten(f"the PostgreSQL table {table} cannot be used: {_first_line(error)}") from error


def _said(cursor: dbapi.Cursor, name: TableName, said: str) -> str | None:
    if not _there(cursor, name):
        return None
    ledger, found = TableName(LEDGER, name.schema), []
    if _there(cursor, ledger):
        cursor.execute(f"SELECT manifest FROM {ledger.sql} WHERE name = {text(name.name)}")
        found = cursor.fetchall()
    if not found:
        raise NotWritten(f"the PostgreSQL table {said} {NOT_OURS}")
    return str(found[0][0])


def _there(cursor: dbapi.Cursor, name: TableName) -> bool:
    cursor.execute(f"SELECT to_regclass({text(name.sql)})::text")
    return bool(cursor.fetchall()[0][0] is not None)


def _columns(cursor: dbapi.Cursor, name: TableName) -> list[str]:
    cursor.execute(f"SELECT * FROM {name.sql} LIMIT 0")
    return list(cursor.fetch_arrow_table().schema.names)


def _first_line(error: Error) -> str:
    return str(error).partition("\n")[0]


def _connect(name: str, uri: str) -> dbapi.Connection:
    """Connect. Of a URI that it does not understand the driver shows parts, passwords too: these are not passed on."""
    try:
        return dbapi.connect(uri)
    except Error as error:
        found = re.search("connection to server .*", str(error))
        told = found.group() if found else _HINT
        raise HistoryError(f"{name}: PostgreSQL cannot be reached: {told}") from None


def _plain(field: pa.Field, *, exact: bool = True) -> str:
    """Let the server write as text what Arrow has no type for (numeric, enum): the door casts it exactly.

    Decimal numbers are doubles where they need not be exact.
    """
    column, cast = identifier(field.name), ""
    if (field.metadata or {}).get(b"POSTGRESQL:type") == b"money":
        cast = "::numeric" + ("::text" if exact else "::float8")  # the driver would hand over cents
    elif isinstance(field.type, pa.OpaqueType):
        cast = "::float8" if not exact and field.type.type_name == "numeric" else "::text"
    return f"{column}{cast} AS {column}"
