"""The terms on which a customer's purchases count as money: interest, margin, and what keeping the customer costs."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.buy_till_you_die.histories import Histories, refuse
from models.buy_till_you_die.process import Params, Purchases
from models.contract import matrix
from models.purchases import DAYS_A_WEEK

Floats = NDArray[np.float64]

DAYS_A_YEAR: Final = 365.25
DAYS_A_MONTH: Final = DAYS_A_YEAR / 12


@dataclass(frozen=True)
class Terms:
    """How money counts.

    `discount_rate` is of a year and continuous: what comes in t years counts exp(−rate t). `margin` is the share of
    revenue that is earned; a feature named by `margin_from` holds the customers' own (null: `margin`; below 0: each
    sale loses). `cost_per_year` (currency) is what it costs to keep a customer, gone or not. Raises `ValueError` for
    numbers that these cannot be.
    """

    discount_rate: float = 0.0
    margin: float = 1.0
    margin_from: str = ""
    cost_per_year: float = 0.0

    def __post_init__(self) -> None:
        """Refuse numbers that cannot be."""
        if not 0 <= self.discount_rate < np.inf:
            raise ValueError(f"discount_rate is {self.discount_rate}; give the yearly rate as a share, such as 0.1")
        if not np.isfinite(self.margin):
            raise ValueError(f"margin is {self.margin}; give the share of revenue that is earned, such as 0.3")
        if not 0 <= self.cost_per_year < np.inf:
            raise ValueError(f"cost_per_year is {self.cost_per_year}; give a cost from 0 on")

    @property
    def revenue(self) -> bool:
        """Whether all of the revenue counts, and no cost."""
        return self.margin == 1 and not self.margin_from and self.cost_per_year == 0

    @property
    def undiscounted(self) -> "Terms":
        """The same without interest."""
        return Terms(margin=self.margin, margin_from=self.margin_from, cost_per_year=self.cost_per_year)

    def purchases(self, process: Purchases, params: Params, seen: Histories, *, days: float) -> Floats:
        """Give each history's expected purchase days within some days, each for as much as it counts when it comes."""
        horizon = days / DAYS_A_WEEK
        if self.discount_rate == 0:
            return process.expected_purchases(params, seen, horizon=horizon)
        rate = self.discount_rate * DAYS_A_WEEK / DAYS_A_YEAR
        return process.discounted_purchases(params, seen, horizon=horizon, rate=rate)

    def margins(self, X: pd.DataFrame) -> Floats:
        """Give each row's share of revenue that is earned. Raises `ValueError` where the feature is not there."""
        if not self.margin_from:
            return np.full(len(X), float(self.margin))
        own = matrix(X, [self.margin_from])[:, 0]
        refuse(np.isinf(own), f"an infinite {self.margin_from}, which is to be a share of revenue")
        return np.where(np.isnan(own), self.margin, own)

    def cost(self, days: float) -> float:
        """Give what a customer costs within some days, discounted."""
        years = days / DAYS_A_YEAR
        lasting = years if self.discount_rate == 0 else -np.expm1(-self.discount_rate * years) / self.discount_rate
        return float(self.cost_per_year * lasting)
