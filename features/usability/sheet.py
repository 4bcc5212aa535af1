"""One raw table as the checks see it: its rows, and the SQL of each column's value as the door would read it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import pandas as pd

from features.engine.casts import Cast
from features.engine.profile import RawTable, RawTables
from features.engine.render import identifier
from features.policy import Policy
from features.tables import TABLES, Column

IDS: Final = ("customer_id", "product_id", "order_id")
"""Columns that name something."""
NO_DAYS: Final = (
    *("0001-01-01", "1899-12-30", "1899-12-31", "1900-01-01", "1969-12-31", "1970-01-01"),
    *("2099-12-31", "2999-12-31", "9999-12-31"),
)
"""Days that systems write where they know none: the first and last of their calendars (1969: seen from the west)."""


@dataclass(frozen=True)
class Sheet:
    """A table that has rows and a name we know; `relation` has its columns, and beside them their values as ours.

    `casts` read a column as the type it must have; `end` is the instant given as the history's end, `now` the one
    after which nothing can have happened; `policy` is what the door will be told.
    """

    raw: RawTable
    relation: str
    formats: Mapping[str, str]
    casts: Mapping[str, Cast]
    policy: Policy
    end: pd.Timestamp | None
    now: pd.Timestamp | None

    @property
    def name(self) -> str:
        """Name the table."""
        return self.raw.name

    @cached_property
    def expected(self) -> Mapping[str, Column]:
        """What the columns of that table must be."""
        return TABLES[self.name].columns

    @property
    def known(self) -> list[str]:
        """Name the columns that are there and ours."""
        return [column for column in self.raw.types if column in self.expected]

    def has(self, *columns: str) -> bool:
        """Whether all these columns are there, of a type that can be read."""
        return all(self.value(column) for column in columns)

    def value(self, column: str) -> str:
        """Write a column's value as ours, null where it does not fit; empty where the column cannot be read."""
        return _value(column) if column in self.casts and self.casts[column].sql else ""

    def of_type(self, type_: str) -> Iterator[str]:
        """Name our columns of a type that can be read."""
        return (column for column in self.known if self.expected[column].type == type_ and self.has(column))

    @property
    def own(self) -> list[str]:
        """Name the columns that are not ours and have a format."""
        return [column for column in self.casts if column not in self.expected]

    @property
    def returned(self) -> str:
        """Write whether a row is marked as a return."""
        return f"coalesce({self.value('is_return')}, FALSE)" if self.has("is_return") else "FALSE"

    def no_time(self, column: str) -> str:
        """Write whether a time is a day that stands for none."""
        days = ", ".join(f"DATE '{day}'" for day in NO_DAYS)
        return f"coalesce(CAST({self.value(column)} AS DATE) IN ({days}), FALSE)"

    @property
    def time(self) -> str:
        """Name the column that says when; empty where there is none that can be read."""
        return next((column for column in ("time", "start") if self.has(column)), "")

    def row(self, column: str) -> str:
        """Write a row as a struct of texts: the column in question, then what tells the row from others."""
        needed = [name for name in self.known if self.expected[name].required or name in IDS]
        shown = dict.fromkeys([*([column] if column else []), *needed] or list(self.raw.types)[:6])
        fields = ", ".join(f"{identifier(name)}: CAST({identifier(name)} AS VARCHAR)" for name in shown)
        return f"{{{fields}}}"


def sheet_of(
    raw: RawTables, name: str, *, formats: Mapping[str, str], policy: Policy, until: tuple[pd.Timestamp | None, ...]
) -> Sheet:
    """Choose how each of our columns is read."""
    table, prefix = raw.tables[name], f"{name}."
    own = {key.removeprefix(prefix): each for key, each in formats.items() if key.startswith(prefix)}
    expected = TABLES[name].columns
    casts = {
        column: raw.cast(table, column, expected.get(column), own.get(column))
        for column in table.types
        if column in expected or column in own
    }
    relation = f"sheet_{name}"
    values = "".join(f", {cast.sql} AS {_value(column)}" for column, cast in casts.items() if cast.sql)
    raw.view(relation, f"SELECT *{values} FROM {table.relation}")
    return Sheet(table, relation, own, casts, policy, *until)


def _value(column: str) -> str:
    return identifier(f"our {column}")
