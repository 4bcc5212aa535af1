"""What a process of purchases and Gamma-Gamma, fitted at a cutoff, expect of customers."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.contract import Model, matrix
from models.lifetime_value.window import Floats
from models.purchases import DAYS_A_WEEK, PurchaseModel, histories


@dataclass(frozen=True)
class Outlook:
    """A fitted model of purchases, and one of what a purchase day is worth."""

    purchases: PurchaseModel
    value: Model

    def expected_purchases(self, X: pd.DataFrame, *, days: int) -> Floats:
        """Give each row's expected purchase days within so many days."""
        seen = histories(X)
        params, horizon = self.purchases.params_, days / DAYS_A_WEEK
        return seen.spread(self.purchases.process.expected_purchases(params, seen, horizon=horizon))

    def expected_value(self, X: pd.DataFrame) -> Floats:
        """Give each row's expected mean spend of a purchase day, in currency."""
        return self.value.predict(every_day(X))

    def columns(self, X: pd.DataFrame, *, days: int) -> Floats:
        """Give P(alive), expected purchase days, mean spend of one and spend within so many days (rows × 4)."""
        seen = histories(X)
        alive = seen.spread(self.purchases.process.p_alive(self.purchases.params_, seen))
        purchases, value = self.expected_purchases(X, days=days), self.expected_value(X)
        return np.column_stack([alive, purchases, value, purchases * value])

    def growth(self, X: pd.DataFrame, *, days: int, horizon_days: int) -> Floats:
        """Give how much more each row is expected to buy within the horizon than within so many days.

        It lies between 1, for who is soon gone, and the ratio of both lengths of time, for who never is.
        """
        long, short = (self.expected_purchases(X, days=each) for each in (horizon_days, days))
        return np.divide(long, short, out=np.ones(len(X)), where=short > 0)


def every_day(X: pd.DataFrame) -> pd.DataFrame:
    """Give Gamma-Gamma's frame with every purchase day counted, the first too."""
    repeats, amount = matrix(X, ["frequency", "mean_day_spend"]).T
    return pd.DataFrame({"frequency": repeats + 1, "monetary_value": amount})
