"""`backtest`: a model judged on every part of the splits, calibrated as they say, and the artifact that is kept."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from models.artifact import Artifact
from models.calibration import Calibration
from models.contract import eligible, feature_names
from models.profile import profile
from training.choose import check_asked, choose
from training.evaluate import POOLED, evaluate
from training.fit import Fitted, fit
from training.segment_quality import segment_quality
from training.splits import Splits
from training.task import Task


@dataclass(frozen=True)
class Backtested:
    """A model judged: what it predicted of each part beside what came, and the metrics of that.

    `scored` has customer_id, cutoff, (category,) part, actual and score; `metrics` has part (or `all`), metric, value,
    low and high. `calibrations` gives the log loss that each way to calibrate had, and `calibration` names the one
    that is used. `artifact` is the model that is kept.
    """

    model: str
    artifact: Artifact
    parts: tuple[Fitted, ...]
    scored: pd.DataFrame
    metrics: pd.DataFrame
    calibration: str
    calibrations: Mapping[str, float]
    seconds: float


def backtest(
    name: str,
    task: Task,
    splits: Splits,
    *,
    model: str,
    params: Mapping[str, Any] | None = None,
    calibration: str = "choose",
    seed: int = 0,
    provenance: Mapping[str, str] | None = None,
    told: Callable[[str], None] = lambda part: None,
) -> Backtested:
    """Fit one model for each part of the splits, judge it there, and make the artifact of the final one.

    A model that learns from outcomes is fitted on a part's training rows, one that learns from the past alone on the
    customers it is asked about. `calibration` is a method, "none", or "choose": the one with the least log loss over
    the parts. `told` hears of each part. Raises `ValueError` where the model cannot predict the target or lacks a
    feature.
    """
    check_asked(calibration, kind=task.kind)
    started = time.perf_counter()
    options: Any = {"model": model, "params": params or {}, "calibration": calibration, "seed": seed}
    parts = []
    for part in splits.parts:
        told(part.name)
        parts.append(fit(task, part, **options))
    method, losses = choose(parts, asked=calibration)
    scored = pd.concat([each.calibrated(method) for each in parts], ignore_index=True)
    final = parts[-1] if splits.final is splits.parts[-1] else fit(task, splits.final, **options)
    artifact = _artifact(name, task, final, method=method, provenance=provenance or {})
    metrics = evaluate(scored, kind=task.kind, seed=seed) if task.target else _segments(parts, seed=seed)
    return Backtested(model, artifact, tuple(parts), scored, metrics, method, losses, time.perf_counter() - started)


def _segments(parts: Sequence[Fitted], *, seed: int) -> pd.DataFrame:
    """Measure segmentations part by part; together they are the mean of that."""
    tables = [
        segment_quality(each.model, each.split.test.X, earlier=each.split.train.X, seed=seed).assign(
            part=each.split.name
        )
        for each in parts
    ]
    table = pd.concat(tables, ignore_index=True)
    pooled = table.groupby("metric", sort=False)[["value", "low", "high"]].mean().reset_index()
    return pd.concat([table, pooled.assign(part=POOLED)], ignore_index=True)


def _artifact(name: str, task: Task, final: Fitted, *, method: str, provenance: Mapping[str, str]) -> Artifact:
    asked, latest = final.learned.X, pd.Timestamp(final.learned.X["cutoff"].max())
    if not task.population.anchored:  # whose cutoffs are as many as its rows
        asked = asked[(asked["cutoff"] == latest).to_numpy()]
    calibration = final.calibrations.get(method, Calibration())
    score = calibration.apply(final.model.predict(asked))
    columns = asked[feature_names(asked)].assign(score=score)[eligible(asked)]
    return Artifact(
        name=name,
        dataset=task.history.name,
        population=task.population.name,
        population_fingerprint=task.population.fingerprint,
        target=task.target.name if task.target else "",
        kind=task.kind,
        horizon_days=task.horizon_days,
        lead_days=task.lead_days,
        features={each.name: each.fingerprint for each in task.features},
        categories=list(task.categories),
        trained_to=latest,
        model_name=final.model_name,
        model=final.model,
        calibration=calibration,
        profile=profile(columns),
        provenance={"data": task.history.fingerprint, "zone": task.history.zone, **_said(task), **provenance},
    )


def _said(task: Task) -> dict[str, str]:
    """Tell of a setting that a person has said, and what the history tells of it."""
    return {"setting": f"{task.setting}, as is said; {task.found_setting.sentence}"} if task.setting else {}
