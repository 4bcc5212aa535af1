"""Exponentially decayed counts and spend: one half-life ago counts half."""

from features.declaration import feature
from features.expression import Events, Number


@feature(half_life_days=(14, 45, 120), empty=0)
def purchase_days_decayed(e: Events, half_life_days: int) -> Number:
    """Days with a purchase, each weighed by 2^(−age / half-life). Unit: days."""
    return e.by_day().count(half_life_days=half_life_days)


@feature(half_life_days=(14, 45, 120), empty=0)
def spend_decayed(e: Events, half_life_days: int) -> Number:
    """Amount of the purchases, each weighed by 2^(−age / half-life). Unit: currency."""
    return e["amount"].sum(half_life_days=half_life_days)
