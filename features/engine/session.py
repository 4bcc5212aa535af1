"""A DuckDB session over a history: its tables and the views that declarations speak of."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa

from features.engine.render import text
from features.history import History, Scan
from features.tables import VIEWS, HistoryError


@contextmanager
def connect(history: History) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open an in-memory session in which the history's tables and their views can be asked."""
    with session() as opened:
        place(opened, history.tables)
        for name, view in VIEWS.items():
            if view.table in history.tables and name != view.table:
                opened.execute(f"CREATE VIEW {name} AS SELECT * FROM {view.table} WHERE {view.where}")
        yield opened


@contextmanager
def session() -> Iterator[duckdb.DuckDBPyConnection]:
    """Open an empty in-memory session in UTC that never reaches for the network."""
    opened = duckdb.connect(":memory:", config={"autoinstall_known_extensions": False})
    try:
        opened.execute("SET TimeZone = 'UTC'")
        opened.execute("SET enable_progress_bar = false")
        yield opened
    finally:
        opened.close()


def place(opened: duckdb.DuckDBPyConnection, tables: Mapping[str, pa.Table | Scan]) -> None:
    """Make each table a view of the session."""
    for name, table in tables.items():
        if isinstance(table, Scan):
            if table.attach is not None:
                _attach(opened, table.attach)
            opened.execute(f"CREATE VIEW {name} AS {table.query}")
        else:
            opened.register(name, table)


def _attach(opened: duckdb.DuckDBPyConnection, path: str) -> None:
    opened.execute(f"ATTACH IF NOT EXISTS {text(path)} AS source (READ_ONLY)")
    query = "SELECT path FROM duckdb_databases() WHERE database_name = 'source'"
    attached = str(opened.execute(query).fetchall()[0][0])
    if not Path(attached).samefile(path):
        raise HistoryError(f"tables lie in two DuckDB files, {attached} and {path}; put those of a history into one")


def lend(opened: duckdb.DuckDBPyConnection, name: str, frame: pd.DataFrame) -> None:
    """Let the session read a frame, by way of Arrow (text columns cost a tenth of pandas' own way)."""
    opened.register(name, pa.Table.from_pandas(frame, preserve_index=False))


def fetch(opened: duckdb.DuckDBPyConnection, query: str) -> pd.DataFrame:
    """Run a query and take its rows."""
    table: pa.Table = opened.sql(query).to_arrow_table()
    return pd.DataFrame(table.to_pandas())
