"""Rows that are there twice, and days that were loaded twice."""

from collections.abc import Iterator
from typing import Final

import pandas as pd

from features.engine.render import identifier
from features.finding import Severity
from features.usability.checks import whole_check
from features.usability.evidence import Evidence
from features.usability.fault import Fault
from features.usability.sheet import Sheet

TABLES: Final = ("transactions", "events", "touches")
FEWEST_ROWS: Final = 3
"""So many different rows of a day must all be there twice before the day was loaded twice."""
FEWEST_IN_ALL: Final = 20
"""So many different rows of a table must all be there twice before the table was loaded twice."""
RARE: Final = 1e-3
"""How often chance alone may repeat every row of a day in such a table."""
_NOTED: Final[dict[bool, Severity]] = {True: "note", False: "warning"}


@whole_check
def equal_rows(evidence: Evidence) -> Iterator[Fault]:
    """Rows equal in every column, the order id among them; counts those too many, but for days loaded twice."""
    for sheet in _sheets(evidence):
        found = _repeats(evidence, sheet)
        rows = int(found.loc[found["ordered"] & ~found["twice"], "surplus"].sum())
        if rows:
            dropped = sheet.policy.duplicates == "drop"
            advice = (
                "nothing to do: the policy drops them" if dropped else "say policy duplicates = 'drop', or drop them"
            )
            example = evidence.example(sheet, "order_id", f"{_filled(sheet)} AND {_repeated(sheet, _filled(sheet))}")
            what, severity = "has rows that repeat another, order id and all", _NOTED[dropped]
            yield Fault(severity, sheet.name, "order_id", what, advice, rows=rows, example=example)


@whole_check
def equal_rows_without_order(evidence: Evidence) -> Iterator[Fault]:
    """Transactions equal in every column without an order id: nothing tells a repeat from a second purchase."""
    for sheet in _sheets(evidence):
        found = _repeats(evidence, sheet)
        rows = int(found.loc[~found["ordered"] & ~found["twice"], "surplus"].sum())
        if rows and sheet.name == "transactions":
            example = evidence.example(
                sheet, "", f"NOT {_filled(sheet)} AND {_repeated(sheet, f'NOT {_filled(sheet)}')}"
            )
            what, advice = "has rows that repeat another, without an order id", "nothing to do; order ids would tell"
            yield Fault("note", sheet.name, "", what, advice, rows=rows, example=example)


@whole_check
def day_loaded_twice(evidence: Evidence) -> Iterator[Fault]:
    """Days of which every row is there twice or more; counts the rows too many."""
    for sheet in _sheets(evidence):
        found = _repeats(evidence, sheet)
        twice = found[found["twice"]]
        if len(twice):
            days = sorted(twice["day"].unique())
            what = f"has every row of {len(days)} {'days' if len(days) > 1 else 'day'} twice or more"
            advice = "load these days again, once; features count them double"
            example = ", ".join(days[:3]) + (" …" if len(days) > 3 else "")
            yield Fault("error", sheet.name, "", what, advice, rows=int(twice["surplus"].sum()), example=example)


def _sheets(evidence: Evidence) -> list[Sheet]:
    return [sheet for sheet in evidence.having("time") if sheet.name in TABLES]


def _repeats(evidence: Evidence, sheet: Sheet) -> pd.DataFrame:
    return evidence.once(("repeats", sheet.name), lambda: _counted(evidence, sheet))


def _counted(evidence: Evidence, sheet: Sheet) -> pd.DataFrame:
    """Count, for each day and for rows with and without an order id, the different rows and those too many.

    `least` is how often the rarest of the different rows is there; `twice` says that the day was loaded twice.
    """
    day = f"CAST(CAST({sheet.value('time')} AS DATE) AS VARCHAR)"
    rows = f"SELECT {_hash(sheet)} AS row, {day} AS day, {_filled(sheet)} AS ordered FROM {sheet.relation}"
    groups = (
        f"SELECT any_value(day) AS day, any_value(ordered) AS ordered, count(*) AS times FROM ({rows}) GROUP BY row"
    )
    found = pd.DataFrame(
        evidence.raw.ask(
            "SELECT coalesce(day, '') AS day, ordered, count(*) AS rows, min(times) AS least, "
            "count_if(times > 1) AS repeated, "
            f"sum(times - 1) AS surplus FROM ({groups}) GROUP BY ALL"
        )
    )
    return found.assign(twice=_loaded_twice(found))


def _loaded_twice(found: pd.DataFrame) -> pd.Series:
    """Tell the days whose rows are all there twice, more than chance explains.

    On other days some share of the different rows is repeated: so rarely must as many as the day has all be repeated.
    Where there is no other day, the whole table was loaded twice.
    """
    by_day = found.groupby("day")
    rows, candidate = by_day["rows"].transform("sum"), by_day["least"].transform("min") > 1
    others = found[~candidate]
    if not len(others):
        return candidate & (found["rows"].sum() >= FEWEST_IN_ALL)
    chance = ((others["repeated"].sum() + 1) / (others["rows"].sum() + 2)) ** rows * len(by_day)
    return candidate & (found["day"] != "") & (rows >= FEWEST_ROWS) & (chance < RARE)


def _hash(sheet: Sheet) -> str:
    return f"hash({', '.join(identifier(column) for column in sheet.raw.types)})"


def _filled(sheet: Sheet) -> str:
    return f"({sheet.value('order_id')} IS NOT NULL)" if sheet.has("order_id") else "FALSE"


def _repeated(sheet: Sheet, condition: str) -> str:
    hashed = _hash(sheet)
    rows = f"SELECT {hashed} FROM {sheet.relation} WHERE {condition} GROUP BY 1 HAVING count(*) > 1"
    return f"{hashed} IN ({rows})"
