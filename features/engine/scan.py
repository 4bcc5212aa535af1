"""Tables that stay where they lie, under our column names."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import duckdb

from features.engine.admission.incoming import plainly
from features.engine.render import identifier, text
from features.engine.session import place, session
from features.history import Scan
from features.tables import HistoryError

_OPTIONS: Final = {"read_csv": ", all_varchar = true, header = true", "read_parquet": ""}
_HEADINGS: Final = {
    "read_csv": "SELECT unnest([*COLUMNS(*)]) FROM (FROM read_csv({path}, all_varchar = true, header = false) LIMIT 1)",
    "read_parquet": "SELECT name FROM parquet_schema({path})",
}
"""The names that columns have in a file: DuckDB numbers those that are there twice."""
_NEEDED: Final = {
    "httpfs": ("s3", "s3a", "s3n", "gcs", "gs", "r2", "hf", "http", "https"),
    "azure": ("az", "azure", "abfss"),
}


def is_remote(path: str) -> bool:
    """Whether a path is a URL."""
    return re.match(r"[a-z][a-z0-9+]*://", path) is not None


def scan_files(name: str, reader: str, path: str, columns: Mapping[str, str]) -> Scan:
    """Read files by a path, glob or URL; folders called column=value are a column.

    Text, of a CSV or of a folder's name, is typed by the door, never guessed. A URL is read by an extension of DuckDB,
    with the secrets kept there. Raises `HistoryError`, also where the extension is not installed: none ever installs
    itself.
    """
    if is_remote(path):
        _check_extension(name, path)
    relation = f"{reader}({text(path)}{_OPTIONS[reader]}, hive_types_autocast = false)"
    return _renamed(name, relation, None, columns, headings=_HEADINGS[reader].format(path=text(path)))


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
    mapped = [f"{identifier(their)} AS {identifier(our)}" for our, their in columns.items()]
    ours, theirs = {column.lower() for column in columns}, set(columns.values())
    kept = [identifier(column) for column in have if column.lower() not in ours and column not in theirs]
    return ", ".join(mapped + kept)


def _check_extension(name: str, path: str) -> None:
    scheme = path.partition("://")[0]
    needed = next((extension for extension, schemes in _NEEDED.items() if scheme in schemes), None)
    if needed is None:
        return
    asked = f"SELECT installed FROM duckdb_extensions() WHERE extension_name = {text(needed)}"
    with session() as opened:
        if opened.execute(asked).fetchall() != [(True,)]:
            raise HistoryError(
                f"{name}: {path} is read by DuckDB's extension {needed}, which is not installed here; install it once, "
                f"where the network allows it: python -c \"import duckdb; duckdb.sql('INSTALL {needed}')\""
            )


def _renamed(name: str, relation: str, attach: str | None, columns: Mapping[str, str], *, headings: str = "") -> Scan:
    with session() as opened:
        try:
            place(opened, {"described": Scan(f"SELECT * FROM {relation}", attach)})
            have = [str(row[0]) for row in opened.execute("DESCRIBE described").fetchall()]
            if headings:
                _check_headings(opened, f"{name} cannot be read from {relation}", have, headings)
        except duckdb.Error as error:
            told = f"{name} cannot be read from {relation}: {plainly(error)}"
            raise HistoryError(f"{told}; mend the file, its path or its rights") from error
    return Scan(f"SELECT {renaming(name, have, columns)} FROM {relation}", attach)


def _check_headings(opened: duckdb.DuckDBPyConnection, told: str, have: list[str], headings: str) -> None:
    """Refuse what DuckDB reads under names of its own: nothing at all, or columns that are there more than once."""
    if have == ["column0"]:
        raise HistoryError(f"{told}: there is nothing in it; its first line must name the columns")
    lowered = {column.lower() for column in have}
    again = [column for column in have if re.search(r"_\d+$", column) and column.rpartition("_")[0].lower() in lowered]
    if not again:
        return
    written = {str(row[0]).strip() for row in opened.execute(headings).fetchall()}
    twice = [column.rpartition("_")[0] for column in again if column not in written]
    if twice:
        raise HistoryError(f"{told}: the columns {twice} are there more than once; name each once, in any capitals")
