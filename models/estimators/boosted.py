"""Gradient-boosted trees (XGBoost), regularised for customer data."""

from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from models.booster import fit_booster, from_bytes, predict_booster, to_bytes
from models.contract import Span, State, TargetKind, eligible, feature_names, matrix
from models.estimators import register


@register
class Boosted(BaseEstimator):
    """Expected value of a target from all features of the frame.

    The defaults are shallow, slow and column-sampled: on a few thousand customers seen at many cutoffs they beat
    XGBoost's own. `kind` is what the target measures.
    """

    learns: ClassVar = "outcome"
    requires: ClassVar[tuple[str, ...]] = ()
    kinds: ClassVar[tuple[TargetKind, ...]] = ("binary", "count", "amount")
    labels: ClassVar[tuple[str, ...]] = ()
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
        self.threads = threads
        self.seed = seed

    def fit(self, X: pd.DataFrame, y: pd.Series) -> Self:
        """Fit on every feature column of the frame."""
        self.features_ = feature_names(X)
        asked = eligible(X)
        self.booster_ = fit_booster(
            matrix(X, self.features_)[asked],
            y.to_numpy(dtype=np.float64)[asked],
            kind=self.kind,
            rounds=self.rounds,
            params={
                "max_depth": self.depth,
                "eta": self.learning_rate,
                "min_child_weight": self.min_child_weight,
                "colsample_bytree": self.column_share,
                "subsample": self.row_share,
                "nthread": self.threads,
                "seed": self.seed,
            },
        )
        self.trees_ = to_bytes(self.booster_)
        return self

    def predict(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Give the expected value of the target."""
        return predict_booster(self.booster_, matrix(X, self.features_))

    def state(self) -> dict[str, Any]:
        """Give the feature names and the trees."""
        return {"features": self.features_, "booster": self.trees_}

    def restore(self, state: State) -> Self:
        """Take them back."""
        self.features_ = list(state["features"])
        self.trees_ = state["booster"]
        self.booster_ = from_bytes(self.trees_, threads=self.threads)
        return self
