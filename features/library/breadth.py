"""How wide a customer buys."""

from features.declaration import feature
from features.expression import Events, Number


@feature(window_days=(91,), empty=0)
def categories(e: Events) -> Number:
    """Different categories bought within the window. Unit: categories."""
    return e["category"].distinct()


@feature(empty=0, drift="elapsed")
def categories_ever(e: Events) -> Number:
    """Different categories bought so far. Unit: categories."""
    return e["category"].distinct()


@feature()
def lines_per_day(e: Events) -> Number:
    """Lines bought per purchase day. Unit: lines."""
    return e.count() / e.by_day().count()
