"""The record of a back-test, in a real MLflow store: everything that says how a number came to be."""

import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
import pytest
from mlflow.entities import Run

from features.datasets.simulator import simulate
from features.engine.door import admit
from features.finding import Finding
from features.policy import Policy
from models.metrics import METRICS
from models.registry import ModelRegistry
from models.registry.runs import NotWhole, read_record, read_scored
from training import provenance
from training.evaluate import POOLED
from training.judge import Judged, judge
from training.leaks import Leak
from training.record import record
from training.splits import Splits
from training.task import Task
from training.track import track

MODELS: dict[str, dict[str, Any]] = {"base_rate": {}, "boosted": {"rounds": 15}}
PARTS = ["2024-11-10", "2024-12-08", "2025-01-05"]
Tracked = tuple[Run, str | None]


def renamed(judged: Judged, name: str) -> Judged:
    best = replace(judged.best, artifact=replace(judged.best.artifact, name=name))
    return replace(judged, models={**judged.models, judged.champion: best})


@pytest.fixture(scope="module")
def judged(churn: Task, churn_splits: Splits) -> Judged:
    told = provenance.provenance()
    return judge("tracked", churn, churn_splits, models=MODELS, baseline="base_rate", provenance=told)


@pytest.fixture(scope="module")
def told(judged: Judged, churn: Task, churn_splits: Splits) -> dict[str, Any]:
    return record(judged, churn, churn_splits, title="Who leaves")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tracked")


@pytest.fixture(scope="module")
def recorded(
    registry: ModelRegistry, churn: Task, churn_splits: Splits, judged: Judged, told: dict[str, Any], files: Path
) -> Tracked:
    """Track it under an alias."""
    run_id, version = track(
        registry, judged, task=churn, splits=churn_splits, record=told, artifacts=files, alias=lambda: "champion"
    )
    return registry.client.get_run(run_id), version


def test_the_run_has_ended_and_its_version_is_registered(
    recorded: Tracked, registry: ModelRegistry, judged: Judged
) -> None:
    run, version = recorded
    assert (run.info.status, run.info.run_name) == ("FINISHED", "boosted")
    assert registry.client.get_experiment(run.info.experiment_id).name == "tracked"
    found = registry.load("tracked")
    assert (found.version, found.artifact.id, found.run_id) == (version, judged.best.artifact.id, run.info.run_id)


def test_what_was_recorded_is_read_again(
    recorded: Tracked, registry: ModelRegistry, judged: Judged, told: dict[str, Any]
) -> None:
    run_id = recorded[0].info.run_id
    assert read_record(registry, run_id) == told
    pd.testing.assert_frame_equal(read_scored(registry, run_id), judged.best.scored, check_exact=True)


def test_parameters_are_those_of_the_champion(recorded: Tracked, judged: Judged) -> None:
    own = {**judged.best.artifact.model.get_params(), "calibration": judged.best.calibration}
    assert recorded[0].data.params == {key: str(value) for key, value in own.items()}


def value(judged: Judged, model: str, part: str, metric: str, end: str = "value") -> float:
    table = judged.models[model].metrics
    (found,) = table.loc[(table["part"] == part) & (table["metric"] == metric), end]
    return float(found)


def test_metrics_are_pooled_in_the_run_and_one_child_a_part_has_its_own(
    recorded: Tracked, registry: ModelRegistry, judged: Judged
) -> None:
    run, _ = recorded
    query = f"tags.`mlflow.parentRunId` = '{run.info.run_id}'"
    children = registry.client.search_runs([run.info.experiment_id], query, order_by=["attributes.start_time ASC"])
    assert [child.info.run_name for child in children] == PARTS
    assert [child.data.tags["part"] for child in children] == PARTS
    names = {name for name, each in METRICS.items() if "binary" in each.kinds and not each.grouped}
    for step, (part, found) in enumerate(zip([*PARTS, POOLED], [*children, run], strict=True)):
        assert found.info.status == "FINISHED"
        metrics = found.data.metrics
        assert set(metrics) >= {f"{name}{end}" for name in names for end in ("", ".low", ".high")}
        for name in names:
            assert metrics[name] == value(judged, "boosted", part, name)
            assert metrics[f"{name}.low"] == value(judged, "boosted", part, name, "low")
            assert metrics[f"{name}.high"] == value(judged, "boosted", part, name, "high")
        assert metrics["base_rate/log_loss"] == value(judged, "base_rate", part, "log_loss")
        assert "base_rate/log_loss.low" not in metrics
        steps = {each.step for each in registry.client.get_metric_history(found.info.run_id, "roc_auc")}
        assert steps == {0 if part == POOLED else step}


def test_tags_say_data_code_and_versions(recorded: Tracked, churn: Task, judged: Judged, churn_splits: Splits) -> None:
    tags = recorded[0].data.tags
    assert tags["data"] == churn.history.fingerprint
    assert {key: tags[key] for key in ("commit", "lock", "augury")} == provenance.provenance()
    assert tags["artifact"] == judged.best.artifact.id
    assert (tags["dataset"], tags["population"], tags["target"]) == ("small", "known", "churned")
    assert (tags["horizon_days"], tags["lead_days"], tags["trained_to"]) == ("28", "0", "2024-12-08")
    assert tags["features"].split(", ") == [each.name for each in churn.features]
    assert (tags["models"], tags["grade"], tags["allowed"]) == ("base_rate, boosted", judged.grade.letter, "none")
    assert tags["parts"].split(", ") == PARTS
    assert tags["cutoffs.train"] == "2024-08-18, 2024-09-15, 2024-10-13, 2024-11-10, 2024-12-08"
    assert tags["rows.train"] == str(len(churn_splits.final.train.X))
    assert tags["rows.test"] == str(sum(len(part.test.X) for part in churn_splits.parts))
    seconds = sum(each.seconds for each in judged.models.values())
    assert float(tags["seconds"]) == pytest.approx(seconds, abs=0.01)
    versions = {key.removeprefix("version."): each for key, each in tags.items() if key.startswith("version.")}
    assert versions == provenance.versions()


