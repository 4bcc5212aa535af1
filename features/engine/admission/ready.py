"""A table that has been checked: the query that gives its rows as ours."""

from dataclasses import dataclass

import duckdb
import pyarrow as pa

from features.engine.admission.incoming import reading
from features.history import Scan


@dataclass(frozen=True)
class Ready:
    """A query under our column names and of our types.

    One that `stays` is read where the rows lie, each time it is needed, and so reads nothing that is in memory;
    `attach` is the DuckDB file that it then reads from, if any.
    """

    name: str
    query: str
    columns: tuple[str, ...]
    stays: bool
    attach: str | None

    def admitted(self, opened: duckdb.DuckDBPyConnection) -> pa.Table | Scan:
        """Give the table as ours: in memory if it was, else as a query over where it lies."""
        if self.stays:
            return Scan(self.query, self.attach)
        with reading(self.name):
            return opened.sql(self.query).to_arrow_table()
