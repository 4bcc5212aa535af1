"""Monthly contracts: renewed, changed, ended, taken up again."""

import numpy as np
import pandas as pd

from features.datasets.simulator.customers import People
from features.datasets.simulator.period import DAY, Floats, Ints, Period, pick

HOLDERS = 0.25
"""Share of customers who ever take a contract."""

HAZARD = (1.0, 12.0)
"""The monthly probability of not renewing ~ Beta(1, 12): the shifted beta-geometric of Fader & Hardie 2007."""

GONE_FACTOR, LARGEST_HAZARD = 3.0, 0.9
"""Whoever has stopped buying ends a contract three times as readily."""

CHANGE, COMEBACK = 0.03, 0.04
"""Monthly probability of another plan, and of a new contract after an ended one."""

PLANS = ["basic", "plus", "premium"]
PRICES = np.array([9.99, 19.99, 39.99])
PLAN_UPTO = np.array([0.5, 0.85])
"""Half start with basic, 35 % with plus, 15 % with premium."""

NONE = -1
"""Plan number of a month without a contract."""


def subscriptions(rng: np.random.Generator, known: People, *, period: Period) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give the table `subscriptions` and its truth (customer_id, hazard: monthly, while the customer still buys).

    A row is a stay in one plan at a monthly `price`, `start` included and `end` excluded, NaT while open; a change of
    plan ends one row and starts the next on the same day. Contracts of one customer do not overlap.
    """
    holder = np.flatnonzero(rng.random(len(known.ids)) < HOLDERS)
    hazard = rng.beta(*HAZARD, len(holder))
    first = known.joined[holder] // DAY + rng.integers(1, period.days // 6 + 1, len(holder))
    due = anniversaries(first, period)
    gone = due * DAY >= known.gone[holder, np.newaxis]
    monthly = np.where(gone, np.minimum(GONE_FACTOR * hazard[:, np.newaxis], LARGEST_HAZARD), hazard[:, np.newaxis])
    table = _stays(_careers(rng, monthly), due, period=period)
    table.insert(0, "customer_id", known.named(holder[table.pop("holder")]))
    return table, pd.DataFrame({"customer_id": known.named(holder), "hazard": hazard})


def anniversaries(first: Ints, period: Period) -> Ints:
    """Give the day numbers on which contracts fall due, contracts × months: the same day of each month, or its last."""
    begun = period.origin + first.astype("timedelta64[D]")
    month = begun.astype("datetime64[M]")
    day = begun - month.astype("datetime64[D]")
    months = month[:, np.newaxis] + np.arange(period.days // 28 + 2).astype("timedelta64[M]")
    last = (months + np.timedelta64(1, "M")).astype("datetime64[D]") - np.timedelta64(1, "D")
    falls = np.minimum(months.astype("datetime64[D]") + day[:, np.newaxis], last)
    days: Ints = (falls - period.origin).astype(np.int64)
    return days


def _careers(rng: np.random.Generator, hazard: Floats) -> Ints:
    """Give the plan held from each due day on, contracts × months, `NONE` where there is none."""
    plan = np.empty(hazard.shape, dtype=np.int64)
    fresh = np.searchsorted(PLAN_UPTO, rng.random(hazard.shape), side="right")
    other = rng.integers(1, len(PLANS), hazard.shape)
    luck = rng.random(hazard.shape)
    plan[:, 0] = fresh[:, 0]
    for month in range(1, hazard.shape[1]):
        before, chance = plan[:, month - 1], luck[:, month]
        changed = np.where(chance > 1 - CHANGE, (before + other[:, month]) % len(PLANS), before)
        renewed = np.where(chance < hazard[:, month], NONE, changed)
        again = np.where(chance < COMEBACK, fresh[:, month], NONE)
        plan[:, month] = np.where(before == NONE, again, renewed)
    return plan


def _stays(plan: Ints, due: Ints, *, period: Period) -> pd.DataFrame:
    """Turn months into stays of one plan; what falls due after the period is not known yet."""
    begins = np.diff(plan, axis=1, prepend=NONE - 1) != 0
    holder, month = np.nonzero(begins & (due < period.days))
    start = due[holder, month]
    open_end = np.diff(holder, append=-1) != 0
    end = np.where(open_end, 0, np.roll(start, -1))
    held = plan[holder, month]
    table = pd.DataFrame(
        {
            "holder": holder,
            "plan": pick(PLANS, np.maximum(held, 0)),
            "start": period.times(start * DAY),
            "end": pd.Series(period.times(end * DAY)).mask(open_end),
            "price": PRICES[held],
        }
    )
    stays: pd.DataFrame = table[held != NONE]
    return stays.reset_index(drop=True)
