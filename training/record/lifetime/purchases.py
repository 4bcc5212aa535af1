"""The process of purchases within a model."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.buy_till_you_die.process import Purchases
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
    """Give a model's process of purchases: its own, or that of its part `purchases_`; None where there is none."""
    part: Any = getattr(model, "purchases_", model)
    process: Any = getattr(part, "process", None)
    if not hasattr(process, "expected_of_new") or tuple(part.requires) != HISTORY:
        return None
    return Buying(process, part.params_)
