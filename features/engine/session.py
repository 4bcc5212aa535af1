"""A DuckDB session over a history: its tables and the views that declarations speak of."""

import itertools
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Final
from uuid import uuid4

import duckdb
import pandas as pd
import pyarrow as pa

from features.engine import views
from features.engine.identities import show_at
from features.engine.render import text
from features.history import History, Scan
from features.tables import VIEWS, HistoryError


@contextmanager
def connect(history: History, *, at: pd.Timestamp | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open an in-memory session in which the history's tables and their views can be asked.

    Raises `ValueError` where ids are merged over time and no instant is said `at` which views show them.
    """
    with tables_of(history) as opened:
        show_at(opened, history, at)
        define_views(opened, history)
        yield opened


@contextmanager
def tables_of(history: History) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open an in-memory session in which the history's tables can be asked; views are yet to be defined."""
    with session() as opened:
        place(opened, {f"{views.TABLE}{name}": table for name, table in history.tables.items()})
        yield opened


def define_views(opened: duckdb.DuckDBPyConnection, history: History, *, where: str = "TRUE") -> None:
    """Define the views that declarations speak of, of the rows for which a condition holds."""
    for name in VIEWS:
        if views.has(history, name):
            query = views.query(history, name)
            narrowed = query if where == "TRUE" else f"SELECT * FROM ({query}) WHERE {where}"
            opened.execute(f"CREATE OR REPLACE VIEW {name} AS {narrowed}")


@contextmanager
def session() -> Iterator[duckdb.DuckDBPyConnection]:
    """Open an empty in-memory session in UTC that never reaches for the network.

    Where memory runs out, DuckDB spills to a folder `augury-…` of the system's temporary one (`TMPDIR` says another):
    it makes the folder at the first need, and takes it away when the session closes.
    """
    with _part_of(engine) if (engine := _SHARED.get()) else closing(_engine()) as opened:
        opened.execute("SET TimeZone = 'UTC'")
        opened.execute("SET enable_progress_bar = false")
        # DuckDB 2.0.0 makes `TRY_CAST` over `read_csv` strict by it: text among amounts would end the query.
        opened.execute("SET disabled_optimizers = 'type_pushdown'")
        yield opened


@contextmanager
def shared() -> Iterator[None]:
    """Let the sessions of a block be parts of one engine that this thread keeps: each opens in 1 ms instead of 15.

    For histories of a few rows, asked many times. A part sees nothing of another's tables.
    """
    if not hasattr(_KEPT, "engine"):
        _KEPT.engine = _engine(threads=1)
    token = _SHARED.set(_KEPT.engine)
    try:
        yield
    finally:
        _SHARED.reset(token)


_SHARED: ContextVar[duckdb.DuckDBPyConnection | None] = ContextVar("shared engine", default=None)
_KEPT: Final = threading.local()
_PARTS: Final = itertools.count()


def _engine(**config: str | bool | int | float | list[str]) -> duckdb.DuckDBPyConnection:
    spilled = Path(tempfile.gettempdir()) / f"augury-{uuid4().hex}"
    own: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": False,
        "temp_directory": str(spilled),
    }
    return duckdb.connect(":memory:", config={**own, **config})


@contextmanager
def _part_of(engine: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a session of an engine that is open, in a catalogue of its own."""
    name = f"part_{next(_PARTS)}"
    with closing(engine.cursor()) as opened:
        opened.execute(f"ATTACH ':memory:' AS {name}")
        opened.execute(f"USE {name}")
        try:
            yield opened
        finally:
            opened.execute("USE memory")
            opened.execute(f"DETACH {name}")


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
