"""Every model on every kind of target that it predicts, and what each can do."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.contract import Model, TargetKind
from models.estimators import create
from training.task import Examples

CASES: list[tuple[str, TargetKind]] = [
    ("base_rate", "amount"),
    ("base_rate", "binary"),
    ("base_rate", "count"),
    ("beta_discrete_weibull", "binary"),
    ("bgbb", "count"),
    ("bgnbd", "count"),
    ("blend", "binary"),
    ("boosted", "amount"),
    ("boosted", "binary"),
    ("boosted", "count"),
    ("clv", "amount"),
    ("clv_blend", "amount"),
    ("cross_sell", "binary"),
    ("engineered_logistic", "binary"),
    ("gamma_gamma", "amount"),
    ("mbgnbd", "count"),
    ("no_purchase", "binary"),
    ("pareto_nbd", "count"),
    ("popularity", "binary"),
    ("rfm_logistic", "binary"),
    ("segments", "none"),
    ("shifted_beta_geometric", "binary"),
]
PAIRS = {"cross_sell", "popularity"}
MEMBERS = {"beta_discrete_weibull", "bgbb", "shifted_beta_geometric"}
TAKES_ALL = {"blend", "boosted", "cross_sell", "engineered_logistic"}
READS_ALL = {"clv_blend", *TAKES_ALL}
TAKES_TEXT = {"base_rate", *TAKES_ALL}
EXPLAINED = {"base_rate", "rfm_logistic", *TAKES_ALL}
TAKES_ROWS = {"base_rate", "blend", "boosted", "engineered_logistic", "rfm_logistic", "segments"}
DETAILED = {"clv", "clv_blend"}
QUICK: dict[str, dict[str, Any]] = {
    "blend": {"params": {"boosted": {"rounds": 20}}},
    "boosted": {"rounds": 20},
    "clv_blend": {"fewest_customers": 50, "rounds": 20},
    "cross_sell": {"rounds": 20},
}
OUTCOMES = {"amount": "future_spend", "binary": "churned", "count": "orders"}
SETTING = {"horizon_days": 28, "lead_days": 0, "seed": 3}
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Case:
    """A model fitted on rows of its kind, rows to predict, and what it says of them."""

    name: str
    kind: TargetKind
    train: Examples
    frame: pd.DataFrame

    def unfitted(self) -> Model:
        """Make the model anew."""
        return create(self.name, setting={"kind": self.kind, **SETTING}, **QUICK.get(self.name, {}))

    def fitted(self) -> Model:
        """Fit it anew."""
        return self.unfitted().fit(self.train.X, self.train.y)


@dataclass(frozen=True)
class Fitted(Case):
    """A case with its fitted model."""

    model: Model
    predicted: Floats


def told_by(name: str) -> str:
    """Say which data a model is tried on."""
    return "pairs" if name in PAIRS else "members" if name in MEMBERS else "customers"
