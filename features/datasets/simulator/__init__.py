"""A seeded simulator of customer history whose truth is known: for tests, demonstrations and benchmarks."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.datasets.simulator.arrivals import arrivals, season
from features.datasets.simulator.campaigns import assign, effects, extra_orders, schedule, touches
from features.datasets.simulator.customers import PROCESS, People, hidden, people, visible
from features.datasets.simulator.events import events
from features.datasets.simulator.period import Floats, Ints, Period
from features.datasets.simulator.products import categories, products
from features.datasets.simulator.purchases import transactions
from features.datasets.simulator.subscriptions import subscriptions

START = pd.Timestamp("2024-01-01")
FEWEST_DAYS = 60


@dataclass(frozen=True)
class Simulation:
    """What a shop sees (`tables`) and what is true (`truth`); both by name.

    `tables`: transactions, products, customers, touches, events, subscriptions.
    `truth`: `process` (r, alpha, s, beta: one row), `customers` (customer_id, lambda and mu a week, alive_until, taste,
    treatment_effect), `season` (date, multiplier), `campaigns` (campaign, time, average_effect), `categories`
    (category, taste, complement), `subscriptions` (customer_id, hazard a month).
    """

    tables: dict[str, pd.DataFrame]
    truth: dict[str, pd.DataFrame]


def simulate(customers: int = 2000, *, days: int = 730, start: pd.Timestamp = START, seed: int = 0) -> Simulation:
    """Simulate the history of `customers` customers over [start, start + days); same arguments, same tables.

    Orders follow a Pareto/NBD process per customer, from the join on: a Poisson process whose rate (`lambda` a week)
    is multiplied by the season of the day and which ends at `alive_until`. On top come the extra orders that campaigns
    cause, at most one a campaign with probability `treatment_effect` while alive. Returns, subscriptions and the
    opening of e-mails go on after `alive_until`; nothing happens at or after start + days. Times are naive UTC.

    Raises `ValueError` for fewer than 1 customer or 60 days, a negative seed, or a start that is no naive midnight.
    """
    _check(customers, days=days, start=start, seed=seed)
    period = Period(start, days)
    rngs = np.random.default_rng(seed).spawn(7)
    known = people(rngs[0], customers, period=period)
    goods = products(rngs[1])
    multiplier = season(period)
    times = schedule(rngs[2], period)
    assigned = assign(rngs[2], times, known=known)
    extra = extra_orders(rngs[3], assigned, known=known)
    orders = _orders(rngs[4], extra, known=known, multiplier=multiplier, period=period)
    contracts, hazards = subscriptions(rngs[6], known, period=period)
    tables = {
        "transactions": transactions(rngs[4], orders, known=known, products=goods, period=period),
        "products": goods,
        "customers": visible(known, period),
        "touches": touches(assigned, known=known, period=period),
        "events": events(rngs[5], assigned, known=known, multiplier=multiplier, period=period),
        "subscriptions": contracts,
    }
    truth = {
        "process": pd.DataFrame([PROCESS]),
        "customers": hidden(known, period),
        "season": pd.DataFrame({"date": period.dates, "multiplier": multiplier}),
        "campaigns": effects(times, assigned, period=period),
        "categories": categories(),
        "subscriptions": hazards,
    }
    return Simulation(tables, truth)


def _check(customers: int, *, days: int, start: pd.Timestamp, seed: int) -> None:
    if customers < 1:
        raise ValueError(f"cannot simulate {customers} customers; ask for 1 or more")
    if days < FEWEST_DAYS:
        raise ValueError(f"{days} days are too few for a campaign and what follows it; use {FEWEST_DAYS} or more")
    if start.tzinfo is not None or start != start.normalize():
        raise ValueError(f"the start {start} is not a naive midnight; use start.tz_localize(None).normalize()")
    if seed < 0:
        raise ValueError(f"the seed {seed} is negative; use 0 or more")


def _orders(
    rng: np.random.Generator, extra: tuple[Ints, Ints], *, known: People, multiplier: Floats, period: Period
) -> tuple[Ints, Ints]:
    """Give who ordered when: the first order at the join, those of the process, and the `extra` ones."""
    until = np.minimum(known.gone, period.end)
    who, when = arrivals(rng, known.rate, since=known.joined, until=until, multiplier=multiplier)
    everybody = np.arange(len(known.ids))
    return np.concatenate([everybody, who, extra[0]]), np.concatenate([known.joined, when, extra[1]])
