"""Logs of purchases whose setting is known: payments of contracts, and a till beside which they look alike."""

import numpy as np
import pandas as pd

from tests.models.buy_till_you_die.donations import donations

START = pd.Timestamp("2023-01-02")
Log = pd.DataFrame


def _log(rows: list[tuple[str, pd.Timestamp, float]]) -> Log:
    return pd.DataFrame(rows, columns=["customer_id", "time", "amount"])


def monthly(customers: int = 200, *, seed: int = 1) -> Log:
    """Draw subscribers who pay 9.99, 19.99 or 39.99 on the same day of each month, some late, until they are lost."""
    rng = np.random.default_rng(seed)
    rows = []
    for customer in range(customers):
        first = START + pd.Timedelta(days=int(rng.integers(0, 300)))
        price, stays = rng.choice([9.99, 19.99, 39.99]), int(rng.geometric(rng.beta(1, 12)))
        for month in range(min(stays, 18)):
            late = pd.Timedelta(days=int(rng.integers(0, 3)), hours=int(rng.integers(0, 24)))
            rows.append((f"s{customer}", first + pd.DateOffset(months=month) + late, round(float(price), 2)))
    return _log(rows)


def every(days: int, *, customers: int = 200, times: int = 8, seed: int = 2) -> Log:
    """Draw subscribers who pay the same amount, each their own, once every so many days."""
    rng = np.random.default_rng(seed)
    return _log(
        [
            (f"s{customer}", START + pd.Timedelta(days=int(offset) + days * time), float(price))
            for customer, offset, price in zip(
                range(customers), rng.integers(0, 30, customers), rng.integers(5, 90, customers), strict=True
            )
            for time in range(times)
        ]
    )


def weekly_groceries(customers: int = 200, *, seed: int = 3) -> Log:
    """Draw households that shop every Saturday, for what they need."""
    rng = np.random.default_rng(seed)
    log = every(7, customers=customers, times=30, seed=seed)
    return log.assign(amount=rng.gamma(4, 20, len(log)).round(2))


def one_price(customers: int = 200, *, seed: int = 4) -> Log:
    """Draw people who take a coffee of the same price whenever they like."""
    rng = np.random.default_rng(seed)
    rows = []
    for customer in range(customers):
        days = np.cumsum(rng.geometric(0.1, 15))
        rows += [(f"c{customer}", START + pd.Timedelta(days=int(day)), 3.5) for day in days]
    return _log(rows)


def yearly_gifts(*, seed: int = 5) -> Log:
    """Give the gifts of the 11,104 donors of the BG/BB paper, 25 each: a first, x more in years up to t_x."""
    rng, found = np.random.default_rng(seed), donations()
    rows, donor = [], 0
    for x, t_x, weight in zip(*(found[name].astype(int) for name in ("x", "t_x", "weight")), strict=True):
        for _ in range(weight):
            donor += 1
            between = rng.permutation(np.arange(1, t_x))[: max(x - 1, 0)]
            for year in {0, t_x, *between.tolist()}:
                rows.append((f"d{donor}", START + pd.DateOffset(years=int(year)), 25.0))
    return _log(rows)


def by_the_week(amount: float, *, customers: int = 200, seed: int = 6) -> Log:
    """Draw whether each customer was seen in each of 40 weeks, nearly always, until they are lost."""
    rng = np.random.default_rng(seed)
    rows = []
    for customer in range(customers):
        weeks = np.flatnonzero(rng.random(min(40, 4 + int(rng.geometric(0.05)))) < 0.97)
        rows += [(f"c{customer}", START + pd.Timedelta(weeks=int(week)), amount) for week in weeks]
    return _log(rows)
