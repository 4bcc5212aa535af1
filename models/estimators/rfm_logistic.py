"""Logistic regression on recency, frequency and spend: the classic that a churn model must beat."""

from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression

from models.contract import State, TargetKind, eligible, matrix
from models.estimators import register


@register
class RfmLogistic(BaseEstimator):
    """Probability from log(1 + x) of days since the last purchase, purchase days and mean spend, standardised.

    Who has none of them (nothing bought yet) counts as the mean, and less than 0 (refunds) as 0. `C` is scikit-learn's
    inverse strength of the ridge penalty.
    """

    learns: ClassVar = "outcome"
    requires: ClassVar[tuple[str, ...]] = ("days_since_last", "purchase_days", "mean_day_spend")
    kinds: ClassVar[tuple[TargetKind, ...]] = ("binary",)
    labels: ClassVar[tuple[str, ...]] = ()

    def __init__(self, C: float = 1.0) -> None:
        self.C = C

    def fit(self, X: pd.DataFrame, y: pd.Series) -> Self:
        """Fit on a frame that has the three features and a target of 0 and 1."""
        asked = eligible(X)
        values = matrix(X, list(self.requires))[asked]
        logs = self._logs(values)
        lacking = [name for name, column in zip(self.requires, logs.T, strict=True) if np.isnan(column).all()]
        if lacking:
            raise ValueError(f"nobody has a value of {lacking}, which rfm_logistic is made of; take another model")
        spread = np.nanstd(logs, axis=0)
        self.mean_, self.scale_ = np.nanmean(logs, axis=0), np.where(spread > 1e-9, spread, 1.0)
        regression = LogisticRegression(C=self.C).fit(self._standard(values), y[asked])
        self.coefficients_, self.intercept_ = regression.coef_[0], float(regression.intercept_[0])
        self.features_ = list(self.requires)
        return self

    @property
    def takes_rows(self) -> bool:
        """Always: its features are numbers."""
        return True

    def predict(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Give the probability of a 1."""
        return self.predict_rows(matrix(X, list(self.requires)))

    def predict_rows(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give it for rows."""
        return self.explained_rows(values)[0]

    def contributions(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Give each row's terms of the log-odds, each 0 at the training mean; the base is the intercept."""
        return self.explained_rows(matrix(X, list(self.requires)))[1]

    def explained_rows(self, values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give both for rows. Terms are added column by column, so one row equals many bit for bit."""
        terms = self._standard(values) * self.coefficients_
        base = log_odds = np.full(len(values), self.intercept_)
        for term in terms.T:
            log_odds = log_odds + term
        return np.asarray(expit(log_odds), dtype=np.float64), np.column_stack([terms, base])

    def state(self) -> dict[str, Any]:
        """Give the standardisation and the coefficients."""
        return {
            "mean": self.mean_.tolist(),
            "scale": self.scale_.tolist(),
            "coefficients": self.coefficients_.tolist(),
            "intercept": self.intercept_,
        }

    def restore(self, state: State) -> Self:
        """Take them back."""
        self.mean_, self.scale_ = np.array(state["mean"]), np.array(state["scale"])
        self.coefficients_, self.intercept_ = np.array(state["coefficients"]), float(state["intercept"])
        self.features_ = list(self.requires)
        return self

    def _standard(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.nan_to_num((self._logs(values) - self.mean_) / self.scale_, nan=0.0), dtype=np.float64)

    def _logs(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        wrong = np.isinf(values).any(axis=1)
        if wrong.any():
            raise ValueError(
                f"{wrong.sum()} of {len(values)} customers (first: row {wrong.argmax()}) have an infinite value in "
                f"{list(self.requires)}; mend their features"
            )
        return np.log1p(np.maximum(values, 0))
