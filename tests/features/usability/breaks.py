"""Ways to break the tables of a shop, and what must then be told, of where and of how many rows: that alone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from features.engine.door import admit
from features.usability import Report, examine

Tables = dict[str, pd.DataFrame]
Break = Callable[[Tables], Any]
Count = int | Callable[[Tables], int]


@dataclass(frozen=True)
class Told:
    """A finding that is expected: `rows` by number, or counted in the broken tables by other means."""

    check: str
    table: str
    column: str = ""
    rows: Count = 0
    severity: str = "error"
    what: str = ""
    example: str = ""


@dataclass(frozen=True)
class Defect:
    """How tables are broken, what is told of them, what else follows from it, and the words for `examine`."""

    broken: Break
    told: Told
    also: tuple[Told, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)


def check(defect: Defect, tables: Tables) -> None:
    """Break the tables, examine them, and hold what is told against what is expected."""
    defect.broken(tables)
    report = examine("shop", tables, **defect.options)
    expected = [defect.told, *defect.also]
    severities = {"error", "warning"} if defect.told.severity != "note" else {"error", "warning", "note"}
    found = sorted(each for each in places(report, *severities) if each[1] != "extra_column")
    assert found == sorted((each.severity, *place(each, tables)) for each in expected)
    for each in expected:
        finding = next(one for one in report.findings if (one.check, one.table) == (each.check, each.table))
        assert each.what in finding.what
        assert each.example in finding.example
        assert bool(finding.example) or not finding.rows or finding.check in WITHOUT_EXAMPLE
        assert finding.advice
    assert report.ok == ("error" not in {each.severity for each in expected})
    if report.ok:  # what the report calls fine, the door takes
        admit("shop", tables, **{key: each for key, each in defect.options.items() if key != "now"})


WITHOUT_EXAMPLE = {"mixed_types", "no_value", "mostly_null", "stopped_filling"}
"""Checks of whole columns: no row shows more than another."""


def places(report: Report, *severities: str) -> list[tuple[str, str, str, str, int]]:
    return [
        (each.severity, each.check, each.table, each.column, each.rows)
        for each in report.findings
        if each.severity in severities
    ]


def place(told: Told, tables: Tables) -> tuple[str, str, str, int]:
    rows = told.rows(tables) if callable(told.rows) else told.rows
    return told.check, told.table, told.column, int(rows)


def as_they_are(tables: Tables) -> None:
    """Break nothing."""


def put(table: str, column: str, rows: list[int], value: Any) -> Break:
    """Set a column of some rows; of transactions, of some purchases."""

    def broken(tables: Tables) -> None:
        frame = tables[table]
        bought = frame[~frame["is_return"] & (frame["amount"] > 0)] if table == "transactions" else frame
        places = bought.index[rows]
        values = frame[column].astype(object) if value is None else frame[column].copy()
        values.loc[places] = value(frame.loc[places, column]) if callable(value) else value
        tables[table] = frame.assign(**{column: values})

    return broken


def written(table: str, column: str, how: Callable[[pd.Series], Any], rows: slice = slice(None)) -> Break:
    """Write a column as text, some of its rows in a way of their own."""

    def broken(tables: Tables) -> None:
        values = tables[table][column]
        texts = values.astype(str)
        texts.iloc[rows] = how(values.iloc[rows])
        tables[table] = tables[table].assign(**{column: texts})

    return broken


def column(table: str, name: str, values: Callable[[pd.DataFrame], Any]) -> Break:
    """Give a table a column, or another one of that name."""
    return made(table, lambda frame: frame.assign(**{name: values(frame)}))


def repeat(table: str, rows: Callable[[pd.DataFrame], pd.DataFrame]) -> Break:
    """Append some of a table's rows."""
    return made(table, lambda frame: pd.concat([frame, rows(frame)], ignore_index=True))


def keep(table: str, rows: Callable[[pd.DataFrame], Any]) -> Break:
    """Keep some of a table's rows."""
    return made(table, lambda frame: frame[rows(frame)])


def made(table: str, how: Callable[[pd.DataFrame], pd.DataFrame]) -> Break:
    """Make another table of one."""

    def broken(tables: Tables) -> None:
        tables[table] = how(tables[table])

    return broken


def all_of(table: str) -> Count:
    return lambda tables: len(tables[table])


def where(table: str, condition: Callable[[pd.DataFrame], pd.Series]) -> Count:
    """Count the rows of a broken table."""
    return lambda tables: int(condition(tables[table]).sum())


def missing_in(described: str, table: str, column: str = "customer_id") -> Count:
    """Count the rows whose id the other table does not have, one by one."""

    def count(tables: Tables) -> int:
        known = set(tables[described][column])
        return sum(each not in known for each in tables[table][column])

    return count


def on(*days: str) -> Callable[[pd.DataFrame], pd.Series]:
    """Tell the rows of some days."""
    return lambda table: table["time"].dt.strftime("%Y-%m-%d").isin(days)


def between(first: str, last: str) -> Callable[[pd.DataFrame], pd.Series]:
    return lambda table: table["time"].dt.normalize().between(pd.Timestamp(first), pd.Timestamp(last))


def thinned(first: str, last: str, every: int) -> Callable[[pd.DataFrame], pd.Series]:
    """Keep one row in so many of some days, and all of the others."""

    def kept(table: pd.DataFrame) -> pd.Series:
        within = between(first, last)(table)
        return ~within | (within.cumsum() % every == 0)

    return kept
