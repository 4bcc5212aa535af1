"""The process of purchases within a model."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.buy_till_you_die.fit import Fit
from models.buy_till_you_die.process import Purchases
from models.buy_till_you_die.processes import PROCESSES
from models.contract import Model
from models.purchases import DAYS_A_WEEK, HISTORY, histories

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Buying:
    """A fitted process of purchases, in weeks: what a model expects of how often customers buy."""

    process: Purchases
    params: Mapping[str, float]

    def expected(self, X: pd.DataFrame, *, days: float) -> Floats:
        """Give each row's expected purchase days within so many days."""
        seen = histories(X)
        return seen.spread(self.process.expected_purchases(self.params, seen, horizon=days / DAYS_A_WEEK))

    def of_new(self, days: Floats) -> Floats:
        """Give how many repeat purchase days a new customer is expected to have within so many days each."""
        made = np.zeros(len(days))
        made[days > 0] = self.process.expected_of_new(self.params, days[days > 0] / DAYS_A_WEEK)
        return made


def buying(model: Model) -> Buying | None:
    """Give the process by which a model, or its part without trees, takes customers to buy; None where there is none.

    Its `process` is one or the name of one, what was fitted is its `purchases_` or `fit_`.
    """
    part = without_trees(model)
    process: Any = getattr(part, "process", None)
    if isinstance(process, str):
        process = PROCESSES[process]
    fitted = getattr(part, "purchases_", getattr(part, "fit_", None))
    if not (hasattr(process, "expected_of_new") and isinstance(fitted, Fit) and set(HISTORY) <= set(model.requires)):
        return None
    return Buying(process, fitted.params)


def without_trees(model: Model) -> Model:
    """Give the part of a blend that is fitted to the past alone (`clv_`); of another model the model."""
    part: Model = getattr(model, "clv_", model)
    return part
