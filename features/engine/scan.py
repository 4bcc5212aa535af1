"""Tables that stay where they lie, under our column names."""

from collections.abc import Mapping
from pathlib import Path

import duckdb

from features.engine.render import identifier, text
from features.engine.session import place, session
from features.history import Scan
from features.tables import HistoryError

_OPTIONS = {"read_csv": ", all_varchar = true, header = true", "read_parquet": ""}


def scan_files(name: str, reader: str, path: str, columns: Mapping[str, str]) -> Scan:
    """Read files by a path or glob; text of a CSV is typed by the door, never guessed."""
    return _renamed(name, f"{reader}({text(path)}{_OPTIONS[reader]})", None, columns)


def scan_duckdb(name: str, path: Path, table: str, columns: Mapping[str, str]) -> Scan:
    """Read a table of a DuckDB file, which is opened for reading only."""
    if not path.is_file():
        raise HistoryError(f"{name}: there is no DuckDB file at {path}")
    return _renamed(name, f"source.{table}", str(path), columns)


def renaming(name: str, have: list[str], columns: Mapping[str, str]) -> str:
    """Write the select list that gives columns our names. Raises `HistoryError` for one that is not there."""
    missing = sorted(set(columns.values()) - set(have))
    if missing:
        raise HistoryError(f"{name}: the dataset file maps the columns {missing}, but there are {have}")
    mapped = [f"{identifier(theirs)} AS {identifier(our)}" for our, theirs in columns.items()]
    kept = [identifier(column) for column in have if column not in columns and column not in columns.values()]
    return ", ".join(mapped + kept)


def _renamed(name: str, relation: str, attach: str | None, columns: Mapping[str, str]) -> Scan:
    with session() as opened:
        try:
            place(opened, {"described": Scan(f"SELECT * FROM {relation}", attach)})
            have = [str(row[0]) for row in opened.execute("DESCRIBE described").fetchall()]
        except duckdb.Error as error:
            raise HistoryError(f"{name} cannot be read from {relation}: {error}") from error
    return Scan(f"SELECT {renaming(name, have, columns)} FROM {relation}", attach)
