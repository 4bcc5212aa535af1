"""Contracts: whether one runs, since when, at which price, and what came before.

A customer is subscribed while more contracts have begun than ended; a change of plan ends one contract and begins
another at the same instant. Where several run at once, the present one is the one begun last. Discrete-time contracts
and their renewal: Fader and Hardie (2007), "How to project customer retention".
"""

from features.declaration import feature
from features.expression import Events, Number


def _begun(e: Events) -> Events:
    return e.where(e["kind"] == "start")


def _ended(e: Events) -> Events:
    return e.where(e["kind"] == "end")


def _runs(e: Events) -> Number:
    """Give 1 while subscribed; a number divided by it is nothing otherwise."""
    return _begun(e).count() > _ended(e).count()


@feature(of="subscriptions", empty=0)
def subscribed(e: Events) -> Number:
    """Whether a contract runs. Unit: 0 or 1."""
    return _runs(e)


@feature(of="subscriptions", drift="elapsed")
def subscription_days(e: Events) -> Number:
    """Age of the present contract; nothing unless subscribed. Unit: days."""
    return _begun(e)["age_days"].min() / _runs(e)


@feature(of="subscriptions")
def subscription_price(e: Events) -> Number:
    """Price of the present contract; nothing unless subscribed. Unit: currency."""
    return _begun(e)["price"].last() / _runs(e)


@feature(of="subscriptions")
def subscription_price_change(e: Events) -> Number:
    """Price of the present contract less that of the first; nothing unless subscribed. Unit: currency."""
    prices = _begun(e)["price"]
    return (prices.last() - prices.first()) / _runs(e)


@feature(of="subscriptions", empty=0, drift="elapsed")
def plan_changes(e: Events) -> Number:
    """Contracts begun after the first: plans changed, and contracts taken up again. Unit: contracts."""
    return _begun(e).count() - 1


@feature(of="subscriptions", empty=0, drift="elapsed")
def contracts_ended(e: Events) -> Number:
    """Contracts ended so far, those of changed plans included. Unit: contracts."""
    return _ended(e).count()


@feature(of="subscriptions")
def days_to_renewal(e: Events) -> Number:
    """Time until the present contract's term (column `term_days`) is over, the day of renewal being the first of the
    next term; nothing unless subscribed. Unit: days.
    """
    age, term = _begun(e)["age_days"].min(), _begun(e)["term_days"].last()
    return (term - age % term) / _runs(e)


@feature(of="subscriptions")
def subscription_term_days(e: Events) -> Number:
    """Length of the present contract's term (column `term_days`); nothing unless subscribed. Unit: days."""
    return _begun(e)["term_days"].last() / _runs(e)
