"""Expected mean amount of a purchase day, from past purchases alone (Gamma-Gamma)."""

from typing import ClassVar, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from models.buy_till_you_die import expected_value, fit_gamma_gamma
from models.contract import TargetKind, matrix
from models.estimators import register
from models.parametric import Parametric


@register
class GammaGamma(Parametric):
    """Gamma-Gamma of Fader, Hardie & Lee (2005): predicts the mean amount of a purchase day.

    The frame holds frequency (purchase days counted) and monetary_value (their mean amount, in currency; may be
    null where frequency is 0). The fit leaves out frequency 0 and amounts of 0 or less; `predict` gives frequency 0
    the population mean and takes an amount below 0 as 0. `params_` are p, q and v (currency).
    """

    learns: ClassVar[Literal["outcome", "past"]] = "past"
    requires: ClassVar[tuple[str, ...]] = ("frequency", "monetary_value")
    kinds: ClassVar[tuple[TargetKind, ...]] = ("amount",)
    labels: ClassVar[tuple[str, ...]] = ()

    def fit(self, X: pd.DataFrame, y: pd.Series | None = None) -> Self:
        """Estimate from the histories; `y` is ignored. Raises as `models.buy_till_you_die.fit_gamma_gamma` does."""
        self.params_ = fit_gamma_gamma(*matrix(X, list(self.requires)).T)
        return self

    def predict(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Give each row's expected mean amount of a purchase day, 0 or more."""
        check_is_fitted(self)
        x, m = matrix(X, list(self.requires)).T
        return expected_value(self.params_, x=x, m=m)
