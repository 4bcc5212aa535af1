"""What a process of purchases and Gamma-Gamma, fitted at a cutoff, expect of customers: what else learns from it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.buy_till_you_die.process import Params, Purchases
from models.contract import Model, matrix
from models.purchases import DAYS_A_WEEK, histories

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Expected:
    """A fitted process of purchases, in weeks, and a fitted model of what a purchase day is worth."""

    process: Purchases
    params: Params
    value: Model

    def purchases(self, X: pd.DataFrame, *, days: int) -> Floats:
        """Give each row's expected purchase days within so many days."""
        seen = histories(X)
        return seen.spread(self.process.expected_purchases(self.params, seen, horizon=days / DAYS_A_WEEK))

    def columns(self, X: pd.DataFrame, *, days: int) -> Floats:
        """Give P(alive), expected purchase days, mean spend of one, and spend, within so many days (rows × 4)."""
        seen = histories(X)
        alive = seen.spread(self.process.p_alive(self.params, seen))
        purchases, value = self.purchases(X, days=days), self.value.predict(_every_day(X))
        return np.column_stack([alive, purchases, value, purchases * value])

    def growth(self, X: pd.DataFrame, *, days: int, horizon_days: int) -> Floats:
        """Give how many times as much each row is expected to buy within the horizon as within so many days.

        It lies between 1, for who is soon gone, and the ratio of both lengths of time, for who never is.
        """
        long, short = (self.purchases(X, days=each) for each in (horizon_days, days))
        return np.divide(long, short, out=np.ones(len(X)), where=short > 0)


def _every_day(X: pd.DataFrame) -> pd.DataFrame:
    """Give Gamma-Gamma's frame with every purchase day counted, the first too."""
    repeats, amount = matrix(X, ["frequency", "mean_day_spend"]).T
    return pd.DataFrame({"frequency": repeats + 1, "monetary_value": amount})
