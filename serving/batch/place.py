"""Where rows come from and scores go, in one word: a path, or a table of a database."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, Self

Kind = Literal["folder", "parquet", "csv", "duckdb", "postgresql"]
KINDS: Final = "a folder, FILE.parquet, FILE.csv, FILE.csv.gz, duckdb:FILE#TABLE or postgresql://…#TABLE"
_SUFFIXES: Final[tuple[tuple[str, Kind], ...]] = ((".parquet", "parquet"), (".csv", "csv"), (".csv.gz", "csv"))


@dataclass(frozen=True)
class Place:
    """A place of a kind: `at` is a path, or a connection URI, which may hold a password and is never shown."""

    kind: Kind
    at: str = field(repr=False)
    table: str = ""

    @classmethod
    def read(cls, said: str) -> Self:
        """Understand a word; a place `$NAME` is the one that the environment variable holds. Raises `ValueError`."""
        at, _, table = said.rpartition("#") if "#" in said else (said, "", "")
        at = _held(at)
        if at.startswith(("postgresql://", "postgres://")):
            return cls("postgresql", at, _named(table, "postgresql://user:password@host:5432/database#TABLE"))
        file = _held(at.removeprefix("duckdb:")) if at.startswith("duckdb:") else at
        if "://" in file:
            raise ValueError(f"{file.partition('://')[0]}:// is no place that can be read or written; say {KINDS}")
        if at.startswith("duckdb:"):
            return cls("duckdb", file, _named(table, "duckdb:FILE#TABLE"))
        if table:
            raise ValueError(f"{said.partition('#')[0]!r} has no tables; say {KINDS}")
        return cls(_kind(at), at)

    @property
    def path(self) -> Path:
        """Give it as a path."""
        return Path(self.at)

    def __str__(self) -> str:
        """Say it without a password."""
        if self.kind == "postgresql":
            return f"the PostgreSQL table {self.table}"
        return f"the table {self.table} of {self.at}" if self.table else self.at


def _held(at: str) -> str:
    if not at.startswith("$"):
        return at
    if at[1:] not in os.environ:
        raise ValueError(f"the environment variable {at[1:]!r}, which says where a table lies, is not set")
    return os.environ[at[1:]]


def _named(table: str, form: str) -> str:
    if not table:
        raise ValueError(f"a database needs the name of a table: write {form}")
    return table


def _kind(at: str) -> Kind:
    name = at.rstrip("/").rpartition("/")[2]
    if at.endswith("/") or Path(at).is_dir():
        return "folder"
    found = next((kind for suffix, kind in _SUFFIXES if name.lower().endswith(suffix)), None)
    if found is None and "." in name.strip("."):
        raise ValueError(f"{at!r} ends like no file that is written here; say {KINDS} (a folder by a / at its end)")
    return found or "folder"
