"""Expected purchases within the horizon, from past purchases alone (BG/NBD)."""

from typing import ClassVar, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from models.buy_till_you_die import expected_purchases, fit_bgnbd
from models.contract import TargetKind, matrix
from models.estimators import register
from models.parametric import Parametric

DAYS_A_WEEK = 7
"""The frame's columns and the horizon are in days, `models.buy_till_you_die` thinks in weeks."""


@register
class Bgnbd(Parametric):
    """BG/NBD of Fader, Hardie & Lee (2005): predicts purchase days within `horizon_days`.

    The frame holds frequency (repeat purchase days), recency_days (first to last purchase) and tenure_days (first
    purchase to cutoff). `params_` are r, alpha (weeks), a and b.
    """

    learns: ClassVar[Literal["outcome", "past"]] = "past"
    requires: ClassVar[tuple[str, ...]] = ("frequency", "recency_days", "tenure_days")
    kinds: ClassVar[tuple[TargetKind, ...]] = ("count",)
    labels: ClassVar[tuple[str, ...]] = ()

    def __init__(self, horizon_days: int) -> None:
        self.horizon_days = horizon_days

    def fit(self, X: pd.DataFrame, y: pd.Series | None = None) -> Self:
        """Estimate from the histories; `y` is ignored. Raises as `models.buy_till_you_die.fit_bgnbd` does."""
        self.params_ = fit_bgnbd(**weeks(X))
        return self

    def predict(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Give each row's expected purchase days within the horizon, 0 or more."""
        check_is_fitted(self)
        return expected_purchases(self.params_, horizon=self.horizon_days / DAYS_A_WEEK, **weeks(X))


def weeks(X: pd.DataFrame) -> dict[str, NDArray[np.float64]]:
    """Give a frame's x, t_x and T in weeks."""
    x, recency_days, tenure_days = matrix(X, list(Bgnbd.requires)).T
    return {"x": x, "t_x": recency_days / DAYS_A_WEEK, "T": tenure_days / DAYS_A_WEEK}
