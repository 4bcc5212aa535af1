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


@target(kind="amount")
def future_margin(e: Events) -> Number:
    """Amount less cost of the purchases within the horizon; lines without a cost are left out. Unit: currency."""
    return (e["amount"] - e["cost"]).sum()


@target(kind="binary", by="category")
def bought_category(e: Events) -> Number:
    """1 if the category is bought within the horizon, else 0."""
    return e.count() > 0


@target(kind="binary", of="returns")
def returned(e: Events) -> Number:
    """1 if something is returned within the horizon, else 0."""
    return e.count() > 0


@target(kind="binary", of="events")
def redeemed(e: Events) -> Number:
    """1 if a coupon is redeemed within the horizon (an event of the kind `coupon_redemption`), else 0."""
    return e.where(e["kind"] == "coupon_redemption").count() > 0


@target(kind="binary", of="subscriptions")
def subscription_ended(e: Events) -> Number:
    """1 if more contracts end within the horizon than begin: who changes plan or comes back in time stays. Else 0."""
    return e.where(e["kind"] == "end").count() > e.where(e["kind"] == "start").count()
