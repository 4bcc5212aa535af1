"""Fitted trees, asked in the fastest way that says what XGBoost says."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

import numpy as np

from models.booster import Booster, contributions_booster, predict_booster
from models.trees.contributions import Shapley
from models.trees.forest import Doubles, Forest, Nodes, Unsupported
from models.trees.predict import Walk

Engine = Literal["forest", "xgboost"]

GOLDEN: Final = 256
"""Rows on which the forest must predict what XGBoost predicts."""
EXPLAINED: Final = 8
"""Those of them on which it must explain it."""
APART: Final = 1e-4
"""How far a share may be from XGBoost's, which adds up in float32, over the greatest size of a margin (at least 1)."""


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Fitted trees. They are laid out as flat arrays when they are first asked; `engine` tells who answers.

    That is "forest", the compiled loops, where they say bit for bit what XGBoost says of golden rows, which are made of
    the trees' own thresholds, their neighbours, nulls and zeros; else "xgboost" itself.
    """

    booster: Booster

    @property
    def engine(self) -> Engine:
        """Who answers."""
        return "xgboost" if self._walk is None else "forest"

    def predict(self, values: Doubles) -> Doubles:
        """Give the expected value of each row of features; NaN is a null."""
        return predict_booster(self.booster, values) if self._walk is None else self._walk.predict(values)

    def contributions(self, values: Doubles) -> Doubles:
        """Give each row's shares of the margin, rows × (features + 1), last the mean margin: exact TreeSHAP.

        They add up to the margin within 1e-6 of its size, which XGBoost adds up in float32.
        """
        if self._shapley is None:
            return contributions_booster(self.booster, values)
        return self._shapley.contributions(values)

    @cached_property
    def _forest(self) -> Forest | None:
        """The flat arrays, None where there are none of such trees."""
        try:
            return Forest.of(self.booster)
        except Unsupported:
            return None

    @cached_property
    def _walk(self) -> Walk | None:
        """What predicts, None where it is not what XGBoost says of the golden rows."""
        if self._forest is None:
            return None
        walk, rows = Walk.of(self._forest), golden(self._forest)
        return walk if np.array_equal(walk.predict(rows), predict_booster(self.booster, rows)) else None

    @cached_property
    def _shapley(self) -> Shapley | None:
        """What explains, None where it is not what XGBoost makes of a few golden rows."""
        if self._forest is None or self._walk is None:
            return None
        shapley, rows = Shapley.of(self._forest), golden(self._forest)[:EXPLAINED]
        theirs, ours = contributions_booster(self.booster, rows), shapley.contributions(rows)
        size = max(1.0, float(np.abs(theirs.sum(axis=1)).max()))
        return shapley if np.abs(theirs - ours).max() <= APART * size else None


def golden(forest: Forest) -> Doubles:
    """Make rows that show a wrong turn: each value is a threshold of its feature, a neighbour, a null or a zero."""
    rng = np.random.default_rng(0)
    rows = np.empty((GOLDEN, forest.width))
    for feature in range(forest.width):
        rows[:, feature] = rng.choice(_telling(forest.nodes, feature), GOLDEN)
    return rows


def _telling(nodes: Nodes, feature: int) -> Doubles:
    """List the values of a feature that tell the trees' splits apart."""
    at = nodes.threshold[(nodes.feature == feature) & ~nodes.leaf]
    with np.errstate(over="ignore"):
        below, above = (np.nextafter(at, np.float32(end)) for end in (-np.inf, np.inf))
    values = np.concatenate([at, below, above, np.zeros(1)]).astype(np.float64)
    return np.concatenate([values[np.isfinite(values)], np.full(1 + len(values) // 8, np.nan)])
