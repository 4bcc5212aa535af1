"""Your own data by a TOML file alone: files, or tables of DuckDB or PostgreSQL, with their columns renamed."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from configs.costs import CostSheet, read_costs
from configs.dataset import DatasetFile, PolicyFile, TableFile, read_dataset
from features.engine.door import admit
from features.engine.ledger.costed import costed
from features.engine.postgresql import fetch_table
from features.engine.scan import is_remote, scan_duckdb, scan_files
from features.history import History, Scan, Source
from features.policy import Currency, Policy
from features.tables import HistoryError


@dataclass(frozen=True)
class OwnData:
    """What a dataset file points to, as it is: nothing is checked yet. The fields are the arguments of `admit`, and the
    sheet by which lines are costed.
    """

    name: str
    tables: Mapping[str, Source]
    end: pd.Timestamp | None
    formats: Mapping[str, str]
    zone: str
    policy: Policy
    rejected: Path | None
    costs: CostSheet | None = None

    def admitted(self) -> History:
        """Check it, and make it a history, with lines costed where there is a sheet. Raises `HistoryError`."""
        history = admit(
            self.name,
            self.tables,
            end=self.end,
            formats=self.formats,
            zone=self.zone,
            policy=self.policy,
            rejected=self.rejected,
        )
        return history if self.costs is None else costed(history, self.costs)


def from_file(name: str) -> History:
    """Load the history that a dataset file describes, by its name or path.

    Raises `UnknownName`, `ConfigError` (the file) and `HistoryError` (what it points to).
    """
    return own_data(name).admitted()


def own_data(name: str) -> OwnData:
    """Find what a dataset file points to, under our names but unchecked. Raises as `from_file` does."""
    file, folder = read_dataset(name)
    return OwnData(
        name=Path(name).stem,
        tables={table: _source(table, each, folder) for table, each in file.named.items()},
        end=None if file.end is None else pd.Timestamp(file.end),
        formats=_formats(file),
        zone=file.zone,
        policy=_policy(file.policy, folder),
        rejected=None if file.rejected is None else folder / file.rejected,
        costs=None if file.costs is None else read_costs(file.costs, folder=folder),
    )


def _formats(file: DatasetFile) -> dict[str, str]:
    return {f"{table}.{column}": each for table, of in file.named.items() for column, each in of.formats.items()}


def _policy(said: PolicyFile, folder: Path) -> Policy:
    words = said.model_dump(exclude_unset=True, exclude={"currency"})
    if said.currency is None:
        return Policy(**words)
    rates = said.currency.rates
    reader = "read_parquet" if rates.endswith(".parquet") else "read_csv"
    return Policy(**words, currency=Currency(said.currency.base, _files("rates", reader, rates, folder, {})))


def _source(name: str, table: TableFile, folder: Path) -> Source:
    if table.csv is not None:
        return _files(name, "read_csv", table.csv, folder, table.columns)
    if table.parquet is not None:
        return _files(name, "read_parquet", table.parquet, folder, table.columns)
    if table.duckdb is not None:
        return scan_duckdb(name, folder / _said(table.duckdb), str(table.table), table.columns)
    return fetch_table(name, _said(str(table.postgresql)), str(table.table), table.columns)


def _files(name: str, reader: str, path: str, folder: Path, columns: Mapping[str, str]) -> Scan:
    place = _said(path)
    return scan_files(name, reader, place if is_remote(place) else str(folder / place), columns)


def _said(place: str) -> str:
    """Take a path or a connection URI, or the one that an environment variable holds."""
    if not place.startswith("$"):
        return place
    if place[1:] not in os.environ:
        raise HistoryError(f"the environment variable {place[1:]!r}, which says where a table lies, is not set")
    return os.environ[place[1:]]
