"""What is known of raw tables beyond single rows; each thing is asked of the data once, when a check first needs it."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar, cast

import pandas as pd

from features.engine.casts import BLANKS
from features.engine.profile import RawTables
from features.engine.render import identifier
from features.history import dated
from features.usability.report import ColumnProfile, TableProfile
from features.usability.sheet import Sheet

T = TypeVar("T")

FIRST_DAY = "1971-01-01"
"""Earlier times are no times of a customer history, but stand for none."""
LATEST = "9000-01-01"


@dataclass(frozen=True)
class Days:
    """How many rows each day has, and how many of them are filled, by column; both by day, without a gap."""

    rows: pd.Series
    filled: pd.DataFrame


@dataclass(frozen=True)
class Evidence:
    """Tables to be asked. `sheets` are those with rows and a name we know, `given` names all that were handed in.

    `rates` are the currencies that the policy has a rate for, None where it converts nothing.
    """

    raw: RawTables
    given: tuple[str, ...]
    sheets: Mapping[str, Sheet]
    profiles: Mapping[str, TableProfile]
    formats: Mapping[str, str]
    rates: frozenset[str] | None
    _known: dict[Hashable, Any] = field(default_factory=dict)

    def column(self, table: str, column: str) -> ColumnProfile:
        """Give a column's profile."""
        return next(each for each in self.profiles[table].columns if each.name == column)

    def one(self, query: str) -> dict[str, Any]:
        """Give the one row of a query."""
        return self.raw.ask(query)[0]

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """Make a thing, or give the one that was made under this key."""
        if key not in self._known:
            self._known[key] = make()
        return cast(T, self._known[key])

    def having(self, *columns: str) -> list[Sheet]:
        """Give the tables that have all these columns, of types that can be read."""
        return [sheet for sheet in self.sheets.values() if sheet.has(*columns)]

    def count(self, sheet: Sheet, condition: str) -> int:
        """Count the rows that meet a condition."""
        return int(self.one(f"SELECT count(*) FILTER (WHERE {condition}) AS rows FROM {sheet.relation}")["rows"])

    def example(self, sheet: Sheet, column: str, condition: str) -> str:
        """Show the least row that meets a condition."""
        query = f"SELECT min({sheet.row(column)}) AS row FROM {sheet.relation} WHERE {condition}"
        return shown(self.one(query)["row"])

    def ids(self, table: str, column: str) -> str:
        """Name a relation of a column's distinct ids: `id`, `rows`, and `plain`, the id without its way of writing.

        Two ids with the same `plain` differ by blanks around, capitals, leading zeros, or a `.0` at the end.
        """
        return self.once(("ids", table, column), lambda: self._ids(self.sheets[table], column))

    def days(self, table: str) -> Days:
        """Count the rows of each day of a table, from the first day with a row to the end.

        Times that stand for none, or lie after the end, are left out.
        """
        return self.once(("days", table), lambda: self._days(self.sheets[table]))

    @cached_property
    def end(self) -> pd.Timestamp | None:
        """The first instant of which nothing is known: as given, or the midnight after the last transaction so far.

        Placeholders of times, and what lies after `now`, do not count. None where it is neither given nor has any
        transaction a time, and of customers alone.
        """
        sheet = next((self.sheets[table] for table in dated(self.sheets)), None)
        if sheet is None or sheet.end is not None or sheet.name != "transactions" or not sheet.has("time"):
            return None if sheet is None else sheet.end
        time = sheet.value("time")
        within = f"{time} <= TIMESTAMP '{sheet.now or LATEST}' AND NOT {sheet.no_time('time')}"
        last = self.one(f"SELECT max({time}) AS last FROM {sheet.relation} WHERE {within}")["last"]
        return None if last is None else pd.Timestamp(last).normalize() + pd.Timedelta(days=1)

    def _ids(self, sheet: Sheet, column: str) -> str:
        name = f"ids_{sheet.name}_{column}"
        ids = f"SELECT {sheet.value(column)} AS id, count(*) AS rows FROM {sheet.relation} GROUP BY 1"
        bare = f"lower(trim(id, {BLANKS}))"
        whole = f"CASE WHEN regexp_full_match({bare}, '[0-9]+\\.0') THEN split_part({bare}, '.', 1) ELSE {bare} END"
        plain = f"regexp_replace({whole}, '^0+([0-9]+)$', '\\1')"
        self.raw.keep(name, f"SELECT id, rows, {plain} AS plain FROM ({ids}) WHERE id IS NOT NULL")
        return name

    def _days(self, sheet: Sheet) -> Days:
        columns = [column for column in sheet.raw.types if column != sheet.time]
        if self.end is None or not sheet.time:
            return Days(pd.Series(dtype="int64"), pd.DataFrame(columns=columns))
        time = sheet.value(sheet.time)
        filled = "".join(f", count({identifier(column)}) AS c{number}" for number, column in enumerate(columns))
        found = self.raw.ask(
            f"SELECT CAST({time} AS DATE) AS day, count(*) AS rows{filled} FROM {sheet.relation} "
            f"WHERE {time} >= TIMESTAMP '{FIRST_DAY}' AND {time} < TIMESTAMP '{self.end}' GROUP BY 1"
        )
        counts = pd.DataFrame(found, columns=["day", "rows", *(f"c{number}" for number in range(len(columns)))])
        counts = counts.assign(day=pd.to_datetime(counts["day"])).set_index("day")
        last = (self.end - pd.Timedelta(microseconds=1)).normalize()
        every = pd.date_range(counts.index.min() if len(counts) else last, last)
        counts = counts.reindex(every, fill_value=0).astype("int64")
        return Days(counts.pop("rows"), counts.set_axis(columns, axis=1))


def shown(row: Mapping[str, Any] | None) -> str:
    """Show an example row without its empty columns."""
    return str({name: value for name, value in row.items() if value is not None}) if row else ""
