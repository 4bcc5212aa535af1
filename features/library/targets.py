"""What may be predicted: numbers of a customer over the horizon."""

from features.declaration import target
from features.expression import Events, Horizon, Number, Past


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


@target(kind="amount", of="transactions")
def future_contribution(e: Events) -> Number:
    """Amount less cost of purchases and returns within the horizon, below 0 for who costs more than they bring; lines
    without a cost are left out. Of a dataset with a cost sheet it is contribution 2: after product cost, payment fees,
    what orders cost and what comes back. What contacts will cost is for the shop to decide, and not in it.
    Unit: currency.
    """
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


@target(kind="binary", of="events", by="campaign")
def redeemed_offer(e: Events) -> Number:
    """1 if a coupon of the campaign is redeemed within the horizon, else 0. Ask for it from the touch on: the
    population `touched` has the campaign of each row.
    """
    return e.where(e["kind"] == "coupon_redemption").count() > 0


@target(kind="binary", of="memberships")
def lapsed(e: Events) -> Number:
    """1 if a membership lapses within the horizon, else 0: its last contract has ended, and the grace was over without
    another. Who is back within the grace has not lapsed; who is back later has, even if still within the horizon. Who
    lapses within a horizon shorter than the grace has no contract at the cutoff any more: to act before, ask for more.
    """
    return e.where(e["kind"] == "lapse").count() > 0


_BEFORE_DAYS = 84
"""With what is compared: long enough for weekly habits to show, short enough to be the customer of now."""
_ROUNDED = 1e-6
"""Less than a difference of money can be where it is none; more than doubles lose: who spends exactly half stays."""


@target(kind="binary", percent=(50,))
def spend_fell(e: Horizon, past: Past, *, percent: int) -> Number:
    """1 if spend a day within the horizon is below the percentage in the name of spend a day in the 84 days before the
    cutoff, else 0. Who spent nothing in those has not fallen (0), whatever comes; who joined within them is compared
    with spend over all 84 days.
    """
    spent, before = e["amount"].sum(), past.within(_BEFORE_DAYS)["amount"].sum()
    return spent * (100 * _BEFORE_DAYS) - before * (percent * e.horizon_days) < -_ROUNDED


@target(kind="binary", percent=(25,))
def spent_more(e: Horizon, past: Past, *, percent: int) -> Number:
    """1 if spend a day within the horizon is at least the percentage in the name above spend a day in the 84 days
    before the cutoff, else 0. Who spent nothing in those has no spend to grow (0): coming back is another question.
    """
    spent, before = e["amount"].sum(), past.within(_BEFORE_DAYS)["amount"].sum()
    grown = spent * (100 * _BEFORE_DAYS) - before * ((100 + percent) * e.horizon_days)
    return (grown >= -_ROUNDED) & (before > 0)


@target(kind="binary")
def price_tier_up(e: Events, past: Past) -> Number:
    """1 if the mean line amount within the horizon is at least 25 % above the customer's own in the 84 days before the
    cutoff, else 0; 0 too without a purchase in either. A tier is a step of 25 % on the customer's own level: steps
    that are the same for all would have to be fitted to the shop's prices, and would count who stands near a step. Of
    lines and not of units, for a till need not count these, and what it counts may be grams.
    """
    mean, before = e["amount"].mean(), past.within(_BEFORE_DAYS)["amount"].mean()
    return (mean * 4 - before * 5 >= -_ROUNDED) & (before > 0)
