"""Membership: whether one runs, since when, and what came before; contracts at most the grace apart are one.

Customers whose contracts end are churned where none follows in time, which is known only once that time is over: the
data set's policy `grace_days` says how long that is. Contractual churn: Ascarza, Neslin, Netzer et al. (2018), "In
pursuit of enhanced customer retention management".
"""

from features.declaration import feature
from features.expression import Events, Number


def _begun(e: Events) -> Events:
    return e.where(e["kind"] == "start")


def _runs(e: Events) -> Number:
    """Give 1 while a membership runs; a number divided by it is nothing otherwise."""
    return _begun(e).count() > e.where(e["kind"] == "lapse").count()


@feature(of="memberships", drift="elapsed")
def membership_days(e: Events) -> Number:
    """Age of the running membership, changed and re-taken contracts included; nothing unless one runs. Unit: days."""
    return _begun(e)["age_days"].min() / _runs(e)


@feature(of="memberships", empty=0, drift="elapsed")
def memberships_before(e: Events) -> Number:
    """Memberships begun before the latest one. Unit: memberships."""
    return _begun(e).count() - 1


@feature(of="memberships", empty=0)
def in_grace(e: Events) -> Number:
    """Whether a membership runs while no contract does: the last one is over, another may follow. Unit: 0 or 1."""
    contracts = e.of("subscriptions")
    ended = contracts.where(contracts["kind"] == "end").count()
    return _runs(e) & (contracts.where(contracts["kind"] == "start").count() <= ended)
