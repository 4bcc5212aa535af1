"""The one door to PostgreSQL: a table comes as Arrow, through ADBC."""

import re
from collections.abc import Mapping
from typing import Final

import pyarrow as pa
from adbc_driver_manager import Error
from adbc_driver_postgresql import dbapi

from features.engine.render import identifier
from features.engine.scan import renaming
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
            told = str(error).partition("\n")[0]
            raise HistoryError(f"{name} cannot be read from the PostgreSQL table {table!r}: {told}") from error


def _connect(name: str, uri: str) -> dbapi.Connection:
    """Connect. Of a URI that it does not understand the driver shows parts, passwords too: these are not passed on."""
    try:
        return dbapi.connect(uri)
    except Error as error:
        found = re.search("connection to server .*", str(error))
        told = found.group() if found else _HINT
        raise HistoryError(f"{name}: PostgreSQL cannot be reached: {told}") from None


def _plain(field: pa.Field) -> str:
    """Let the server write as text what Arrow has no type for (numeric, enum): the door casts it exactly."""
    column, cast = identifier(field.name), ""
    if isinstance(field.type, pa.OpaqueType):
        cast = "::text"
    elif (field.metadata or {}).get(b"POSTGRESQL:type") == b"money":
        cast = "::numeric::text"  # the driver would hand over cents
    return f"{column}{cast} AS {column}"
