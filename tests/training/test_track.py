"""The record of a training, in a real MLflow store: everything that says how a number came to be."""

import json
import logging
from dataclasses import replace
from pathlib import Path

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
from training import provenance
from training.evaluate import POOLED
from training.task import Split, Task, split
from training.track import track
from training.train import Trained, train


@pytest.fixture(scope="module")
def data(churn: Task) -> Split:
    """Give two test cutoffs."""
    tests = [pd.Timestamp("2024-12-08"), pd.Timestamp("2025-01-05")]
    return split(churn, first=pd.Timestamp("2024-10-13"), step_days=28, test=tests)


@pytest.fixture(scope="module")
def made(churn: Task, data: Split) -> Trained:
    return train("tracked", churn, data, model="boosted", params={"rounds": 15}, provenance=provenance.provenance())


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tracked")


@pytest.fixture(scope="module")
def recorded(registry: ModelRegistry, churn: Task, data: Split, made: Trained, files: Path) -> tuple[Run, str | None]:
    """Track it under an alias."""
    run_id, version = track(registry, made, task=churn, data=data, artifacts=files, alias="champion")
    return registry.client.get_run(run_id), version


def test_the_run_has_ended_and_its_version_is_registered(
    recorded: tuple[Run, str | None], registry: ModelRegistry, made: Trained
) -> None:
    run, version = recorded
    assert (run.info.status, run.info.run_name) == ("FINISHED", "boosted")
    assert registry.client.get_experiment(run.info.experiment_id).name == "tracked"
    found = registry.load("tracked")
    assert (found.version, found.artifact.id) == (version, made.artifact.id)
    assert registry.client.get_model_version("tracked", str(version)).run_id == run.info.run_id


def test_parameters_are_those_of_the_model(recorded: tuple[Run, str | None], made: Trained) -> None:
    assert recorded[0].data.params == {key: str(value) for key, value in made.artifact.model.get_params().items()}