def test_what_the_door_found_and_what_was_overridden_goes_along(
    registry: ModelRegistry, churn: Task, churn_splits: Splits, judged: Judged, told: dict[str, Any], files: Path
) -> None:
    """Two warnings of a real admission, and a note that is no warning."""
    lines = simulate(300, days=420).tables["transactions"].assign(discount=1.5, is_return=False)
    lines.loc[:6, "amount"] *= -1
    history = admit("odd", {"transactions": lines}, policy=Policy("net", "out"))
    note = Finding("times", "note", "transactions", "time", 3, "ist früh", "", "sieh nach")
    found = replace(history, findings=(*history.findings, note))
    leak = Leak("spend", "alone", 0.95, 0.9, "spend alone has an AUC of 0.95", "it is simulated")
    odd = replace(renamed(judged, "odd"), leaks=(leak,))
    task = replace(churn, history=found)
    run_id, _ = track(registry, odd, task=task, splits=churn_splits, record=told, artifacts=files)
    tags = registry.client.get_run(run_id).data.tags
    assert (tags["warnings"], tags["allowed"]) == ("2", "spend: it is simulated")
    logged = (files / "odd" / run_id / "artifacts" / "findings.json").read_text(encoding="utf-8")
    assert [(each["check"], each["severity"], each["rows"] > 0) for each in json.loads(logged)] == [
        ("discounts", "warning", True),
        ("returns", "warning", True),
        ("times", "note", True),
    ]
    assert tuple(Finding(**each) for each in json.loads(logged)) == found.findings
    assert "ist früh" in logged


def test_nothing_found_is_said_too(recorded: Tracked, files: Path) -> None:
    run, _ = recorded
    assert run.data.tags["warnings"] == "0"
    logged = files / "tracked" / run.info.run_id / "artifacts" / "findings.json"
    assert json.loads(logged.read_text(encoding="utf-8")) == []


def test_plots_lie_in_the_folder_of_the_runs(recorded: Tracked, files: Path) -> None:
    folder = files / "tracked" / recorded[0].info.run_id / "artifacts" / "plots"
    assert {path.name for path in folder.iterdir()} >= {"calibration.png", "gains.png"}
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in folder.iterdir())


def test_without_an_alias_it_is_tracked_and_not_registered(
    registry: ModelRegistry, churn: Task, churn_splits: Splits, judged: Judged, told: dict[str, Any], files: Path
) -> None:
    """The second run of a name is in the experiment of the first. What is undefined is left out."""
    table = judged.best.metrics
    undefined = table.assign(value=table["value"].where(table["metric"] != "roc_auc"))
    best = replace(judged.best, metrics=undefined, artifact=replace(judged.best.artifact, name="unnamed"))
    unnamed = replace(judged, models={**judged.models, "boosted": best})
    for _ in range(2):
        run_id, version = track(registry, unnamed, task=churn, splits=churn_splits, record=told, artifacts=files)
        assert version is None
    assert "unnamed" not in registry.names()
    experiment = registry.client.get_experiment_by_name("unnamed")
    assert experiment is not None
    runs = registry.client.search_runs([experiment.experiment_id])
    assert [run.info.status for run in runs] == ["FINISHED"] * 8
    metrics = registry.client.get_run(run_id).data.metrics
    assert "roc_auc" not in metrics
    assert {"roc_auc.low", "pr_auc"} <= set(metrics)


def test_a_failure_midway_registers_nothing(
    registry: ModelRegistry, churn: Task, churn_splits: Splits, judged: Judged, told: dict[str, Any], tmp_path: Path
) -> None:
    """The files' folder is a file; and a record that is no JSON, after the parts were written."""
    before = (mlflow.get_tracking_uri(), logging.getLogger("mlflow").level)
    (tmp_path / "halted").write_text("in the way")
    for name, error, record_, states in (
        ("halted", OSError, told, ["FAILED", "FINISHED", "FINISHED", "FINISHED"]),
        ("broken", ValueError, {**told, "odd": float("nan")}, ["FAILED", "FINISHED", "FINISHED", "FINISHED"]),
    ):
        with pytest.raises(error):
            track(
                registry,
                renamed(judged, name),
                task=churn,
                splits=churn_splits,
                record=record_,
                artifacts=tmp_path,
                alias=lambda: "champion",
            )
        experiment = registry.client.get_experiment_by_name(name)
        assert experiment is not None
        runs = registry.client.search_runs([experiment.experiment_id], order_by=["attributes.start_time ASC"])
        assert [run.info.status for run in runs] == states
        assert all(run.info.end_time is not None for run in runs)
        assert name not in registry.names()
        with pytest.raises(NotWhole, match=r"did not come to its end \(failed\)"):
            read_record(registry, runs[0].info.run_id)
    assert (mlflow.get_tracking_uri(), logging.getLogger("mlflow").level) == before
    assert mlflow.active_run() is None
