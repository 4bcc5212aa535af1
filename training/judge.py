"""`judge`: every model of a question back-tested side by side, leaks looked for, the champion chosen and graded."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from features.concepts import concepts_of
from models.contract import Explained, TargetKind, eligible
from models.metrics import METRICS
from models.reasons import importance, over_cutoffs
from training.backtest import Backtested, backtest
from training.choose import CHOOSE
from training.evaluate import POOLED
from training.fit import NotFitted
from training.grade import RANKED, Grade, NotFitForUse, check_sufficient, grade
from training.leaks import PLAUSIBLE, Leak, check_leaks, implausible, leaks
from training.splits import Splits
from training.task import Task


@dataclass(frozen=True)
class Judged:
    """The models side by side, which of them is the champion, how it is graded, and what it rests on.

    `importance` is the mean share of each concept and feature in the champion's scores with its range over the parts;
    empty for a model whose scores are no sums. `leaks` are the alarms that were overridden. `left_out` says why models
    are not there that could not be fitted.
    """

    models: Mapping[str, Backtested]
    champion: str
    baseline: str | None
    grade: Grade
    leaks: tuple[Leak, ...]
    importance: pd.DataFrame
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def best(self) -> Backtested:
        """The champion."""
        return self.models[self.champion]


def judge(
    name: str,
    task: Task,
    splits: Splits,
    *,
    models: Mapping[str, Mapping[str, Any]],
    champion: str | None = None,
    baseline: str | None = None,
    calibration: str = CHOOSE,
    plausible_auc: float = PLAUSIBLE,
    allowed: Mapping[str, str] | None = None,
    seed: int = 0,
    provenance: Mapping[str, str] | None = None,
    told: Callable[[str], None] = lambda what: None,
) -> Judged:
    """Back-test models by name and parameters; choose the champion, unless one is named, and grade it.

    The champion is the model that ranks best in the mean over the parts, never on one of them. `told` hears of each
    model. One that the rows do not let be fitted is left out, unless it was named. Raises `NotFitForUse` where there
    are too few data or no model is better than chance, and `Leaking` for what looks like the answer itself, unless it
    is `allowed`, feature by feature, with a reason.
    """
    if champion is not None and champion not in models:
        raise ValueError(f"the champion {champion!r} is none of the models {', '.join(models)}")
    check_sufficient(splits, kind=task.kind)
    overridden = _leaks(task, splits, plausible_auc, allowed or {})
    options: Any = {"calibration": calibration, "seed": seed, "provenance": provenance}
    judged, left_out = {}, {}
    for model, params in models.items():
        told(f"train {model}")
        try:
            judged[model] = backtest(name, task, splits, model=model, params=params, **options)
        except NotFitted as error:
            if model == champion or len(models) == 1:
                raise
            left_out[model] = str(error)
    if not judged:
        raise NotFitForUse("not fit for use: " + "; ".join(left_out.values()))
    chosen = champion or best(judged, kind=task.kind)
    importances = _importance(judged[chosen])
    overridden += _implausible(task, judged[chosen], importances, plausible_auc, allowed or {})
    held = baseline if baseline in judged else None
    letter = grade(judged[chosen], kind=task.kind, baseline=judged.get(held or ""), rolling=splits.rolling, seed=seed)
    return Judged(judged, chosen, held, letter, tuple(overridden), importances, left_out)


def best(judged: Mapping[str, Backtested], *, kind: TargetKind) -> str:
    """Name the model that ranks best in the mean over the parts; of equal ones the first."""
    metric, _ = RANKED[kind]

    def mean(model: str) -> float:
        table = judged[model].metrics
        found = table.loc[(table["part"] != POOLED) & (table["metric"] == metric), "value"].mean()
        return float(found) if np.isfinite(found) else -np.inf

    return max(judged, key=mean)


def _leaks(task: Task, splits: Splits, bound: float, allowed: Mapping[str, str]) -> list[Leak]:
    """Look at each feature alone, before any model is made."""
    if task.kind != "binary":
        return []
    train = splits.final.train
    asked = eligible(train.X)
    return check_leaks(leaks(train.X[asked], train.y[asked], bound=bound), allowed=allowed)


def _implausible(
    task: Task, champion: Backtested, shares: pd.DataFrame, bound: float, allowed: Mapping[str, str]
) -> list[Leak]:
    """Look at the champion: what ranks too well to be true knows the answer."""
    if task.kind != "binary":
        return []
    auc = METRICS["roc_auc"](champion.scored["actual"], champion.scored["score"])
    told = shares[shares["level"] == "feature"] if len(shares) else pd.DataFrame({"name": [], "mean": []})
    weights = {str(name): float(share) for name, share in zip(told["name"], told["mean"], strict=True)}
    return check_leaks(implausible(auc, bound=bound, shares=weights), allowed=allowed)


def _importance(champion: Backtested) -> pd.DataFrame:
    """Share of each concept and feature in the champion's scores of each part's test rows, and its range."""
    tables = []
    for part in champion.parts:
        if isinstance(part.model, Explained):
            X = part.split.test.X
            terms = part.model.contributions(X)[eligible(X)]
            tables.append(importance(terms, part.model.features_, concepts=concepts_of(part.model.features_)))
    return over_cutoffs(tables) if tables else pd.DataFrame()
