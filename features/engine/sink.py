"""Writing a table of a DuckDB file whole: its rows and what is said of them, in one transaction."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa

from features.engine.admission.incoming import plainly
from features.engine.render import text
from features.engine.session import session
from features.engine.table_name import TableName, table_of

LEDGER: Final = "augury_batches"
"""The table beside those that batches write: the name of each, and its manifest as JSON."""
NOT_OURS: Final = "is there and no batch wrote it; name another table, or drop it"


class NotWritten(OSError):
    """A table that cannot be written, or read to see what it holds; the message says why."""


def said_of(path: Path, table: str) -> tuple[str, int] | None:
    """Give the manifest of the batch that a table holds, and how many rows it has; None where there is no table.

    Raises `NotWritten` for a table that no batch wrote.
    """
    name = table_of(table)
    if not path.is_file():
        return None
    with _attached(path, table, read_only=True) as opened:
        said = _said(opened, name, table)
        return None if said is None else (said, int(opened.execute(count(name)).fetchall()[0][0]))


def write_duckdb(path: Path, table: str, batches: pa.RecordBatchReader, *, manifest: str) -> None:
    """Write rows as a table, in the place of an older batch's, and its manifest to the ledger: both, or neither.

    Raises `NotWritten`.
    """
    name = table_of(table)
    path.parent.mkdir(parents=True, exist_ok=True)
    with _attached(path, table, read_only=False) as opened:
        opened.execute("BEGIN")
        _said(opened, name, table)
        ledger = _ledger(name).sql
        opened.register("augury_shape", batches.schema.empty_table())
        opened.register("augury_streamed", batches)
        if name.schema:
            opened.execute(f"CREATE SCHEMA IF NOT EXISTS {TableName(name.schema).sql}")
        opened.execute(f"CREATE OR REPLACE TABLE {name.sql} AS SELECT * FROM augury_shape")
        opened.execute(f"INSERT INTO {name.sql} SELECT * FROM augury_streamed")
        opened.execute(f"CREATE TABLE IF NOT EXISTS {ledger} (name VARCHAR PRIMARY KEY, manifest VARCHAR)")
        opened.execute(f"INSERT OR REPLACE INTO {ledger} VALUES ({text(name.name)}, {text(manifest)})")
        opened.execute("COMMIT")


def count(name: TableName) -> str:
    """Ask how many rows a table has."""
    return f"SELECT count(*) FROM {name.sql}"


def _ledger(name: TableName) -> TableName:
    return TableName(LEDGER, name.schema)


def _said(opened: duckdb.DuckDBPyConnection, name: TableName, said: str) -> str | None:
    there = opened.execute(
        f"""SELECT lower(table_name) FROM information_schema.tables WHERE table_catalog = current_database()
        AND lower(table_schema) = {text((name.schema or "main").lower())}
        AND lower(table_name) IN ({text(name.name.lower())}, '{LEDGER}')"""
    ).fetchall()
    if (name.name.lower(),) not in there:
        return None
    ask = f"SELECT manifest FROM {_ledger(name).sql} WHERE name = {text(name.name)}"
    found = opened.execute(ask).fetchall() if (LEDGER,) in there else []
    if not found:
        raise NotWritten(f"the table {said!r} {NOT_OURS}")
    return str(found[0][0])


@contextmanager
def _attached(path: Path, table: str, *, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
    try:
        with session() as opened:
            opened.execute(f"ATTACH {text(str(path))} AS target{' (READ_ONLY)' if read_only else ''}")
            opened.execute("USE target")
            yield opened
    except duckdb.Error as error:
        raise NotWritten(f"the table {table!r} of {path} cannot be used: {plainly(error)}") from error
