"""Periods, and what of a total falls into one: by days."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import pandas as pd

from configs.costs import Acquisition, CostSheet
from features.ledger.cents import cents

_TICK: Final = pd.Timedelta("1us")
_YEAR: Final = 365 * 86_400 * 1_000_000


@dataclass(frozen=True)
class Period:
    """[since, until)."""

    since: pd.Timestamp
    until: pd.Timestamp

    @property
    def years(self) -> Decimal:
        """Its length in years of 365 days."""
        return Decimal(self._ticks) / Decimal(_YEAR)

    def within(self, other: "Period") -> "Period":
        """Give the part of this period that lies within another; one that ends where it begins if none does."""
        since = max(self.since, other.since)
        return Period(since, max(since, min(self.until, other.until)))

    def share_of(self, other: "Period") -> Decimal:
        """Give the share of another period that lies within this one."""
        return Decimal(other.within(self)._ticks) / Decimal(other._ticks)

    def cents_of(self, entry: Acquisition, decimals: int) -> int:
        """Give what of an amount spent falls into this period, in cents."""
        return cents(entry.amount * self.share_of(spent(entry)), decimals=decimals)

    @property
    def _ticks(self) -> int:
        return (self.until - self.since) // _TICK


def spent(entry: Acquisition) -> Period:
    """Give the period in which an amount was spent."""
    return Period(pd.Timestamp(entry.since), pd.Timestamp(entry.until))


def cents_of_period(amount: Decimal, sheet: CostSheet, period: Period) -> int:
    """Give a period's part, in cents, of a total that is of the sheet's period."""
    since, until = sheet.since, sheet.until
    assert since is not None  # where there are totals the sheet says of when
    assert until is not None
    whole = Period(pd.Timestamp(since), pd.Timestamp(until))
    return cents(amount * period.share_of(whole), decimals=sheet.decimals)
