"""The whale curve: profit added up over customers, the most profitable first.

It rises above the company's profit to a peak and falls back by what the last customers cost: Cooper & Kaplan (1991),
"Profit priorities from activity-based costing", Harvard Business Review 69(3). Storbacka (1997), "Segmentation based on
customer profitability", Journal of Marketing Management 13(5), draws the same curve.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from features.ledger.cents import Whole

POINTS: Final = 400
"""A curve has at most so many points, its peak among them."""


@dataclass(frozen=True)
class Whale:
    """What the curve says, money in cents.

    `peak` is the profit of the customers who make one or break even, `peak_at` their share of all. `losing` customers
    make a loss, `lost` together. `total` is the profit of all.
    """

    customers: int
    total: int
    peak: int
    peak_at: float
    losing: int
    lost: int

    @property
    def losing_share(self) -> float:
        """The share of customers that lose money."""
        return self.losing / self.customers if self.customers else 0.0


def whale(profit: Whole) -> Whale:
    """Say what the curve of customers' profits says."""
    losses = profit[profit < 0]
    peak = int(profit.sum() - losses.sum())
    at = 1 - len(losses) / len(profit) if len(profit) else 0.0
    return Whale(len(profit), int(profit.sum()), peak, at, len(losses), int(losses.sum()))


def whale_curve(profit: Whole) -> pd.DataFrame:
    """Follow the curve: customers, their share of all, cumulative profit in cents. It begins with nobody."""
    ranked = np.sort(profit)[::-1]
    cumulative = np.append(0, np.cumsum(ranked))
    places = np.unique(np.append(np.linspace(0, len(profit), POINTS - 1).round().astype(int), int((profit >= 0).sum())))
    share = places / max(len(profit), 1)
    return pd.DataFrame({"customers": places, "share": share, "profit": cumulative[places]})
