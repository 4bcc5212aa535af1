"""Ways to choose a model: by rolling origins as Augury does, by the last of them alone, by a random split of rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from experiments.benchmarks.selection.shop import Shop
from models.metrics import METRICS
from training.fit import fit, unfitted
from training.judge import Judged, judge

Params = Mapping[str, Mapping[str, Any]]

FAMILY: Final[Params] = {
    name: {} for name in ("base_rate", "rfm_logistic", "no_purchase", "engineered_logistic", "boosted", "blend")
}
HELD_OUT: Final = 0.2
"""The share of rows that a random split tests on."""


@dataclass(frozen=True)
class Choice:
    """A model chosen, by the AUC that each had then; the chosen one's is what it promises."""

    chosen: str
    aucs: Mapping[str, float]

    @classmethod
    def of(cls, aucs: Mapping[str, float]) -> "Choice":
        """Choose the best; of equal ones the first."""
        return cls(max(aucs, key=lambda model: aucs[model]), aucs)

    @property
    def promised(self) -> float:
        """The AUC that the chosen model had."""
        return self.aucs[self.chosen]


def by_judging(shop: Shop, *, models: Params, seed: int) -> dict[str, Choice]:
    """Choose by rolling origins, which `training.judge` does, and from the same back-tests by the last origin alone."""
    judged = judge("selection", shop.task, shop.origins, models=models, calibration="none", seed=seed)
    aucs = by_origin(judged)
    means = {str(model): float(value) for model, value in aucs.mean().items()}
    last = {str(model): float(value) for model, value in aucs.iloc[-1].items()}
    return {"rolling origins": Choice(judged.champion, means), "last origin": Choice.of(last)}


def by_origin(judged: Judged) -> pd.DataFrame:
    """Give the AUC at each origin (rows, by time) of each model (columns)."""
    return pd.DataFrame(
        {
            model: {part.split.name: auc(part.scored["actual"], part.scored["score"]) for part in each.parts}
            for model, each in judged.models.items()
        }
    )


def by_random_rows(shop: Shop, *, models: Params, seed: int) -> Choice:
    """Choose as is usual: of all rows whose outcome is known when the unseen origin comes, a random fifth tests.

    A customer's rows at other cutoffs, and those of later ones, may so be learned from.
    """
    known = shop.unseen.train
    tested = np.random.default_rng(seed).random(len(known.X)) < HELD_OUT
    train, test = known.where(~tested), known.where(tested)
    aucs = {}
    for name, params in models.items():
        model = unfitted(shop.task, model=name, params=params, seed=seed).fit(train.X, train.y)
        aucs[name] = auc(test.y, model.predict(test.X))
    return Choice.of(aucs)


def met(shop: Shop, *, models: Params, seed: int) -> pd.DataFrame:
    """Fit every model anew as of the unseen origin: its customers, what came (`actual`), and a column a model."""
    fitted = {name: fit(shop.task, shop.unseen, model=name, params=each, seed=seed) for name, each in models.items()}
    keys = next(iter(fitted.values())).scored[["customer_id", "actual"]]
    return keys.assign(**{name: each.scored["score"] for name, each in fitted.items()})


def auc(actual: "pd.Series[float]", score: Any) -> float:
    """Give the ROC AUC."""
    return float(METRICS["roc_auc"](actual.to_numpy(dtype=float), np.asarray(score, dtype=float)))
