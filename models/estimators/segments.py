"""Segments of customers by how lately, how often and for how much they bought (k-means), with names."""

from collections.abc import Callable
from typing import Any, ClassVar, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.cluster import KMeans
from sklearn.utils.validation import check_is_fitted

from models.contract import State, TargetKind, matrix
from models.estimators import register

SMALLEST_SHARE = 0.04
"""A segment with a smaller share of the customers is a handful of outliers, not an audience."""

FEWEST, MOST = 2, 8
"""Segments that can be asked for: one is no segmentation, and past eight nobody keeps the names apart."""

DECIMALS = 6
"""Of the centres, in standard deviations: hides the last bits, in which threaded sums differ from run to run."""

RULES: tuple[tuple[str, Callable[[float, float, float], bool]], ...] = (
    ("best customers", lambda r, f, m: r <= 0.5 and f >= 2 and m >= 2),
    ("loyal high spenders", lambda r, f, m: r <= 1 and f >= 1.5 and m >= 1.5),
    ("active regulars", lambda r, f, m: r <= 0.5 and f > 1),
    ("good customers cooling off", lambda r, f, m: r > 0.5 and f > 1 and m > 1),
    ("new or occasional", lambda r, f, m: r <= 1 and f <= 1.5),
    ("steady customers", lambda r, f, m: r <= 1 and f > 1),
    ("slipping away", lambda r, f, m: r > 0.5 and m > 0.5),
    ("lost", lambda r, f, m: r > 1),
    ("lost small buyers", lambda r, f, m: r > 1 and m <= 0.5),
)
"""Names in order of preference, by the centre's days since the last purchase r, purchase days f and spend m, each over
the population's median. For every centre at least one holds."""


@register
class Segments(BaseEstimator):
    """k-means on standardised log(1 + x) of days since the last purchase, purchase days and total spend.

    `predict` gives codes: 0 is the segment whose centre spends most, and `labels` names them in that order. The
    logarithm keeps a few big spenders from becoming a segment of their own; spend below 0 counts as 0. Where a segment
    would hold less than `SMALLEST_SHARE` of the customers, the fit tries one segment fewer: `labels` says how many
    there are. `seed` chooses the starts of k-means.
    """

    learns: ClassVar[Literal["outcome", "past"]] = "past"
    requires: ClassVar[tuple[str, ...]] = ("days_since_last", "purchase_days", "spend")
    kinds: ClassVar[tuple[TargetKind, ...]] = ("none",)

    def __init__(self, k: int = 5, seed: int = 0) -> None:
        self.k = k
        self.seed = seed

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the codes; empty before the fit."""
        return getattr(self, "labels_", ())

    def fit(self, X: pd.DataFrame, y: pd.Series | None = None) -> Self:
        """Find the segments; `y` is ignored.

        Raises `ValueError` for k outside 2 … 8, a null feature, no customers, or customers too alike for two segments
        of size.
        """
        if not FEWEST <= self.k <= MOST:
            raise ValueError(f"k is {self.k}; ask for {FEWEST} to {MOST} segments")
        if X.empty:
            raise ValueError("there are no customers to segment; check the cutoff and the population")
        logs = self._logs(matrix(X, list(self.requires)))
        spread = logs.std(axis=0)
        self.mean_, self.scale_ = logs.mean(axis=0), np.where(spread > 1e-9, spread, 1.0)
        self.centres_ = _centres((logs - self.mean_) / self.scale_, k=self.k, seed=self.seed)
        self.features_ = list(self.requires)
        self.labels_ = _names(np.expm1(self.centres_ * self.scale_ + self.mean_), np.median(np.expm1(logs), axis=0))
        return self

    @property
    def takes_rows(self) -> bool:
        """Always: its features are numbers."""
        return True

    def predict(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Give each row's code: the nearest centre, the lower code of two as near."""
        check_is_fitted(self)
        return self.predict_rows(matrix(X, list(self.requires)))

    def predict_rows(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the same for rows."""
        return _nearest((self._logs(values) - self.mean_) / self.scale_, self.centres_).astype(np.float64)

    def state(self) -> dict[str, Any]:
        """Give the standardisation, the centres and their names."""
        check_is_fitted(self)
        arrays = {"mean": self.mean_, "scale": self.scale_, "centres": self.centres_}
        return {**{name: array.tolist() for name, array in arrays.items()}, "labels": list(self.labels_)}

    def restore(self, state: State) -> Self:
        """Take them back."""
        self.mean_, self.scale_, self.centres_ = (np.array(state[name]) for name in ("mean", "scale", "centres"))
        self.labels_ = tuple(state["labels"])
        self.features_ = list(self.requires)
        return self

    def _logs(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        wrong = ~np.isfinite(values).all(axis=1)
        if wrong.any():
            raise ValueError(
                f"{wrong.sum()} of {len(values)} customers (first: row {wrong.argmax()}) have a null or infinite value "
                f"in {list(self.requires)}; leave out who has not bought yet"
            )
        return np.log1p(np.maximum(values, 0))


def _centres(points: NDArray[np.float64], *, k: int, seed: int) -> NDArray[np.float64]:
    """Find at most k centres (k × 3), highest spend first, each nearest to `SMALLEST_SHARE` of the points."""
    for fewer in range(min(k, len(np.unique(points, axis=0))), FEWEST - 1, -1):
        found = KMeans(fewer, n_init=10, random_state=seed).fit(points).cluster_centers_.round(DECIMALS)
        centres = found[np.lexsort((found[:, 0], -found[:, 1], -found[:, 2]))]
        if np.bincount(_nearest(points, centres), minlength=fewer).min() >= SMALLEST_SHARE * len(points):
            return np.asarray(centres)
    raise ValueError(
        f"{len(points)} customers do not make {FEWEST} segments of {SMALLEST_SHARE:.0%} or more each: "
        "they are too few or too alike; segment a larger population"
    )


def _nearest(points: NDArray[np.float64], centres: NDArray[np.float64]) -> NDArray[np.intp]:
    """Name the nearest centre of each point, coordinate by coordinate, so that one row equals many bit for bit."""
    distances = np.zeros((len(centres), len(points)))
    for axis in range(points.shape[1]):
        distances += (points[:, axis] - centres[:, axis, None]) ** 2
    return np.asarray(distances.argmin(axis=0), dtype=np.intp)


def _names(centres: NDArray[np.float64], medians: NDArray[np.float64]) -> tuple[str, ...]:
    """Give each centre, in order, the first rule's name that holds and is free; if none is free, a number as well."""
    names: list[str] = []
    for r, f, m in centres / np.maximum(medians, 1e-9):
        fitting = [name for name, holds in RULES if holds(r, f, m)]
        numbered = [f"{fitting[0]} {number}" for number in range(2, len(centres) + 1)]
        names.append(next(name for name in fitting + numbered if name not in names))
    return tuple(names)
