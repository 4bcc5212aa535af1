"""Opportunities to buy that were taken: periods of so many days, counted back from the cutoff, with a purchase.

Discrete time as BG/BB has it: Fader, Hardie and Shang (2010), "Customer-base analysis in a discrete-time noncontractual
setting". The last period ends at the cutoff, and the first opportunity is the period after that of the first purchase.
"""

from features.declaration import feature
from features.expression import Events, Number


def _taken(e: Events, days: int) -> Number:
    """Count the purchase days before which there was one in an earlier period, and none in theirs."""
    bought = e.by_day()
    return ((bought["age_days"] - 1) % days + bought["gap_days"] >= days).sum()


@feature(empty=0, drift="elapsed")
def repeat_periods_7d(e: Events) -> Number:
    """Periods of 7 days before the cutoff with a purchase, less that of the first purchase. Unit: periods."""
    return _taken(e, 7)


@feature(empty=0, drift="elapsed")
def repeat_periods_28d(e: Events) -> Number:
    """Periods of 28 days before the cutoff with a purchase, less that of the first purchase. Unit: periods."""
    return _taken(e, 28)
