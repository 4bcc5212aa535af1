"""Gradient-boosted trees (XGBoost), regularised for customer data."""

from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from models.booster import Booster, fit_booster, from_bytes, params_of, to_bytes
from models.contract import Span, State, TargetKind, eligible
from models.encoding import Encoding
from models.estimators import register
from models.link import link
from models.trees.ensemble import Engine, Ensemble


@register
class Boosted(BaseEstimator):
    """Expected value of a target from all features of the frame.

    The defaults are shallow, slow and column-sampled: on a few thousand customers seen at many cutoffs they beat
    XGBoost's own. `kind` is what the target measures. `categories` says how trees see text: "one_hot", a column a
    level, or "native", XGBoost's own splits on sets of levels (`models.encoding`). `signed` says that amounts may be
    below 0, as contributions are: trees then learn their mean by squared error, and terms are in currency.
    """

    learns: ClassVar = "outcome"
    requires: ClassVar[tuple[str, ...]] = ()
    kinds: ClassVar[tuple[TargetKind, ...]] = ("binary", "count", "amount")
    labels: ClassVar[tuple[str, ...]] = ()
    takes_text: ClassVar[bool] = True
    tunable: ClassVar[dict[str, Span]] = {
        "rounds": Span(60, 400, log=True),
        "depth": Span(2, 5),
        "learning_rate": Span(0.02, 0.15, log=True),
        "min_child_weight": Span(2.0, 60.0, log=True),
        "column_share": Span(0.2, 0.9),
        "row_share": Span(0.6, 1.0),
    }

    def __init__(
        self,
        kind: TargetKind = "binary",
        *,
        rounds: int = 160,
        depth: int = 3,
        learning_rate: float = 0.04,
        min_child_weight: float = 12.0,
        column_share: float = 0.35,
        row_share: float = 0.8,
        categories: str = "one_hot",
        signed: bool = False,
        threads: int = 1,
        seed: int = 0,
    ) -> None:
        self.kind = kind
        self.rounds = rounds
        self.depth = depth
        self.learning_rate = learning_rate
        self.min_child_weight = min_child_weight
        self.column_share = column_share
        self.row_share = row_share
        self.categories = categories
        self.signed = signed
        self.threads = threads
        self.seed = seed

    def fit(self, X: pd.DataFrame, y: pd.Series) -> Self:
        """Fit on every feature column of the frame. Amounts below 0 that are not `signed` are a `ValueError`."""
        asked = eligible(X)
        self._check_sign(y.to_numpy(dtype=np.float64)[asked])
        self.encoding_ = Encoding.of(X[asked], style=self.categories)
        self.features_ = self.encoding_.features
        booster = fit_booster(
            self.encoding_.matrix(X)[asked],
            y.to_numpy(dtype=np.float64)[asked],
            kind=self.kind,
            rounds=self.rounds,
            params=params_of(self),
            types=self.encoding_.types,
            signed=self.signed,
        )
        self.trees_ = to_bytes(booster)
        return self._take(booster)

    @property
    def engine_(self) -> Engine:
        """Who answers: "forest", the compiled loops of `models.trees`, or "xgboost"."""
        return self.ensemble_.engine

    @property
    def takes_rows(self) -> bool:
        """Whether its features are all numbers."""
        return not self.encoding_.levels

    def predict(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Give the expected value of the target."""
        return self.predict_rows(self.encoding_.matrix(X))

    def predict_rows(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the same for rows × the encoding's columns, which are the features where none is text."""
        return self.ensemble_.predict(values)

    def contributions(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Give each row's terms on the link's scale: exact TreeSHAP, the columns of a text's levels added up.

        XGBoost predicts in float32. What the terms lack to the link of `predict`, some 1e-6, is put into the base.
        """
        return self.explained_rows(self.encoding_.matrix(X))[1]

    def explained_rows(self, values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give predictions and terms for rows × the encoding's columns."""
        terms, predicted = self._by_feature(self.ensemble_.contributions(values)), self.predict_rows(values)
        terms[:, -1] = 0.0
        terms[:, -1] = (predicted if self.signed else link(predicted, self.kind)) - terms.sum(axis=1)
        return predicted, terms

    def _by_feature(self, terms: NDArray[np.float64]) -> NDArray[np.float64]:
        """Add up the columns of each text's levels."""
        if not self.encoding_.levels:
            return terms
        summed = np.zeros((len(terms), len(self.features_) + 1))
        for column, owner in enumerate(self.encoding_.owners):
            summed[:, owner] += terms[:, column]
        return summed

    def _check_sign(self, y: NDArray[np.float64]) -> None:
        if self.signed and self.kind != "amount":
            raise ValueError(f"signed is about amounts, and the target is a {self.kind}: leave it out")
        if self.kind == "amount" and not self.signed and len(y) and y.min() < 0:
            raise ValueError(f"{(y < 0).sum()} amounts are below 0, the least is {y.min():g}: say signed = true")

    def state(self) -> dict[str, Any]:
        """Give the feature names, the levels of those that are text, and the trees."""
        return {"features": self.features_, "levels": self.encoding_.state(), "booster": self.trees_}

    def restore(self, state: State) -> Self:
        """Take them back."""
        self.features_ = list(state["features"])
        self.encoding_ = Encoding.restore(self.features_, state["levels"], style=self.categories)
        self.trees_ = state["booster"]
        return self._take(from_bytes(self.trees_, threads=self.threads))

    def _take(self, booster: Booster) -> Self:
        """Keep fitted trees."""
        self.booster_, self.ensemble_ = booster, Ensemble(booster)
        return self
