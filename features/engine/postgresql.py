"""The one door to PostgreSQL: a table comes as Arrow, through ADBC."""

from collections.abc import Mapping

import pyarrow as pa
from adbc_driver_manager import Error
from adbc_driver_postgresql import dbapi

from features.engine.scan import renaming
from features.tables import HistoryError


def fetch_table(name: str, uri: str, table: str, columns: Mapping[str, str]) -> pa.Table:
    """Fetch a table (or `schema.table`) under our column names. Raises `HistoryError`; the URI is never shown."""
    try:
        with dbapi.connect(uri) as connection, connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {table} LIMIT 0")
            have = [str(field[0]) for field in cursor.description or ()]
            cursor.execute(f"SELECT {renaming(name, have, columns)} FROM {table}")
            return _plain(cursor.fetch_arrow_table())
    except Error as error:
        raise HistoryError(f"{name} cannot be read from the PostgreSQL table {table!r}: {error}") from error


def _plain(table: pa.Table) -> pa.Table:
    """Take text for types that Arrow has no name for (numeric): the door casts it exactly."""
    arrays = [
        column.cast(pa.string()) if isinstance(column.type, pa.BaseExtensionType) else column
        for column in table.itercolumns()
    ]
    return pa.table(arrays, names=table.column_names)
