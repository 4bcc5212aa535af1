"""Columns that say little or stopped saying anything, and customers who do nothing."""

from collections.abc import Iterator
from typing import Final

import pandas as pd

from features.tables import TABLES
from features.usability.checks import whole_check
from features.usability.evidence import Days, Evidence
from features.usability.fault import Fault
from features.usability.report import ColumnProfile

MOSTLY: Final = 0.5
OFTEN_EMPTY: Final = ("end", "known_time", "is_return")
"""Columns that are empty where there is nothing to say."""
MAY_BE_ONE: Final = ("currency", "is_return", "treatment")
"""Columns of which one value says all."""
SILENT_DAYS, TIMES_LONGER, FEWEST_MISSED = 7, 5, 20
"""A column stopped if it is empty for 7 days with rows or more, 5 times longer than ever, missing some 20 values."""
LOOK_BACK: Final = 56


@whole_check
def no_value(evidence: Evidence) -> Iterator[Fault]:
    """Columns without any value."""
    for table, column in _columns(evidence):
        required = column.name in TABLES[table].required
        if not column.filled and not required and column.name not in OFTEN_EMPTY:
            advice = "leave the column out, or find where its values got lost"
            yield Fault("warning", table, column.name, "has no value", advice, rows=column.rows)


@whole_check
def mostly_null(evidence: Evidence) -> Iterator[Fault]:
    """Columns of which more than half is empty."""
    for table, column in _columns(evidence):
        if column.filled and column.nulls > MOSTLY and column.name not in OFTEN_EMPTY:
            what, rows = f"is empty in {column.nulls:.0%} of the rows", column.rows - column.filled
            yield Fault("note", table, column.name, what, "features of it will mostly be empty too", rows=rows)


@whole_check
def constant(evidence: Evidence) -> Iterator[Fault]:
    """Columns with one value only."""
    for table, column in _columns(evidence):
        if column.filled > 1 and column.least == column.greatest and column.name not in MAY_BE_ONE:
            advice = "nothing to do, but it can tell no customer from another"
            example = repr(column.least)
            yield Fault("note", table, column.name, "has the same value in all filled rows", advice, example=example)


@whole_check
def stopped_filling(evidence: Evidence) -> Iterator[Fault]:
    """Columns that are empty from some day on; counts the rows since then."""
    for sheet in evidence.having("time"):
        days = evidence.days(sheet.name)
        for column in days.filled:
            last = _last_filled(days, str(column))
            if last is not None:
                what = f"is empty since {last:%Y-%m-%d}, the last day with a value"
                advice = "look what changed in the source then; features of it mean two different things"
                rows = int(days.rows[days.rows.index > last].sum())
                yield Fault("warning", sheet.name, str(column), what, advice, rows=rows)


@whole_check
def few_buyers(evidence: Evidence) -> Iterator[Fault]:
    """More than half of the customers described without a transaction; counts them."""
    if not all(table in evidence.sheets for table in ("customers", "transactions")):
        return
    if all(evidence.sheets[table].has("customer_id") for table in ("customers", "transactions")):
        customers, buyers = (evidence.ids(table, "customer_id") for table in ("customers", "transactions"))
        found = evidence.one(
            f"SELECT count(*) AS customers, count(*) FILTER (WHERE id NOT IN (SELECT id FROM {buyers})) AS rows, "
            f"min(id) FILTER (WHERE id NOT IN (SELECT id FROM {buyers})) AS id FROM {customers}"
        )
        if found["rows"] > MOSTLY * found["customers"]:
            what = f"has no transaction for {found['rows']} of {found['customers']} customers"
            advice = "look whether ids are written alike, and whether transactions are complete"
            rows, example = int(found["rows"]), repr(found["id"])
            yield Fault("warning", "customers", "customer_id", what, advice, rows=rows, example=example)


def _columns(evidence: Evidence) -> Iterator[tuple[str, ColumnProfile]]:
    for table in evidence.sheets:
        for column in evidence.profiles[table].columns:
            yield table, column


def _last_filled(days: Days, column: str) -> pd.Timestamp | None:
    """Give the last day on which a column that used to be filled was, if it is silent for too long since."""
    rows = days.rows[days.rows > 0]
    filled = days.filled[column][rows.index]
    position = (filled > 0).to_numpy().nonzero()[0]
    if not len(position):
        return None
    last = int(position[-1])
    silent, earlier = len(rows) - 1 - last, int(max([1, *(position[1:] - position[:-1])])) - 1
    recent = slice(max(last + 1 - LOOK_BACK, 0), last + 1)
    share = filled.iloc[recent].sum() / rows.iloc[recent].sum()
    missed = share * rows.iloc[last + 1 :].sum()
    stopped = silent >= SILENT_DAYS and silent > TIMES_LONGER * earlier and missed >= FEWEST_MISSED
    return pd.Timestamp(rows.index[last]) if stopped else None
