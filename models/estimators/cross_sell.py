"""Propensity to take up a category: one XGBoost over pairs of customer and category."""

from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from models.booster import fit_booster, from_bytes, predict_booster, to_bytes
from models.contract import Span, State, TargetKind, check_features, eligible, feature_names, matrix
from models.estimators import register
from models.neighbours import closeness, similarity

BOUGHT = "category_bought_182d"


@register
class CrossSell(BaseEstimator):
    """Probability that an eligible pair's category is bought within the horizon.

    Beside the frame's features each pair has its category's popularity, its rate of adoption, its closeness to what
    the customer bought, and that closeness against the category's mean. What they are made of is taken anew from
    each training cutoff's own past; scoring uses the latest one's.
    """

    learns: ClassVar = "outcome"
    requires: ClassVar[tuple[str, ...]] = ("category", BOUGHT)
    kinds: ClassVar[tuple[TargetKind, ...]] = ("binary",)
    labels: ClassVar[tuple[str, ...]] = ()
    tunable: ClassVar[dict[str, Span]] = {
        "rounds": Span(60, 400, log=True),
        "depth": Span(2, 5),
        "learning_rate": Span(0.02, 0.15, log=True),
        "min_child_weight": Span(2.0, 60.0, log=True),
        "column_share": Span(0.2, 0.9),
    }

    def __init__(
        self,
        *,
        rounds: int = 200,
        depth: int = 4,
        learning_rate: float = 0.07,
        min_child_weight: float = 20.0,
        column_share: float = 0.4,
        threads: int = 1,
        seed: int = 0,
    ) -> None:
        self.rounds = rounds
        self.depth = depth
        self.learning_rate = learning_rate
        self.min_child_weight = min_child_weight
        self.column_share = column_share
        self.threads = threads
        self.seed = seed

    def fit(self, X: pd.DataFrame, y: pd.Series) -> Self:
        """Fit on the eligible pairs of all cutoffs."""
        check_features(X, self.requires)
        self.features_ = feature_names(X)
        self.categories_ = sorted(map(str, X["category"].unique()))
        asked, target = eligible(X), y.to_numpy(dtype=np.float64)
        adopted = y[asked].groupby(X["category"].to_numpy()[asked]).mean()
        self.adoption_ = adopted.reindex(self.categories_).fillna(0.0).to_numpy(dtype=np.float64)
        rows, targets = [], []
        for places in X.groupby("cutoff", sort=True).indices.values():
            at = X.iloc[places]
            self._learn_from(at)
            rows.append(self._values(at)[asked[places]])
            targets.append(target[places][asked[places]])
        self.booster_ = fit_booster(
            np.concatenate(rows),
            np.concatenate(targets),
            kind="binary",
            rounds=self.rounds,
            params={
                "max_depth": self.depth,
                "eta": self.learning_rate,
                "min_child_weight": self.min_child_weight,
                "colsample_bytree": self.column_share,
                "nthread": self.threads,
                "seed": self.seed,
            },
        )
        self.trees_ = to_bytes(self.booster_)
        return self

    def predict(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Give the probability for each pair. A customer's rows of all categories are needed to score one."""
        check_features(X, self.requires)
        return predict_booster(self.booster_, self._values(X))

    def state(self) -> dict[str, Any]:
        """Give the features, categories, similarities and trees."""
        return {
            "features": self.features_,
            "categories": self.categories_,
            "popularity": self.popularity_.tolist(),
            "adoption": self.adoption_.tolist(),
            "similar": self.similar_.tolist(),
            "mean_closeness": self.mean_closeness_.tolist(),
            "booster": self.trees_,
        }

    def restore(self, state: State) -> Self:
        """Take them back."""
        self.features_, self.categories_ = list(state["features"]), list(state["categories"])
        self.popularity_, self.adoption_ = np.array(state["popularity"]), np.array(state["adoption"])
        self.similar_, self.mean_closeness_ = np.array(state["similar"]), np.array(state["mean_closeness"])
        self.trees_ = state["booster"]
        self.booster_ = from_bytes(self.trees_, threads=self.threads)
        return self

    def _learn_from(self, frame: pd.DataFrame) -> None:
        """Take popularity and similarities from one cutoff's past."""
        bought, _, _ = self._bought(frame)
        self.popularity_ = bought.mean(axis=0)
        self.similar_ = similarity(bought)
        self.mean_closeness_ = np.maximum(closeness(bought, self.similar_).mean(axis=0), 1e-9)

    def _bought(self, frame: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
        """Give who bought what lately as a 0/1 matrix, and each row's place in it; -1 for an unknown category."""
        customer = frame.groupby(["customer_id", "cutoff"], sort=False).ngroup().to_numpy()
        category = pd.Index(self.categories_).get_indexer(pd.Index(frame["category"]))
        bought = np.zeros((customer.max(initial=-1) + 1, len(self.categories_)))
        seen = category >= 0
        bought[customer[seen], category[seen]] = frame[BOUGHT].to_numpy(dtype=np.float64)[seen]
        return bought, customer.astype(np.int64), category.astype(np.int64)

    def _values(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        bought, customer, category = self._bought(frame)
        near = closeness(bought, self.similar_)
        pair = near[customer, category]
        extra = [self.popularity_[category], self.adoption_[category], pair, pair / self.mean_closeness_[category]]
        columns = np.column_stack(extra)
        columns[category < 0] = np.nan
        return np.hstack([matrix(frame, self.features_), columns])