def test_metrics_are_pooled_with_their_intervals_and_one_a_cutoff(
    recorded: tuple[Run, str | None], registry: ModelRegistry, made: Trained
) -> None:
    run, _ = recorded
    names = {name for name, each in METRICS.items() if "binary" in each.kinds and not each.grouped}
    assert set(run.data.metrics) == {f"{name}{end}" for name in names for end in ("", ".low", ".high", ".by_cutoff")}
    for row in made.metrics.itertuples():
        if row.cutoff == POOLED:
            assert run.data.metrics[str(row.metric)] == row.value
            assert run.data.metrics[f"{row.metric}.low"] == row.low
            assert run.data.metrics[f"{row.metric}.high"] == row.high
        else:
            told = registry.client.get_metric_history(run.info.run_id, f"{row.metric}.by_cutoff")
            at = pd.Timestamp(str(row.cutoff))
            assert [each.value for each in told if each.timestamp == at.value // 10**6] == [row.value]
            assert [each.step for each in told] == [20241208, 20250105]


def test_tags_say_data_code_and_versions(recorded: tuple[Run, str | None], churn: Task, made: Trained) -> None:
    tags = recorded[0].data.tags
    assert tags["data"] == churn.history.fingerprint
    assert {key: tags[key] for key in ("commit", "lock", "augury")} == provenance.provenance()
    assert tags["artifact"] == made.artifact.id
    assert (tags["dataset"], tags["population"], tags["target"]) == ("small", "known", "churned")
    assert tags["horizon_days"] == "28"
    assert tags["features"].split(", ") == [each.name for each in churn.features]
    assert (tags["cutoffs.train"], tags["cutoffs.test"]) == ("2024-10-13, 2024-11-10", "2024-12-08, 2025-01-05")
    assert float(tags["seconds"]) == pytest.approx(made.seconds, abs=0.01)
    versions = {key.removeprefix("version."): value for key, value in tags.items() if key.startswith("version.")}
    assert versions == provenance.versions()


def test_rows_are_counted(recorded: tuple[Run, str | None], data: Split) -> None:
    tags = recorded[0].data.tags
    assert (tags["rows.train"], tags["rows.test"]) == (str(len(data.train.X)), str(len(data.test.X)))


def test_what_the_door_found_goes_along(
    registry: ModelRegistry, churn: Task, data: Split, made: Trained, files: Path
) -> None:
    """Two warnings of a real admission, and a note that is no warning."""
    lines = simulate(300, days=420).tables["transactions"].assign(discount=1.5, is_return=False)
    lines.loc[:6, "amount"] *= -1
    history = admit("odd", {"transactions": lines}, policy=Policy("net", "out"))
    note = Finding("times", "note", "transactions", "time", 3, "ist früh", "", "sieh nach")
    told = replace(history, findings=(*history.findings, note))
    odd = replace(made, artifact=replace(made.artifact, name="odd"))
    run_id, _ = track(registry, odd, task=replace(churn, history=told), data=data, artifacts=files)
    assert registry.client.get_run(run_id).data.tags["warnings"] == "2"
    logged = (files / "odd" / run_id / "artifacts" / "findings.json").read_text(encoding="utf-8")
    assert [(each["check"], each["severity"], each["rows"] > 0) for each in json.loads(logged)] == [
        ("discounts", "warning", True),
        ("returns", "warning", True),
        ("times", "note", True),
    ]
    assert tuple(Finding(**each) for each in json.loads(logged)) == told.findings
    assert "ist früh" in logged


def test_nothing_found_is_said_too(recorded: tuple[Run, str | None], files: Path) -> None:
    run, _ = recorded
    assert run.data.tags["warnings"] == "0"
    logged = files / "tracked" / run.info.run_id / "artifacts" / "findings.json"
    assert json.loads(logged.read_text(encoding="utf-8")) == []


def test_plots_lie_in_the_folder_of_the_runs(recorded: tuple[Run, str | None], files: Path) -> None:
    folder = files / "tracked" / recorded[0].info.run_id / "artifacts" / "plots"
    assert sorted(path.name for path in folder.iterdir()) == ["calibration.png", "gains.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in folder.iterdir())


def test_without_an_alias_it_is_tracked_and_not_registered(
    registry: ModelRegistry, churn: Task, data: Split, made: Trained, files: Path
) -> None:
    """The second run of a name is in the experiment of the first."""
    for _ in range(2):
        unnamed = replace(made, artifact=replace(made.artifact, name="unnamed"))
        run_id, version = track(registry, unnamed, task=churn, data=data, artifacts=files)
        assert version is None
    assert "unnamed" not in registry.names()
    experiment = registry.client.get_experiment_by_name("unnamed")
    assert experiment is not None
    runs = registry.client.search_runs([experiment.experiment_id])
    assert run_id in [run.info.run_id for run in runs]
    assert [run.info.status for run in runs] == ["FINISHED"] * 2


def test_a_metric_that_is_undefined_is_left_out(
    registry: ModelRegistry, churn: Task, data: Split, made: Trained, files: Path
) -> None:
    table = made.metrics.assign(value=made.metrics["value"].where(made.metrics["metric"] != "roc_auc"))
    odd = replace(made, metrics=table, artifact=replace(made.artifact, name="undefined"))
    run_id, _ = track(registry, odd, task=churn, data=data, artifacts=files)
    metrics = registry.client.get_run(run_id).data.metrics
    assert "roc_auc" not in metrics
    assert "roc_auc.by_cutoff" not in metrics
    assert "pr_auc" in metrics


def test_a_failure_midway_marks_the_run_as_failed(
    registry: ModelRegistry, churn: Task, data: Split, made: Trained, tmp_path: Path
) -> None:
    """The folder that the plots belong into is a file."""
    (tmp_path / "halted").write_text("in the way")
    halted = replace(made, artifact=replace(made.artifact, name="halted"))
    before = (mlflow.get_tracking_uri(), logging.getLogger("mlflow").level)
    with pytest.raises(OSError, match="halted"):
        track(registry, halted, task=churn, data=data, artifacts=tmp_path, alias="champion")
    experiment = registry.client.get_experiment_by_name("halted")
    assert experiment is not None
    (run,) = registry.client.search_runs([experiment.experiment_id])
    assert run.info.status == "FAILED"
    assert run.info.end_time is not None
    assert "halted" not in registry.names()
    assert (mlflow.get_tracking_uri(), logging.getLogger("mlflow").level) == before
    assert mlflow.active_run() is None
