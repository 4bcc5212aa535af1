"""Your own data by a TOML file alone: files, or tables of DuckDB or PostgreSQL, with their columns renamed."""

import os
from pathlib import Path

import pandas as pd

from configs.dataset import TableFile, read_dataset
from features.engine.door import admit
from features.engine.postgresql import fetch_table
from features.engine.scan import scan_duckdb, scan_files
from features.history import History, Source
from features.tables import HistoryError


def from_file(name: str) -> History:
    """Load the history that a dataset file describes, by its name or path.

    Raises `UnknownName`, `ConfigError` (the file) and `HistoryError` (what it points to).
    """
    file, folder = read_dataset(name)
    formats = {
        f"{table}.{column}": format_ for table, each in file.tables.items() for column, format_ in each.formats.items()
    }
    sources = {table: _source(table, each, folder) for table, each in file.tables.items()}
    end = None if file.end is None else pd.to_datetime(file.end, utc=True).tz_localize(None)
    return admit(Path(name).stem, sources, end=end, formats=formats)


def _source(name: str, table: TableFile, folder: Path) -> Source:
    if table.csv is not None:
        return scan_files(name, "read_csv", str(folder / table.csv), table.columns)
    if table.parquet is not None:
        return scan_files(name, "read_parquet", str(folder / table.parquet), table.columns)
    if table.duckdb is not None:
        return scan_duckdb(name, folder / table.duckdb, str(table.table), table.columns)
    return fetch_table(name, _secret(str(table.postgresql)), str(table.table), table.columns)


def _secret(uri: str) -> str:
    """Take a connection URI, or the one that an environment variable holds."""
    if not uri.startswith("$"):
        return uri
    if uri[1:] not in os.environ:
        raise HistoryError(f"the environment variable {uri[1:]!r} that holds the PostgreSQL URI is not set")
    return os.environ[uri[1:]]
