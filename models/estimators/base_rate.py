"""The mean of the target for everyone: what any model must beat."""

from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from models.contract import State, TargetKind, eligible, matrix
from models.estimators import register
from models.link import link


@register
class BaseRate(BaseEstimator):
    """Predicts the training mean. `kind` is what the target measures."""

    learns: ClassVar = "outcome"
    requires: ClassVar[tuple[str, ...]] = ()
    kinds: ClassVar[tuple[TargetKind, ...]] = ("binary", "count", "amount")
    labels: ClassVar[tuple[str, ...]] = ()
    takes_text: ClassVar[bool] = True

    def __init__(self, kind: TargetKind = "binary") -> None:
        self.kind = kind

    def fit(self, X: pd.DataFrame, y: pd.Series) -> Self:
        """Take the mean of the target over the rows asked about."""
        self.rate_ = float(y[eligible(X)].mean())
        self.features_: list[str] = []
        return self

    @property
    def takes_rows(self) -> bool:
        """Always: it looks at no feature."""
        return True

    def predict(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Give everyone that mean."""
        return self.predict_rows(matrix(X, self.features_))

    def predict_rows(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give every row that mean."""
        return np.full(len(values), self.rate_)

    def contributions(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Give the base alone, the link of that mean: no feature has a share in it."""
        return self.explained_rows(matrix(X, self.features_))[1]

    def explained_rows(self, values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give both for rows."""
        predicted = self.predict_rows(values)
        return predicted, link(predicted, self.kind)[:, None]

    def state(self) -> dict[str, Any]:
        """Give the mean."""
        return {"rate": self.rate_}

    def restore(self, state: State) -> Self:
        """Take back the mean."""
        self.rate_ = float(state["rate"])
        self.features_ = []
        return self
