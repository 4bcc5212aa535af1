"""What the shop has sent to a customer: touches with `treatment`; those of control groups were never received."""

from features.declaration import feature
from features.expression import Events, Number


@feature(of="touches", window_days=(91,), empty=0)
def touches_received(e: Events) -> Number:
    """Touches received within the window. Unit: touches."""
    return e.where(e["treatment"]).count()


@feature(of="touches")
def days_since_touch(e: Events) -> Number:
    """Time from the day of the last touch received to the cutoff; nothing if never. Unit: days."""
    return e.where(e["treatment"])["age_days"].min()


@feature(of="touches", window_days=(182,), empty=0)
def touch_cost(e: Events) -> Number:
    """What the touches received within the window have cost. Unit: currency."""
    return e.where(e["treatment"])["cost"].sum()
