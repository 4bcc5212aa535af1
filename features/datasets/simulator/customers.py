"""Who the customers are: rates, lifetimes, tastes and how they respond to a campaign."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.datasets.simulator.period import DAY, WEEK, Floats, Ints, Period, pick

PROCESS = {"r": 1.2, "alpha": 10.0, "s": 0.6, "beta": 12.0}
"""Pareto/NBD (Schmittlein, Morrison & Colombo 1987), time unit week: purchase rate ~ Gamma(r, alpha), dropout rate ~
Gamma(s, beta). CDNOW has r .55, alpha 10.6, s .61, beta 11.7; these customers buy twice as often."""

LONGEST_LIFE = 5_200 * WEEK
"""Lifetimes end here (seconds), so that every date can be written."""

REGIONS = ["north", "east", "south", "west", "centre"]
AGE_BANDS = ["18-34", "35-54", "55+"]
TASTES = ["cook", "family", "home"]

AGE_SHARE = np.array([0.30, 0.45, 0.25])
TASTE_SHARE = np.array([0.40, 0.35, 0.25])
AGE_RESPONSE = np.array([1.5, 1.0, 0.5])
TASTE_RESPONSE = np.array([0.06, 0.12, 0.0])
"""The extra-purchase probability is the taste's response × the age band's × an individual factor of mean 1."""

LARGEST_EFFECT = 0.5


@dataclass(frozen=True)
class People:
    """Hidden truth of each customer, one row each.

    `rate` and `dropout` are a week, `joined` and `gone` seconds, `effect` the probability of one extra order within
    14 days of a campaign while not gone, `web` the share of orders on the web, `units` the mean quantity of a line.
    """

    ids: list[str]
    rate: Floats
    dropout: Floats
    joined: Ints
    gone: Ints
    region: Ints
    age: Ints
    taste: Ints
    effect: Floats
    web: Floats
    units: Floats

    def named(self, who: Ints) -> pd.Series:
        """Give the customer_id of each row number."""
        return pick(self.ids, who)


def people(rng: np.random.Generator, count: int, *, period: Period) -> People:
    """Draw `count` customers who join uniformly over the first two thirds of the period."""
    rate = rng.gamma(PROCESS["r"], 1 / PROCESS["alpha"], count)
    dropout = rng.gamma(PROCESS["s"], 1 / PROCESS["beta"], count)
    joined = rng.integers(0, period.end * 2 // 3, count)
    life = np.ceil(np.minimum(rng.standard_exponential(count) / dropout * WEEK, LONGEST_LIFE))
    age = rng.choice(len(AGE_BANDS), count, p=AGE_SHARE)
    taste = rng.choice(len(TASTES), count, p=TASTE_SHARE)
    response = TASTE_RESPONSE[taste] * AGE_RESPONSE[age] * rng.gamma(4.0, 1 / 4.0, count)
    return People(
        ids=[f"C{number:07d}" for number in range(1, count + 1)],
        rate=rate,
        dropout=dropout,
        joined=joined,
        gone=joined + life.astype(np.int64),
        region=rng.integers(0, len(REGIONS), count),
        age=age,
        taste=taste,
        effect=np.minimum(response, LARGEST_EFFECT),
        web=rng.beta(1.0, 2.0, count),
        units=1 + rng.gamma(1.0, 0.5, count),
    )


def visible(known: People, period: Period) -> pd.DataFrame:
    """Give the table `customers`: what a shop knows of them."""
    return pd.DataFrame(
        {
            "customer_id": pd.array(known.ids, dtype="str"),
            "joined": period.times(known.joined // DAY * DAY),
            "region": pick(REGIONS, known.region),
            "age_band": pick(AGE_BANDS, known.age),
        }
    )


def hidden(known: People, period: Period) -> pd.DataFrame:
    """Give the truth that no shop knows: rates a week, end of the purchasing life, taste and response."""
    return pd.DataFrame(
        {
            "customer_id": pd.array(known.ids, dtype="str"),
            "lambda": known.rate,
            "mu": known.dropout,
            "alive_until": period.times(known.gone),
            "taste": pick(TASTES, known.taste),
            "treatment_effect": known.effect,
        }
    )
