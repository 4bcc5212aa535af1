"""The record of a training in MLflow: a run with parameters, metrics, data and their faults, code, plots, artifact."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from features.history import History
from models.registry import Alias, ModelRegistry, quiet_mlflow
from training.evaluate import POOLED
from training.plots import plots
from training.provenance import versions
from training.task import Split, Task
from training.train import Trained


def track(
    registry: ModelRegistry,
    trained: Trained,
    *,
    task: Task,
    data: Split,
    artifacts: Path | None = None,
    alias: Alias | None = None,
) -> tuple[str, str | None]:
    """Record a training with its artifact; with an alias also register it. Gives the run's id and the version.

    `artifacts` is where the runs' files of a new experiment go when the store is a database file of our own.
    """
    artifact, client = trained.artifact, registry.client
    experiment = _experiment(registry, artifact.name, artifacts)
    run = client.create_run(experiment, run_name=artifact.model_name, tags=_tags(trained, task, data))
    run_id = str(run.info.run_id)
    try:
        for key, value in artifact.model.get_params().items():
            client.log_param(run_id, key, value)
        _log_metrics(registry, run_id, trained.metrics)
        _log_findings(registry, run_id, task.history)
        for name, figure in plots(trained.scored, kind=task.kind).items():
            with quiet_mlflow(registry.uri):
                client.log_figure(run_id, figure, f"plots/{name}.png")
        version = None if alias is None else registry.add(artifact, run_id=run_id, alias=alias)
        if version is None:
            registry.log(artifact, run_id=run_id)
    except BaseException:
        client.set_terminated(run_id, "FAILED")
        raise
    client.set_terminated(run_id, "FINISHED")
    return run_id, version


def _experiment(registry: ModelRegistry, name: str, artifacts: Path | None) -> str:
    found = registry.client.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    location = None if artifacts is None else (artifacts / name).as_uri()
    return str(registry.client.create_experiment(name, artifact_location=location))


def _tags(trained: Trained, task: Task, data: Split) -> dict[str, str]:
    artifact = trained.artifact
    described: Mapping[str, Any] = {
        **artifact.provenance,
        **{f"version.{name}": number for name, number in versions().items()},
        "dataset": artifact.dataset,
        "population": artifact.population,
        "target": artifact.target,
        "horizon_days": artifact.horizon_days,
        "artifact": artifact.id,
        "trained_to": f"{artifact.trained_to:%Y-%m-%d}",
        "features": ", ".join(each.name for each in task.features),
        "cutoffs.train": _listed(data.train.X),
        "cutoffs.test": _listed(data.test.X),
        "rows.train": len(data.train.X),
        "rows.test": len(data.test.X),
        "warnings": sum(finding.severity == "warning" for finding in task.history.findings),
        "seconds": f"{trained.seconds:.2f}",
    }
    return {key: str(value) for key, value in described.items()}


def _listed(X: pd.DataFrame) -> str:
    return ", ".join(f"{cutoff:%Y-%m-%d}" for cutoff in sorted(X["cutoff"].unique()))


def _log_metrics(registry: ModelRegistry, run_id: str, metrics: pd.DataFrame) -> None:
    """Log each metric once per cutoff, at the cutoff's time, and pooled with its interval."""
    for row in metrics.to_dict("records"):
        name = str(row["metric"])
        if row["cutoff"] != POOLED:
            _log(registry, run_id, f"{name}.by_cutoff", row["value"], at=pd.Timestamp(str(row["cutoff"])))
            continue
        for key, value in {name: row["value"], f"{name}.low": row["low"], f"{name}.high": row["high"]}.items():
            _log(registry, run_id, key, value)


def _log_findings(registry: ModelRegistry, run_id: str, history: History) -> None:
    """Log what the door found in the data and let pass."""
    told = json.dumps([finding.plain() for finding in history.findings], indent=1, ensure_ascii=False)
    with quiet_mlflow(registry.uri):
        registry.client.log_text(run_id, told, "findings.json")


def _log(registry: ModelRegistry, run_id: str, key: str, value: float, *, at: pd.Timestamp | None = None) -> None:
    if not math.isfinite(value):
        return
    timestamp = None if at is None else int(at.timestamp() * 1000)
    step = None if at is None else int(at.strftime("%Y%m%d"))
    registry.client.log_metric(run_id, key, float(value), timestamp=timestamp, step=step)
