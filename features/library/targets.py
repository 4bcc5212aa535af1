"""What may be predicted: numbers of a customer over the horizon."""

from features.declaration import target
from features.expression import Events, Number


@target(kind="binary", empty=1)
def churned(e: Events) -> Number:
    """1 if there is no purchase within the horizon, else 0."""
    return e.count() == 0


@target(kind="count")
def orders(e: Events) -> Number:
    """Days with a purchase within the horizon (the repeat transactions of the BTYD models). Unit: days."""
    return e.by_day().count()


@target(kind="amount")
def future_spend(e: Events) -> Number:
    """Amount of the purchases within the horizon. Unit: currency."""
    return e["amount"].sum()


@target(kind="binary", by="category")
def bought_category(e: Events) -> Number:
    """1 if the category is bought within the horizon, else 0."""
    return e.count() > 0
