"""Costs that no line tells of, given to customers: in whole cents, all of them, or to nobody, with the reason."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from configs.costs import Acquisition, CostSheet
from features.ledger.cents import Whole, spread
from features.ledger.period import Period, cents_of_period, spent


@dataclass(frozen=True)
class Given:
    """What each customer bears, and what stays nobody's; `why` says why it does."""

    customers: Whole
    nobody: int = 0
    why: str = ""


def nobodys(parts: Iterable[Given]) -> int:
    """Add up what stays nobody's."""
    return sum(each.nobody for each in parts)


def administration(sheet: CostSheet, period: Period, customers: pd.DataFrame) -> Given:
    """Spread administration by net revenue (one below 0 counts as none), by orders, or evenly over who is active.

    `customers` has a row each: net_revenue, orders and active.
    """
    nothing = np.zeros(len(customers), dtype=np.int64)
    if sheet.administration is None:
        return Given(nothing)
    by = sheet.administration.by
    weights = customers["active" if by == "customers" else by].clip(lower=0).astype("int64").tolist()
    total = cents_of_period(sheet.administration.amount, sheet, period)
    if not sum(weights):
        return Given(nothing, total, f"administration: nobody has {by.replace('_', ' ')} to spread it by")
    return Given(spread(total, weights))


def acquisition(entry: Acquisition, sheet: CostSheet, period: Period, customers: pd.DataFrame) -> Given:
    """Share what was spent on a channel within a period evenly among those whose first purchase it brought then.

    `customers` has a row each: first_time and first_channel.
    """
    total, borne = period.cents_of(entry, sheet.decimals), np.zeros(len(customers), dtype=np.int64)
    of_channel = (customers["first_channel"] == entry.channel).fillna(False).to_numpy(dtype=bool)
    won = np.flatnonzero(of_channel & acquired(sheet, spent(entry).within(period), customers))
    if total and not len(won):
        return Given(borne, total, f"acquisition by {entry.channel!r}: it brought nobody's first purchase")
    borne[won] = spread(total, [1] * len(won)) if total else 0
    return Given(borne)


def acquired(sheet: CostSheet, period: Period, customers: pd.DataFrame) -> NDArray[np.bool_]:
    """Tell whose first purchase lies within a period, and not where nobody knows whether it was the first."""
    known, first = sheet.economics.known_since, customers["first_time"]
    since = period.since if known is None else max(period.since, pd.Timestamp(known))
    return ((first >= since) & (first < period.until)).fillna(False).to_numpy(dtype=bool)
