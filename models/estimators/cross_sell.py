"""Propensity to take up a category: one XGBoost over pairs of customer and category."""

from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.contract import State, TargetKind, check_features, eligible
from models.estimators import register
from models.estimators.boosted import Boosted
from models.neighbours import closeness, similarity

BOUGHT = "category_bought_182d"
PAIR = ("category_popularity", "category_adoption", "category_closeness", "category_lift")
"""What the model adds to the frame: see the class."""


@register
class CrossSell(Boosted):
    """Probability that an eligible pair's category is bought within the horizon.

    Beside the frame's features each pair has its category's popularity, its rate of adoption, its closeness to what
    the customer bought, and that closeness against the category's mean. Popularity and closeness are taken anew from
    each training cutoff's own past, and scoring uses the latest one's; the rate of adoption is that of all training
    horizons together.
    """

    requires: ClassVar[tuple[str, ...]] = ("category", BOUGHT)
    kinds: ClassVar[tuple[TargetKind, ...]] = ("binary",)

    def fit(self, X: pd.DataFrame, y: pd.Series) -> Self:
        """Fit on the eligible pairs of all cutoffs."""
        check_features(X, self.requires)
        self.categories_ = sorted(map(str, X["category"].unique()))
        asked = eligible(X)
        adopted = y[asked].groupby(X["category"].to_numpy()[asked]).mean()
        self.adoption_ = adopted.reindex(self.categories_).fillna(0.0).to_numpy(dtype=np.float64)
        pairs = np.empty((len(X), len(PAIR)))
        for places in X.groupby("cutoff", sort=True).indices.values():
            at = X.iloc[places]
            self._learn_from(at)
            pairs[places] = self._pairs(at)
        return super().fit(_beside(X, pairs), y)

    @property
    def takes_rows(self) -> bool:
        """Never: a pair's score needs the customer's other rows."""
        return False

    def predict(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Give the probability for each pair. A customer's rows of all categories are needed to score one."""
        check_features(X, self.requires)
        return super().predict(_beside(X, self._pairs(X)))

    def contributions(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Give each pair's terms of the log-odds, those of `PAIR` among them; needed is what `predict` needs."""
        check_features(X, self.requires)
        return super().contributions(_beside(X, self._pairs(X)))

    def state(self) -> dict[str, Any]:
        """Give the trees, the categories and what is known of them."""
        return {
            **super().state(),
            "categories": self.categories_,
            "popularity": self.popularity_.tolist(),
            "adoption": self.adoption_.tolist(),
            "similar": self.similar_.tolist(),
            "mean_closeness": self.mean_closeness_.tolist(),
        }

    def restore(self, state: State) -> Self:
        """Take them back."""
        self.categories_ = list(state["categories"])
        self.popularity_, self.adoption_ = np.array(state["popularity"]), np.array(state["adoption"])
        self.similar_, self.mean_closeness_ = np.array(state["similar"]), np.array(state["mean_closeness"])
        return super().restore(state)

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

    def _pairs(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        """Give what `PAIR` names of each row; nothing for a category unknown in training."""
        bought, customer, category = self._bought(frame)
        near = closeness(bought, self.similar_)[customer, category]
        lift = near / self.mean_closeness_[category]
        columns = np.column_stack([self.popularity_[category], self.adoption_[category], near, lift])
        columns[category < 0] = np.nan
        return columns


def _beside(frame: pd.DataFrame, pairs: NDArray[np.float64]) -> pd.DataFrame:
    return frame.assign(**dict(zip(PAIR, pairs.T, strict=True)))
