"""The rhythm of purchases: time between purchase days, and the present silence against it."""

from features.declaration import feature
from features.expression import Events, Number


@feature()
def gap_mean(e: Events) -> Number:
    """Mean time between purchase days. Unit: days."""
    return e.by_day()["gap_days"].mean()


@feature()
def gap_std(e: Events) -> Number:
    """Standard deviation of the time between purchase days. Unit: days."""
    return e.by_day()["gap_days"].std()


@feature(drift="elapsed")
def gap_max(e: Events) -> Number:
    """Longest time between purchase days. Unit: days."""
    return e.by_day()["gap_days"].max()


@feature()
def silence_ratio(e: Events) -> Number:
    """Time since the last purchase day over the mean time between purchase days. Unit: ratio."""
    return e["age_days"].min() / e.by_day()["gap_days"].mean()
