"""What happened lately: counts and spend of fixed windows, and how they compare."""

from features.declaration import feature
from features.expression import Events, Number


@feature(window_days=(28, 56, 91, 182), empty=0)
def purchase_days(e: Events) -> Number:
    """Days with a purchase within the window. Unit: days."""
    return e.by_day().count()


@feature(window_days=(28, 91, 182), empty=0)
def spend(e: Events) -> Number:
    """Amount of the purchases within the window. Unit: currency."""
    return e["amount"].sum()


@feature()
def spend_trend(e: Events) -> Number:
    """Spend of the last 28 days as a share of the last 91 days'; even spending gives 0.31. Unit: share."""
    return e.within(28)["amount"].sum() / e.within(91)["amount"].sum()
