"""Customers that are drawn, their features, and what became of them."""

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

NAMES: Final = (
    *("frequency", "recency_days", "tenure_days", "monetary_value", "mean_day_spend", "purchase_days", "spend"),
    *("days_since_last", "recency_share"),
    *("purchase_days_28d", "purchase_days_56d", "purchase_days_91d", "purchase_days_182d"),
    *("spend_28d", "spend_91d", "spend_182d"),
    *("purchase_days_decayed_14d", "purchase_days_decayed_45d", "purchase_days_decayed_120d"),
    *("spend_decayed_14d", "spend_decayed_45d", "spend_decayed_120d"),
    *("gap_mean", "gap_std", "gap_max", "silence_ratio"),
    *("discount_share", "categories_91d", "categories_ever", "purchase_days_change"),
)
"""Thirty features that are numbers, as the library declares them."""
NULLS: Final = 0.05
"""The share of values that are not known."""
SEED: Final = 11


def customer_ids(customers: int) -> list[str]:
    """Name so many customers."""
    return [f"C{number:07d}" for number in range(customers)]


def features(customers: int) -> pd.DataFrame:
    """Draw customers' features: amounts, counts and times that hang together by how active somebody is."""
    rng = np.random.default_rng(SEED)
    activity = rng.gamma(1.5, 1.0, customers)[:, None]
    scale = rng.uniform(1.0, 60.0, len(NAMES))
    drawn = scale * (activity + rng.gamma(1.0, 1.0, (customers, len(NAMES))))
    drawn[rng.random(drawn.shape) < NULLS] = np.nan
    return pd.DataFrame(drawn, columns=list(NAMES))


def outcomes(frame: pd.DataFrame) -> dict[str, NDArray[np.float64]]:
    """Draw what became of customers, by target: trees find something of it, and most is chance."""
    rng = np.random.default_rng(SEED + 1)
    known = frame.fillna(frame.median()).to_numpy()
    standard = (known - known.mean(axis=0)) / known.std(axis=0)
    pull = np.tanh(standard @ rng.normal(0, 0.3, len(NAMES))) + 0.5 * np.sin(2 * standard[:, 0] * standard[:, 1])
    chance = 1 / (1 + np.exp(-pull))
    orders = rng.poisson(3 * chance).astype(np.float64)
    return {
        "churned": (rng.random(len(frame)) > chance).astype(np.float64),
        "spent_more_25": (rng.random(len(frame)) < chance / 2).astype(np.float64),
        "orders": orders,
        "future_spend": orders * rng.gamma(2.0, 20.0, len(frame)),
    }
