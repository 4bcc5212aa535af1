"""Randomised campaigns with a known effect."""

import numpy as np
import pandas as pd

from features.datasets.simulator.customers import People
from features.datasets.simulator.period import DAY, Ints, Period, pick

EVERY_DAYS, WANDER_DAYS = 60, 5
"""A campaign about day 30 and every 60 days after, each moved by up to five days, at 9 o'clock."""

EFFECT_DAYS = 14
"""An extra order falls into these days after the touch, the touch included."""

CHANNELS = ["email", "post"]
COST = np.array([0.02, 0.85])
"""Currency a treated customer; campaigns take turns between e-mail and post."""


def schedule(rng: np.random.Generator, period: Period) -> Ints:
    """Give the campaigns' times (seconds); the days of effect of the last one end within the period."""
    days = np.arange(EVERY_DAYS // 2, period.days, EVERY_DAYS)
    days += rng.integers(-WANDER_DAYS, WANDER_DAYS + 1, len(days))
    return (days[days + EFFECT_DAYS < period.days] * DAY + 9 * 3_600).astype(np.int64)


def assign(rng: np.random.Generator, times: Ints, *, known: People) -> pd.DataFrame:
    """Throw a fair coin for every customer known at each campaign; one row each: customer, campaign, time, treatment.

    `chance` is the probability of one extra order if treated: the customer's effect, 0 once the customer is gone.
    """
    campaign, customer = np.nonzero(known.joined < times[:, np.newaxis])
    time = times[campaign]
    return pd.DataFrame(
        {
            "customer": customer,
            "campaign": campaign,
            "time": time,
            "treatment": rng.random(len(time)) < 0.5,
            "chance": np.where(known.gone[customer] > time, known.effect[customer], 0.0),
        }
    )


def extra_orders(rng: np.random.Generator, assigned: pd.DataFrame, *, known: People) -> tuple[Ints, Ints]:
    """Draw the orders that the campaigns cause: who, when (seconds)."""
    caused = assigned["treatment"] & (rng.random(len(assigned)) < assigned["chance"])
    who, time = (assigned.loc[caused, column].to_numpy() for column in ("customer", "time"))
    return who, time + rng.integers(0, np.minimum(EFFECT_DAYS * DAY, known.gone[who] - time))


def touches(assigned: pd.DataFrame, *, known: People, period: Period) -> pd.DataFrame:
    """Give the table `touches`: the treated, and the control group with `treatment` False at no cost."""
    campaign = assigned["campaign"].to_numpy()
    channel = campaign % len(CHANNELS)
    return pd.DataFrame(
        {
            "customer_id": known.named(assigned["customer"].to_numpy()),
            "time": period.times(assigned["time"].to_numpy()),
            "campaign": pick(_names(int(campaign.max(initial=-1)) + 1), campaign),
            "channel": pick(CHANNELS, channel),
            "treatment": assigned["treatment"],
            "cost": np.where(assigned["treatment"], COST[channel], 0.0),
        }
    )


def effects(times: Ints, assigned: pd.DataFrame, *, period: Period) -> pd.DataFrame:
    """Give the truth about campaigns: `average_effect` in extra orders a customer in 14 days, all touched together.

    It is NaN where nobody was known yet.
    """
    average = assigned.groupby("campaign")["chance"].mean().reindex(range(len(times)))
    return pd.DataFrame(
        {
            "campaign": pd.array(_names(len(times)), dtype="str"),
            "time": period.times(times),
            "average_effect": average.to_numpy(dtype=np.float64),
        }
    )


def _names(count: int) -> list[str]:
    return [f"campaign-{number:02d}" for number in range(1, count + 1)]
