"""`train`: fit on closed earlier cutoffs, make the artifact, evaluate on later cutoffs."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from models.artifact import Artifact
from models.contract import KEYS, Model, eligible, feature_names
from models.estimators import create
from models.profile import profile
from training.evaluate import evaluate
from training.segment_quality import segment_quality
from training.task import Examples, Split, Task


@dataclass(frozen=True)
class Trained:
    """A fitted artifact, its predictions on the test cutoffs beside what came, and their metrics."""

    artifact: Artifact
    scored: pd.DataFrame
    metrics: pd.DataFrame
    seconds: float


def train(
    name: str,
    task: Task,
    data: Split,
    *,
    model: str,
    params: Mapping[str, Any] | None = None,
    seed: int = 0,
    provenance: Mapping[str, str] | None = None,
) -> Trained:
    """Fit one model and judge it.

    A model that learns from outcomes is fitted on the closed cutoffs, one that learns from the past alone on the
    first test cutoff. Raises `ValueError` where the model cannot predict the target or lacks a feature.
    """
    started = time.perf_counter()
    made = create(model, setting={"kind": task.kind, "horizon_days": task.horizon_days, "seed": seed}, **(params or {}))
    _check(model, made, task, data)
    learned = _learned(made, data)
    made.fit(learned.X, learned.y)
    artifact = _artifact(name, task, learned, model=model, fitted=made, provenance=provenance or {})
    scored = _scored(made, data.test)
    if task.target is None:
        metrics = segment_quality(made, data.test.X, earlier=data.train.X, seed=seed)
    else:
        metrics = evaluate(scored, kind=task.kind, seed=seed)
    return Trained(artifact, scored, metrics, time.perf_counter() - started)


def _check(name: str, model: Model, task: Task, data: Split) -> None:
    if task.kind not in model.kinds:
        what = "no target" if task.target is None else f"the {task.kind} {task.target.name!r}"
        raise ValueError(
            f"model {name!r} predicts {', '.join(model.kinds)}, not {what}; choose another model or target"
        )
    missing = [needed for needed in model.requires if needed not in data.train.X]
    if missing:
        raise ValueError(f"model {name!r} needs the features {missing}; add them to the study's features")


def _learned(model: Model, data: Split) -> Examples:
    if model.learns == "outcome":
        return data.train
    first = data.test.X["cutoff"] == data.first_test
    return Examples(data.test.X[first], data.test.y[first])


def _artifact(
    name: str, task: Task, learned: Examples, *, model: str, fitted: Model, provenance: Mapping[str, str]
) -> Artifact:
    latest = pd.Timestamp(learned.X["cutoff"].max())
    asked = learned.X[(learned.X["cutoff"] == latest).to_numpy()]
    columns = asked[feature_names(asked)].assign(score=fitted.predict(asked))[eligible(asked)]
    return Artifact(
        name=name,
        dataset=task.history.name,
        population=task.population.name,
        population_fingerprint=task.population.fingerprint,
        target=task.target.name if task.target else "",
        kind=task.kind,
        horizon_days=task.horizon_days,
        features={each.name: each.fingerprint for each in task.features},
        categories=list(task.categories),
        trained_to=latest,
        model_name=model,
        model=fitted,
        profile=profile(columns),
        provenance={"data": task.history.fingerprint, "zone": task.history.zone, **provenance},
    )


def _scored(model: Model, test: Examples) -> pd.DataFrame:
    asked = eligible(test.X)
    keys = [key for key in KEYS if key in test.X and key != "eligible"]
    scored = test.X[keys].assign(actual=test.y, score=model.predict(test.X))
    return scored[asked].reset_index(drop=True)
