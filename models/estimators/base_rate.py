"""The mean of the target for everyone: what any model must beat."""

from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from models.contract import State, TargetKind, eligible
from models.estimators import register


@register
class BaseRate(BaseEstimator):
    """Predicts the training mean."""

    learns: ClassVar = "outcome"
    requires: ClassVar[tuple[str, ...]] = ()
    kinds: ClassVar[tuple[TargetKind, ...]] = ("binary", "count", "amount")
    labels: ClassVar[tuple[str, ...]] = ()

    def fit(self, X: pd.DataFrame, y: pd.Series) -> Self:
        """Take the mean of the target over the rows asked about."""
        self.rate_ = float(y[eligible(X)].mean())
        return self

    def predict(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Give everyone that mean."""
        return np.full(len(X), self.rate_)

    def state(self) -> dict[str, Any]:
        """Give the mean."""
        return {"rate": self.rate_}

    def restore(self, state: State) -> Self:
        """Take back the mean."""
        self.rate_ = float(state["rate"])
        return self
