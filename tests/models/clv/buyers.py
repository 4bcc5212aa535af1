"""Simulated buyers, and what a model has learned of them on other terms."""

from typing import Any

import numpy as np
import pandas as pd

from models.estimators.clv import Clv

CUTOFF = pd.Timestamp("2025-03-01")
HORIZON = 140


def simulate(n: int = 4000, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """Simulate BG/NBD buyers who spend by Gamma-Gamma: 280 days of history, and spend in the 140 days after."""
    rng = np.random.default_rng(seed)
    rows, later = [], []
    for _ in range(n):
        rate, dropout, price = rng.gamma(0.6, 1 / 30), rng.beta(0.6, 3.0), 40 / rng.gamma(4.0)
        start, day = int(rng.integers(0, 90)), 0
        days = [start]
        while rng.random() > dropout and day < 420:
            day = days[-1] + 1 + int(rng.exponential(1 / rate))
            days.append(day)
        paid = rng.gamma(3.0, price / 3.0, len(days))
        past = [(day, amount) for day, amount in zip(days, paid, strict=True) if day < 280]
        first, last, repeats = past[0][0], past[-1][0], [amount for _, amount in past[1:]]
        mean = sum(amount for _, amount in past) / len(past)
        repeated = sum(repeats) / len(repeats) if repeats else 0.0
        rows.append((len(repeats), last - first, 280 - first, mean, repeated))
        later.append(sum(amount for day, amount in zip(days, paid, strict=True) if 280 <= day < 420))
    frame = pd.DataFrame(rows, columns=[*Clv.requires, "monetary_value"], dtype=float)
    return frame.assign(cutoff=CUTOFF, share=np.where(frame["frequency"] > 2, -0.2, 0.4)), np.array(later)


def on(model: Clv, **terms: Any) -> Clv:
    """Give what the model has learned on other terms."""
    return Clv(**{**model.get_params(), **terms}).restore(model.state())
