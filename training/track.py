"""The record of a back-test in MLflow: one run with all that was found, a child run a part, and the artifact."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from models.registry import Alias, ModelRegistry
from models.registry.runs import RECORD, SCORED, experiment_of, recording
from training.evaluate import POOLED
from training.judge import Judged
from training.plots import plots
from training.provenance import versions
from training.splits import Splits
from training.task import Task


def track(
    registry: ModelRegistry,
    judged: Judged,
    *,
    task: Task,
    splits: Splits,
    record: Mapping[str, Any],
    artifacts: Path | None = None,
    alias: Callable[[], Alias] | None = None,
) -> tuple[str, str | None]:
    """Record a back-test with the champion's artifact; with an alias also register it. Gives the run's id and version.

    The alias is asked for when all is recorded: until then another process may have registered a model of the name.
    `record` is what model cards are made of (`training.record`). `artifacts` is where the runs' files of a new
    experiment go when the store is a database file of our own.
    """
    artifact = judged.best.artifact
    experiment = experiment_of(registry, artifact.name, artifacts=artifacts)
    with recording(registry, experiment, name=judged.champion, tags=_tags(judged, task, splits)) as run:
        run.params({**artifact.model.get_params(), "calibration": judged.best.calibration})
        run.metrics({**_metrics(judged, POOLED), **_lifetime(record)})
        for step, part in enumerate(splits.names):
            with recording(registry, experiment, name=part, tags={"part": part}, parent=run) as child:
                child.metrics(_metrics(judged, part), step=step)
        run.json([finding.plain() for finding in task.history.findings], "findings.json")
        run.json(record, RECORD)
        run.table(judged.best.scored, SCORED)
        for name, figure in plots(record).items():
            run.figure(figure, f"plots/{name}.png")
        logged = registry.log(artifact, run_id=run.id)
    version = None if alias is None else registry.register(artifact, logged, run_id=run.id, alias=alias())
    return run.id, version


def _tags(judged: Judged, task: Task, splits: Splits) -> dict[str, object]:
    artifact = judged.best.artifact
    return {
        **artifact.provenance,
        **{f"version.{name}": number for name, number in versions().items()},
        "dataset": artifact.dataset,
        "population": artifact.population,
        "target": artifact.target,
        "horizon_days": artifact.horizon_days,
        "lead_days": artifact.lead_days,
        "artifact": artifact.id,
        "trained_to": f"{artifact.trained_to:%Y-%m-%d}",
        "features": ", ".join(each.name for each in task.features),
        "models": ", ".join(judged.models),
        "grade": judged.grade.letter,
        "parts": ", ".join(splits.names),
        "cutoffs.train": _listed(splits.final.train.X),
        "rows.train": len(splits.final.train.X),
        "rows.test": sum(len(part.test.X) for part in splits.parts),
        "allowed": "; ".join(f"{leak.feature}: {leak.reason}" for leak in judged.leaks) or "none",
        "warnings": sum(finding.severity == "warning" for finding in task.history.findings),
        "seconds": f"{sum(each.seconds for each in judged.models.values()):.2f}",
    }


def _listed(X: pd.DataFrame) -> str:
    return ", ".join(f"{cutoff:%Y-%m-%d}" for cutoff in sorted(X["cutoff"].dt.normalize().unique()))


def _metrics(judged: Judged, part: str) -> dict[str, float]:
    """Give the champion's metrics of a part with their intervals, and the others' under their names."""
    told = dict(_named(judged.best.metrics, part, prefix="", ends=("value", "low", "high")))
    for model, each in judged.models.items():
        if model != judged.champion:
            told |= dict(_named(each.metrics, part, prefix=f"{model}/", ends=("value",)))
    return told


def _lifetime(record: Mapping[str, Any]) -> dict[str, float]:
    """Give totals of lifetime value: of the latest part, and between what multiples of it a next one lies, if known."""
    told = record.get("lifetime")
    if told is None:
        return {}
    seen, after = told["tracked"]
    found = {
        "lifetime/purchases.actual": after["actual"],
        "lifetime/purchases.expected": after["expected"],
        "lifetime/purchases_seen.actual": seen["actual"],
        "lifetime/purchases_seen.expected": seen["expected"],
        "lifetime/total.low": told["total"]["low"],
        "lifetime/total.high": told["total"]["high"],
    }
    for row in told["total"]["closed"][-1:]:
        found |= {f"lifetime/total.{name}": row[name] for name in ("actual", "expected", "ratio")}
    return {name: value for name, value in found.items() if value is not None}


def _named(metrics: pd.DataFrame, part: str, *, prefix: str, ends: Sequence[str]) -> Iterator[tuple[str, float]]:
    for row in metrics[metrics["part"] == part].to_dict("records"):
        for end in ends:
            yield f"{prefix}{row['metric']}" + ("" if end == "value" else f".{end}"), float(row[end])
