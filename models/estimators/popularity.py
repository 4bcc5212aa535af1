"""Popularity by adoption rate: how many of those who could take up a category did. The cross-sell baseline."""

from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from models.contract import State, TargetKind, check_features, eligible
from models.estimators import register


@register
class Popularity(BaseEstimator):
    """Predicts for each category the share of eligible customers who bought it within the training horizons."""

    learns: ClassVar = "outcome"
    requires: ClassVar[tuple[str, ...]] = ("category",)
    kinds: ClassVar[tuple[TargetKind, ...]] = ("binary",)
    labels: ClassVar[tuple[str, ...]] = ()

    def fit(self, X: pd.DataFrame, y: pd.Series) -> Self:
        """Take the adoption rate of each category."""
        check_features(X, self.requires)
        asked = eligible(X)
        rates = y[asked].groupby(X["category"].to_numpy()[asked]).mean()
        self.rates_ = {str(category): float(rate) for category, rate in rates.items()}
        return self

    def predict(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Give each pair its category's rate; 0 for a category nobody could take up in training."""
        check_features(X, self.requires)
        return np.array([self.rates_.get(category, 0.0) for category in X["category"]], dtype=np.float64)

    def state(self) -> dict[str, Any]:
        """Give the rates."""
        return {"rates": self.rates_}

    def restore(self, state: State) -> Self:
        """Take back the rates."""
        self.rates_ = dict(state["rates"])
        return self
