"""What customers brought month by month after they were won, and how many were kept: what economics are made of."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import pandas as pd

from features.engine.ledger.sums import SCALE, months
from features.history import History
from features.ledger.attribute import acquired
from features.ledger.statement import Statement

SHARE_KNOWN: Final = 0.1
"""A month of age counts while at least this share of those who were won is known for so long."""


@dataclass(frozen=True)
class Won:
    """Those whose first purchase lies in the statement's period, money in currency a customer.

    `count` of them; `cost` is what winning one cost: what was spent on their channel, and contacts before their first
    purchase. It is None where the sheet tells of no spending on any channel that they came by: contacts alone are not
    what winning costs. What was spent on a channel that brought nobody is in no `cost`. `first_order` is what their
    first day brought, `contributions` what their first month did, the second and so on, each the mean of those of whom
    so long is known.
    """

    count: int
    cost: float | None
    first_order: float
    contributions: tuple[float, ...]


@dataclass(frozen=True)
class Kept:
    """All of a segment, over the `periods` of some months that the statement's period holds, back from its end.

    `retention` is the share of those who buy in one period that buy in the next (None where there is no next), of
    `asked` such customers and periods; `margin` what a customer who buys in a period brings in it, in currency.
    """

    periods: int
    retention: float | None
    margin: float
    asked: int


@dataclass(frozen=True)
class Cohort:
    """A segment's customers. What they bring is after contacts and events, without cost to serve by the year."""

    segment: str
    won: Won
    kept: Kept


def cohorts(made: Statement, history: History, segment: pd.Series) -> Iterator[Cohort]:
    """Give the cohorts of a statement's customers by segment (of `features.ledger.segments.segments`), by name."""
    told = months(history, made.sheet, until=made.period.until)
    told = told.assign(contribution=told["contribution"] / 10**SCALE)
    told = told.merge(segment, left_on="customer_id", right_index=True)
    first = pd.Series(acquired(made.sheet, made.period, made.customers), index=made.customers.index)
    spent = -made.customers["acquisition_cost"][first] / 10**made.sheet.decimals
    paid = made.customers["first_channel"].isin({each.channel for each in made.sheet.acquisition})
    length, whole = made.sheet.economics.period_months, _whole_months(made)
    for name, rows in told.groupby("segment"):
        own = spent[segment[spent.index] == name]
        of_own = rows[rows["customer_id"].isin(own.index)]
        won = _won(of_own, own, told=bool(paid[own.index].any()))
        yield Cohort(str(name), won, _kept(rows, length=length, periods=whole // length))


def _won(rows: pd.DataFrame, spent: pd.Series, *, told: bool) -> Won:
    count = max(len(spent), 1)
    before = rows.loc[rows["age"] < 0, "contribution"].sum()
    return Won(
        count=len(spent),
        cost=float((spent.sum() - before) / count) if told else None,
        first_order=float(rows.loc[rows["first"], "contribution"].sum() / count),
        contributions=tuple(_by_age(rows)),
    )


def _by_age(rows: pd.DataFrame) -> Iterator[float]:
    """Give what customers brought in each month of age, on average of those of whom so long is known."""
    known = rows.groupby("customer_id")["known"].first()
    for age in range(int(known.max()) if len(known) else 0):
        long_known = int((known > age).sum())
        if long_known < SHARE_KNOWN * len(known):
            return
        brought = rows.loc[(rows["age"] == age) & (rows["known"] > age), "contribution"].sum()
        yield float(brought / long_known)


def _kept(rows: pd.DataFrame, *, length: int, periods: int) -> Kept:
    inside = rows[(rows["ago"] < periods * length) & (rows["age"] >= 0)]
    buys = inside[inside["orders"] > 0]
    bought = set(zip(buys["customer_id"], buys["ago"] // length, strict=True))
    asked = [(customer, ago) for customer, ago in bought if ago > 0]
    stayed = sum((customer, ago - 1) in bought for customer, ago in asked)
    return Kept(
        periods=periods,
        retention=stayed / len(asked) if asked else None,
        margin=float(inside["contribution"].sum() / max(len(bought), 1)),
        asked=len(asked),
    )


def _whole_months(made: Statement) -> int:
    """Count the whole months of a statement's period, back from its end."""
    since, until = made.period.since, made.period.until
    months = (until.year - since.year) * 12 + until.month - since.month
    return months if until - pd.DateOffset(months=months) >= since else months - 1
