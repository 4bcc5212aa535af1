"""The process of purchases within a model."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.buy_till_you_die.covariates import DescribedHistories, WithCovariates
from models.buy_till_you_die.fit import Fit
from models.buy_till_you_die.histories import Histories
from models.buy_till_you_die.process import Purchases
from models.buy_till_you_die.processes import PROCESSES
from models.contract import Model
from models.purchases import DAYS_A_WEEK, PurchaseModel, histories

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Buying:
    """A fitted process of purchases, in weeks: what a model expects of how often customers buy.

    `see` gives a frame's histories, with the covariates of a process that has some.
    """

    process: Purchases
    params: Mapping[str, float]
    see: Callable[[pd.DataFrame], Histories] = histories

    def expected(self, X: pd.DataFrame, *, days: float) -> Floats:
        """Give each row's expected purchase days within so many days."""
        seen = self.see(X)
        return seen.spread(self.process.expected_purchases(self.params, seen, horizon=days / DAYS_A_WEEK))

    def of_new(self, X: pd.DataFrame, ends: Floats) -> Floats:
        """Give what all rows together are expected to have bought by some ends, in days from the cutoff.

        It is the sum over customers of the repeat purchases that a new one makes since their own first purchase.
        """
        seen, weeks = self.see(X), ends / DAYS_A_WEEK
        if isinstance(self.process, WithCovariates):
            inner, params = self.process.inner, self.process.personal(self.params, seen)
            made = [inner.expected_of_new(params, np.maximum(end + seen.T, 0)) for end in weeks]
            return np.stack(made) @ seen.weight
        tenures, which = np.unique(seen.T, return_inverse=True)
        ages, place = np.unique(np.maximum(np.add.outer(weeks, tenures), 0), return_inverse=True)
        expected = self.process.expected_of_new(self.params, ages)[place].reshape(len(weeks), len(tenures))
        return np.asarray(expected @ np.bincount(which, weights=seen.weight), dtype=np.float64)

    def p_alive(self, X: pd.DataFrame, grid: Histories) -> Floats:
        """Give P(alive) of each history of a grid, where there are covariates of one in whom they are X's means."""
        seen = self.see(X)
        if isinstance(seen, DescribedHistories):
            described = {
                name: np.full(len(grid.x), np.average(values, weights=seen.weight))
                for name, values in seen.described.items()
            }
            grid = DescribedHistories(grid.x, grid.t_x, grid.T, grid.weight, grid.which, described)
        return grid.spread(self.process.p_alive(self.params, grid))


def buying(model: Model) -> Buying | None:
    """Give the process by which a model, or its part without trees, takes customers to buy; None where there is none.

    Its `process` is one or the name of one, what was fitted is its `purchases_` or `fit_`.
    """
    part: Any = without_trees(model)
    if isinstance(part, PurchaseModel):
        return Buying(part.described, part.params_, part.seen)
    process: Any = getattr(part, "process", None)
    if isinstance(process, str):
        process = PROCESSES[process]
    fitted = getattr(part, "purchases_", None)
    if not (hasattr(process, "expected_of_new") and isinstance(fitted, Fit)):
        return None
    return Buying(process, fitted.params)


def without_trees(model: Model) -> Model:
    """Give the part of a blend that is fitted to the past alone (`clv_`); of another model the model."""
    part: Model = getattr(model, "clv_", model)
    return part
