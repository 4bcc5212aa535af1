"""What the models of purchases have in common: a process fitted on a frame's histories, in weeks."""

from typing import ClassVar, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from models.buy_till_you_die.fit import PRIOR_SD, fit
from models.buy_till_you_die.histories import Histories
from models.buy_till_you_die.process import Purchases
from models.contract import TargetKind, matrix
from models.parametric import Parametric

DAYS_A_WEEK = 7
"""The frame's columns and the horizon are in days, the processes' parameters in weeks."""
HISTORY = ("frequency", "recency_days", "tenure_days")
"""Repeat purchase days, first to last purchase, first purchase to cutoff."""
FEWEST = 50
"""Customers with a repeat purchase below which parameters would be noise."""


class PurchaseModel(Parametric):
    """A process of `models.buy_till_you_die`: predicts purchase days within `horizon_days`.

    The frame holds frequency (repeat purchase days), recency_days (first to last purchase) and tenure_days (first
    purchase to cutoff). `params_` are in weeks.
    """

    process: ClassVar[Purchases]
    learns: ClassVar[Literal["outcome", "past"]] = "past"
    requires: ClassVar[tuple[str, ...]] = HISTORY
    kinds: ClassVar[tuple[TargetKind, ...]] = ("count",)
    labels: ClassVar[tuple[str, ...]] = ()

    def __init__(self, horizon_days: int, *, prior_sd: float | None = PRIOR_SD) -> None:
        self.horizon_days = horizon_days
        self.prior_sd = prior_sd

    def fit(self, X: pd.DataFrame, y: pd.Series | None = None, sample_weight: ArrayLike | None = None) -> Self:
        """Estimate from the histories; `y` is ignored.

        Raises `ValueError` for histories that cannot be and for fewer than `FEWEST` repeat buyers, `NotConverged`.
        """
        self.fit_ = fit(self.process, enough(self.process, histories(X, sample_weight)), prior_sd=self.prior_sd)
        return self

    def predict(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Give each row's expected purchase days within the horizon, 0 or more."""
        seen, horizon = histories(X), self.horizon_days / DAYS_A_WEEK
        return seen.spread(self.process.expected_purchases(self.params_, seen, horizon=horizon))


def histories(X: pd.DataFrame, weight: ArrayLike | None = None) -> Histories:
    """Give a frame's histories, in weeks."""
    x, recency_days, tenure_days = matrix(X, list(HISTORY)).T
    return Histories.of(x=x, t_x=recency_days / DAYS_A_WEEK, T=tenure_days / DAYS_A_WEEK, weight=weight)


def enough(process: Purchases, seen: Histories) -> Histories:
    """Take histories that tell enough. Raises `ValueError` for fewer than `FEWEST` repeat buyers."""
    repeaters, customers = (int(seen.weight[kept].sum()) for kept in (seen.x > 0, slice(None)))
    if repeaters < FEWEST:
        raise ValueError(
            f"only {repeaters} of {customers} customers have a repeat purchase day and {process.title} needs {FEWEST}; "
            "take a longer history or a later cutoff"
        )
    return seen
