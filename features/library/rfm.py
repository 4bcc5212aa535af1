"""Recency, frequency and monetary value in the sense of Fader, Hardie and Lee (2005), in days."""

from features.declaration import feature
from features.expression import Events, Number


@feature(empty=0, drift="elapsed")
def frequency(e: Events) -> Number:
    """Repeat purchase days x: days with a purchase, less the first. Unit: days."""
    return e.by_day().count() - 1


@feature(empty=0, drift="elapsed")
def recency_days(e: Events) -> Number:
    """Age at the last purchase, t_x: time from the first purchase day to the last. Unit: days."""
    return e["age_days"].max() - e["age_days"].min()


@feature(empty=0, drift="elapsed")
def tenure_days(e: Events) -> Number:
    """Age at the cutoff, T: time from the first purchase day to the cutoff. Unit: days."""
    return e["age_days"].max()


@feature(empty=0)
def monetary_value(e: Events) -> Number:
    """Mean spend m of a repeat purchase day; 0 without one. Unit: currency."""
    return (e["amount"].sum() - e.by_day()["amount"].first()) / (e.by_day().count() - 1)


@feature()
def mean_day_spend(e: Events) -> Number:
    """Mean spend of a purchase day, the first included. Unit: currency."""
    return e.by_day()["amount"].mean()


@feature(empty=0, drift="elapsed")
def purchase_days(e: Events) -> Number:
    """Days with a purchase. Unit: days."""
    return e.by_day().count()


@feature(empty=0, drift="elapsed")
def spend(e: Events) -> Number:
    """Amount of all purchases. Unit: currency."""
    return e["amount"].sum()


@feature()
def days_since_last(e: Events) -> Number:
    """Time from the last purchase day to the cutoff. Unit: days."""
    return e["age_days"].min()


@feature()
def recency_share(e: Events) -> Number:
    """Time since the last purchase day as a share of tenure. Unit: share."""
    return e["age_days"].min() / e["age_days"].max()
