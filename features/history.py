"""A customer history: checked tables, and until when they are complete."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import pandas as pd
import pyarrow as pa

from features.finding import Finding
from features.tables import HistoryError

UNDATED: Final = pd.Timestamp("2000-01-01")
"""Where a history of customers alone ends unless another instant is said: it has no dates, and no clock is read."""

DATED: Final = ("transactions", "subscriptions", "events", "touches")
"""Tables of what happens at a time: any of them makes a history."""
SAY_END: Final = (
    "say the `end`, the first instant of which nothing is known, as in end = 2025-01-01T00:00:00 at the top of a "
    "dataset file"
)
"""What to do where it cannot be guessed: a contract may end in the future, and quiet days be known ones."""


def undated(tables: Iterable[str]) -> bool:
    """Whether these tables are customers alone."""
    return set(tables) == {"customers"}


def dated(tables: Iterable[str]) -> list[str]:
    """Name those of the tables that tell of what happens at a time."""
    given = set(tables)
    return [table for table in DATED if table in given]


@dataclass(frozen=True)
class Scan:
    """A table that stays where it is: a query over files or an attached DuckDB file, read each time it is needed."""

    query: str
    attach: str | None = None


Source = pd.DataFrame | pa.Table | Scan
"""What may be handed in as a table."""


@dataclass(frozen=True)
class History:
    """The tables of one customer base, checked at the door (`features.engine.door.admit`).

    `end` is the first instant of which nothing is known: no cutoff may lie after it, no horizon may end after it.
    `hashed` gives the fingerprint of a history. `zone` is the IANA time zone whose local time every time is in, `end`
    too. `findings` are the warnings and notes of the door: what a policy changed, and what was left as it is.
    `grace_days` is how long after a contract's end its membership runs on; the fingerprint tells of it.
    """

    name: str
    tables: Mapping[str, pa.Table | Scan]
    columns: Mapping[str, tuple[str, ...]]
    end: pd.Timestamp
    hashed: Callable[["History"], str]
    zone: str = "UTC"
    findings: tuple[Finding, ...] = ()
    grace_days: int = 0

    @cached_property
    def fingerprint(self) -> str:
        """A hash of every value of every table, whatever the order of rows; reads all of them at its first use."""
        return self.hashed(self)

    @property
    def dated(self) -> bool:
        """Whether anything happens in it: one of customers alone says how they are, and nothing of when."""
        return not undated(self.tables)

    def local(self, time: pd.Timestamp) -> pd.Timestamp:
        """Give an instant as the history's times are: without a zone, local."""
        return time if time.tz is None else time.tz_convert(self.zone).tz_localize(None)

    def require(self, table: str, columns: set[str], *, by: str) -> None:
        """Raise `HistoryError` unless the table and its columns are there; `by` says who needs them."""
        if table not in self.tables:
            raise HistoryError(f"{by} needs the table {table!r}; {self.name} has {', '.join(self.tables)}")
        missing = sorted(columns - set(self.columns[table]))
        if missing:
            raise HistoryError(
                f"{by} needs the columns {missing} of {table}; {self.name} has {', '.join(self.columns[table])}. "
                f"Map them in the dataset file, or leave {by} out of the study"
            )
