"""Expected spend within the horizon, from past purchases alone (BG/NBD × Gamma-Gamma)."""

from typing import Any, ClassVar, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from models.contract import State, TargetKind, matrix
from models.estimators import register
from models.estimators.bgnbd import Bgnbd
from models.estimators.gamma_gamma import GammaGamma


@register
class Clv(BaseEstimator):
    """Expected purchase days within `horizon_days` times the expected amount of one: undiscounted revenue.

    Fader, Hardie & Lee (2005), RFM and CLV: it takes how often and how much a customer buys as independent. The
    frame holds frequency, recency_days and tenure_days as for `Bgnbd`, and mean_day_spend: the mean amount over all
    purchase days, the first included, because one-time buyers too tell what people spend (and it ranks better).
    """

    learns: ClassVar[Literal["outcome", "past"]] = "past"
    requires: ClassVar[tuple[str, ...]] = (*Bgnbd.requires, "mean_day_spend")
    kinds: ClassVar[tuple[TargetKind, ...]] = ("amount",)
    labels: ClassVar[tuple[str, ...]] = ()

    def __init__(self, horizon_days: int) -> None:
        self.horizon_days = horizon_days

    def fit(self, X: pd.DataFrame, y: pd.Series | None = None) -> Self:
        """Estimate both parts from the histories; `y` is ignored. Raises as its parts do."""
        self.purchases_ = Bgnbd(self.horizon_days).fit(X)
        self.value_ = GammaGamma().fit(_all_days(X))
        return self

    def predict(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Give each row's expected spend within the horizon, in currency, 0 or more."""
        check_is_fitted(self)
        purchases: NDArray[np.float64] = self.purchases_.predict(X)
        return purchases * self.value_.predict(_all_days(X))

    def state(self) -> dict[str, Any]:
        """Give the parameters of both parts."""
        check_is_fitted(self)
        return {"purchases": self.purchases_.state(), "value": self.value_.state()}

    def restore(self, state: State) -> Self:
        """Take the parameters back."""
        self.purchases_ = Bgnbd(self.horizon_days).restore(state["purchases"])
        self.value_ = GammaGamma().restore(state["value"])
        return self


def _all_days(X: pd.DataFrame) -> pd.DataFrame:
    """Frame for Gamma-Gamma that counts the first purchase day too."""
    repeats, amount = matrix(X, ["frequency", "mean_day_spend"]).T
    return pd.DataFrame({"frequency": repeats + 1, "monetary_value": amount})
