"""How regular a customer's purchases are: the more regular, the sooner a silence tells.

Platzer and Reutterer (2016), "Ticking away the moments: timing regularity helps to better predict customer activity".
"""

from features.declaration import feature
from features.expression import Events, Number


@feature()
def gap_cv(e: Events) -> Number:
    """Standard deviation of the time between purchase days over its mean; 1 is at random. Unit: ratio."""
    gaps = e.by_day()["gap_days"]
    return gaps.std() / gaps.mean()


@feature()
def gap_last(e: Events) -> Number:
    """Time between the last purchase day and the one before it. Unit: days."""
    return e.by_day()["gap_days"].last()


@feature()
def gap_last_ratio(e: Events) -> Number:
    """Time between the last two purchase days over the mean time between purchase days. Unit: ratio."""
    gaps = e.by_day()["gap_days"]
    return gaps.last() / gaps.mean()
