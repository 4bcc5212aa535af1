"""Logistic regression that bends: a shape for each number, a step for each level of text, a few interactions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, ClassVar, Final, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression

from models.contract import Span, State, TargetKind, check_features, eligible, feature_names
from models.encoding import numbers
from models.estimators import register
from models.levels import Levels, is_text
from models.shape import Shape

MOST_ROWS: Final = 250_000
"""Rows it is fitted on, evenly spaced if there are more: a few hundred weights need no more, and memory is finite."""

CHUNK: Final = 20_000
"""Rows whose terms are made at a time."""

FLAT: Final = 1e-9
"""Standard deviation below which a term, or a feature's effect, is the same for all."""

Floats = NDArray[np.float64]
Owners = Sequence[tuple[int, ...]]


@register
class EngineeredLogistic(BaseEstimator):
    """Probability from all features of the frame: a sum of one bent effect each, and products of the strongest ones.

    A number becomes straight pieces on a log scale, with `bends` bends (`models.shape`), a text a 0/1 column a level
    (`models.levels`); a null is the training mean, and a term of its own where training had nulls. A first fit finds
    each feature's effect, the sum of its terms. A second one adds the products of each two of the `strongest` effects,
    those that vary most over the training rows (as Tukey 1949, One degree of freedom for non-additivity, has one for
    each two factors). All terms are standardised; `C` is scikit-learn's inverse strength of the ridge penalty.
    """

    learns: ClassVar = "outcome"
    requires: ClassVar[tuple[str, ...]] = ()
    kinds: ClassVar[tuple[TargetKind, ...]] = ("binary",)
    labels: ClassVar[tuple[str, ...]] = ()
    takes_text: ClassVar[bool] = True
    tunable: ClassVar[dict[str, Span]] = {
        "C": Span(0.0003, 1.0, log=True),
        "bends": Span(0, 6),
        "strongest": Span(0, 10),
    }

    def __init__(self, C: float = 0.01, *, bends: int = 3, strongest: int = 6) -> None:
        self.C = C
        self.bends = bends
        self.strongest = strongest

    def fit(self, X: pd.DataFrame, y: pd.Series) -> Self:
        """Fit on every feature column of the frame and a target of 0 and 1."""
        rows = _spaced(np.flatnonzero(eligible(X)))
        X, outcome = X.iloc[rows], y.to_numpy(dtype=np.float64)[rows]
        self.features_ = feature_names(X)
        self.shapes_ = [_shape(X[name], bends=self.bends) for name in self.features_]
        terms, owners = self._terms(self._seen(X))
        self.first_ = Linear.fit(terms, outcome, C=self.C)
        effects = self._summed(self.first_.weighted(terms), owners)
        self.spread_ = effects.std(axis=0)
        self.pairs_ = list(combinations(_largest(self.spread_, self.strongest), 2))
        self.second_ = Linear.fit(np.column_stack([terms, self._products(effects)]), outcome, C=self.C)
        return self

    @property
    def takes_rows(self) -> bool:
        """Whether its features are all numbers."""
        return all(isinstance(shape, Shape) for shape in self.shapes_)

    def predict(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Give the probability of a 1."""
        return _probability(self.contributions(X))

    def predict_rows(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the same for rows; only where no feature is text."""
        return self.explained_rows(values)[0]

    def contributions(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Give each row's shares of the log-odds; the base is the intercept. A product is half each of its two.

        Terms are centred on their training means, so shares tell what sets a row apart from the average one.
        """
        check_features(X, self.features_)
        return self._joined([self._contributions(self._seen(X.iloc[rows])) for rows in _chunks(len(X))])

    def explained_rows(self, values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give both for rows; only where no feature is text."""
        terms = self._joined([self._contributions(list(values[rows].T)) for rows in _chunks(len(values))])
        return _probability(terms), terms

    def state(self) -> dict[str, Any]:
        """Give the features' shapes or levels, and both fits."""
        return {
            "features": self.features_,
            "shapes": [shape.state() for shape in self.shapes_],
            "first": self.first_.state(),
            "spread": self.spread_.tolist(),
            "pairs": [list(pair) for pair in self.pairs_],
            "second": self.second_.state(),
        }

    def restore(self, state: State) -> Self:
        """Take them back."""
        self.features_ = list(state["features"])
        self.shapes_ = [(Shape if "knots" in each else Levels).restore(each) for each in state["shapes"]]
        self.first_, self.second_ = Linear.restore(state["first"]), Linear.restore(state["second"])
        self.spread_ = np.array(state["spread"], dtype=np.float64)
        self.pairs_ = [(int(one), int(other)) for one, other in state["pairs"]]
        return self

    def _joined(self, chunks: Sequence[Floats]) -> Floats:
        return np.concatenate([np.zeros((0, len(self.features_) + 1)), *chunks])

    def _contributions(self, seen: Sequence[Floats]) -> Floats:
        terms, owners = self._terms(seen)
        products = self._products(self._summed(self.first_.weighted(terms), owners))
        weighted = self.second_.weighted(np.column_stack([terms, products]))
        shares = self._summed(weighted, [*owners, *self.pairs_])
        return np.column_stack([shares, np.full(len(shares), self.second_.intercept)])

    def _seen(self, X: pd.DataFrame) -> list[Floats]:
        """Give for each feature what a frame says of it: a number's values, or rows × levels."""
        shapes = dict(zip(self.features_, self.shapes_, strict=True))
        named = [name for name, shape in shapes.items() if isinstance(shape, Shape)]
        values = dict(zip(named, numbers(X, named).T, strict=True))
        return [values[name] if isinstance(shape, Shape) else shape.one_hot(X[name]) for name, shape in shapes.items()]

    def _terms(self, seen: Sequence[Floats]) -> tuple[Floats, Owners]:
        """Give rows × terms, and for each term the place of its feature."""
        parts = [
            shape.terms(each) if isinstance(shape, Shape) else each
            for shape, each in zip(self.shapes_, seen, strict=True)
        ]
        owners = [(place,) for place, part in enumerate(parts) for _ in range(part.shape[1])]
        return np.column_stack(parts), owners

    def _summed(self, weighted: Floats, owners: Owners) -> Floats:
        """Add up the terms of each feature, what two own in halves."""
        summed = np.zeros((len(weighted), len(self.features_)))
        for column, places in zip(weighted.T, owners, strict=True):
            for place in places:
                summed[:, place] += column / len(places)
        return summed

    def _products(self, effects: Floats) -> Floats:
        """Multiply the effects of each pair, in standard deviations."""
        standard = effects / np.where(self.spread_ > FLAT, self.spread_, 1.0)
        products = [standard[:, one] * standard[:, other] for one, other in self.pairs_]
        return np.column_stack([np.zeros((len(effects), 0)), *products])


@dataclass(frozen=True)
class Linear:
    """Weights of terms, and what is subtracted from each: its training mean, which a NaN counts as."""

    means: Floats
    weights: Floats
    intercept: float

    @classmethod
    def fit(cls, terms: Floats, outcome: Floats, *, C: float) -> Self:
        """Fit the weights on standardised terms; one that is the same for all gets none."""
        means = np.zeros(terms.shape[1])
        there = ~np.isnan(terms)
        np.divide(np.where(there, terms, 0).sum(axis=0), there.sum(axis=0), out=means, where=there.any(axis=0))
        standard = np.where(there, terms - means, 0)
        spread = standard.std(axis=0)
        spread[spread <= FLAT] = np.inf
        regression = LogisticRegression(C=C, solver="newton-cholesky").fit(standard / spread, outcome)
        return cls(means, regression.coef_[0] / spread, float(regression.intercept_[0]))

    def weighted(self, terms: Floats) -> Floats:
        """Give each term's share of the log-odds."""
        return np.where(np.isnan(terms), 0, terms - self.means) * self.weights

    def state(self) -> dict[str, Any]:
        """Give means, weights and intercept as plain data."""
        return {"means": self.means.tolist(), "weights": self.weights.tolist(), "intercept": self.intercept}

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> Self:
        """Take them back."""
        return cls(np.array(state["means"]), np.array(state["weights"]), float(state["intercept"]))


def _probability(shares: Floats) -> Floats:
    """Add log-odds up column by column, so that one row equals many bit for bit."""
    log_odds = np.zeros(len(shares))
    for share in shares.T:
        log_odds += share
    return np.asarray(expit(log_odds), dtype=np.float64)


def _chunks(rows: int) -> list[slice]:
    return [slice(start, start + CHUNK) for start in range(0, rows, CHUNK)]


def _spaced(rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """Take at most `MOST_ROWS` of the rows."""
    if len(rows) <= MOST_ROWS:
        return rows
    return rows[np.linspace(0, len(rows) - 1, MOST_ROWS).astype(np.intp)]


def _shape(column: pd.Series, *, bends: int) -> Shape | Levels:
    if is_text(column):
        return Levels.of(column)
    return Shape.of(numbers(column.to_frame(), [str(column.name)])[:, 0], bends=bends)


def _largest(spread: Floats, count: int) -> list[int]:
    """Name the places of the largest spreads, in order of place; none that is flat."""
    ranked = sorted(range(len(spread)), key=lambda place: -spread[place])
    return sorted(place for place in ranked[:count] if spread[place] > FLAT)
