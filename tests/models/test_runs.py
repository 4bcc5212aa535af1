"""Runs in a real MLflow store: whole or not to be read; what a killed process left is marked by the next."""

import json
import logging
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import mlflow
import pandas as pd
import pytest
from matplotlib.figure import Figure

from configs.process import owner
from models.registry import ModelRegistry
from models.registry.runs import NotWhole, Run, experiment_of, read_record, read_scored, recording

SCORED = pd.DataFrame({"customer_id": ["a", "b"], "part": "one", "actual": [0.0, 1.0], "score": [0.25, 1 / 3]})


@pytest.fixture
def files(tmp_path: Path) -> Path:
    return tmp_path / "files"


@pytest.fixture
def own(own_store: str) -> ModelRegistry:
    return ModelRegistry(own_store)


def status(registry: ModelRegistry, run_id: str) -> str:
    return str(registry.client.get_run(run_id).info.status)


def test_what_is_written_is_there_again(own: ModelRegistry, files: Path) -> None:
    experiment = experiment_of(own, "tried", artifacts=files)
    with recording(own, experiment, name="first", tags={"rows": 3, "dataset": "shop"}) as run:
        assert status(own, run.id) == "RUNNING"
        run.params({"depth": 3, "kind": "binary"})
        run.metrics({"roc_auc": 0.75, "brier": float("nan"), "lift": float("inf")})
        run.metrics({"roc_auc": 0.5}, step=7)
        run.json({"é": [1, None]}, "record.json")
        run.table(SCORED, "scored.parquet")
        run.figure(Figure(), "plots/empty.png")
    found = own.client.get_run(run.id)
    assert (found.info.status, found.info.run_name) == ("FINISHED", "first")
    assert found.data.params == {"depth": "3", "kind": "binary"}
    assert (found.data.tags["rows"], found.data.tags["dataset"], found.data.tags["owner"]) == ("3", "shop", owner())
    assert set(found.data.metrics) == {"roc_auc"}
    assert [(each.step, each.value) for each in own.client.get_metric_history(run.id, "roc_auc")] == [
        (0, 0.75),
        (7, 0.5),
    ]
    assert read_record(own, run.id) == {"é": [1, None]}
    pd.testing.assert_frame_equal(read_scored(own, run.id), SCORED, check_exact=True)
    folder = files / "tried" / run.id / "artifacts"
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*.*")) == [
        "plots/empty.png",
        "record.json",
        "scored.parquet",
    ]


def test_many_metrics_are_written_in_batches(own: ModelRegistry, files: Path) -> None:
    told = {f"metric_{number:04}": float(number) for number in range(1003)}
    with recording(own, experiment_of(own, "many", artifacts=files), name="m", tags={}) as run:
        run.metrics(told)
    assert own.client.get_run(run.id).data.metrics == told


def test_a_number_that_is_none_is_no_json(own: ModelRegistry, files: Path) -> None:
    experiment = experiment_of(own, "nan", artifacts=files)
    with pytest.raises(ValueError, match="not JSON compliant"), recording(own, experiment, name="n", tags={}) as run:
        run.json({"value": float("nan")}, "record.json")
    assert status(own, run.id) == "FAILED"


def test_an_error_midway_fails_the_run_and_its_parent_and_it_is_not_read(own: ModelRegistry, files: Path) -> None:
    experiment = experiment_of(own, "halted", artifacts=files)
    before = (mlflow.get_tracking_uri(), logging.getLogger("mlflow").level)
    begun: list[Run] = []

    def write() -> None:
        with recording(own, experiment, name="outer", tags={}) as outer:
            outer.json({}, "record.json")
            with recording(own, experiment, name="before", tags={}, parent=outer) as whole:
                begun.extend([outer, whole])
            with recording(own, experiment, name="inner", tags={}, parent=outer) as inner:
                begun.append(inner)
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write()
    outer, _, inner = begun
    assert [status(own, run.id) for run in begun] == ["FAILED", "FINISHED", "FAILED"]
    assert own.client.get_run(inner.id).data.tags["mlflow.parentRunId"] == outer.id
    with pytest.raises(NotWhole, match=rf"run {outer.id} did not come to its end \(failed\): train anew"):
        read_record(own, outer.id)
    assert (mlflow.get_tracking_uri(), logging.getLogger("mlflow").level) == before
    assert mlflow.active_run() is None


def test_what_is_not_there_is_told(own: ModelRegistry, files: Path) -> None:
    with pytest.raises(NotWhole, match="there is no run 'nowhere'"):
        read_record(own, "nowhere")
    with recording(own, experiment_of(own, "bare", artifacts=files), name="bare", tags={}) as run:
        run.json({"whole": True}, "record.json")
    assert read_record(own, run.id) == {"whole": True}
    with pytest.raises(NotWhole, match=rf"run {run.id} has no scored.parquet; it is no back-test of Augury's"):
        read_scored(own, run.id)


KILLED = """
import sys
from pathlib import Path
from models.registry import ModelRegistry
from models.registry.runs import experiment_of, recording
registry = ModelRegistry(sys.argv[1])
with recording(registry, experiment_of(registry, "cut", artifacts=Path(sys.argv[2])), name="cut", tags={}) as run:
    run.json({"half": True}, "record.json")
    with recording(registry, run.registry.client.get_run(run.id).info.experiment_id, name="child", tags={}, parent=run):
        print(run.id, flush=True)
        sys.stdin.read()
"""


def test_a_run_of_a_killed_process_is_marked_by_the_next_and_never_read(own: ModelRegistry, files: Path) -> None:
    command = [sys.executable, "-c", KILLED, own.uri, str(files)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ) as process:
        assert process.stdout is not None
        run_id = process.stdout.readline().strip()
        experiment = experiment_of(own, "cut", artifacts=files)
        assert status(own, run_id) == "RUNNING"  # its process is alive: it is left alone
        with pytest.raises(NotWhole, match=r"did not come to its end \(running\): train anew"):
            read_record(own, run_id)
        process.send_signal(signal.SIGKILL)
    assert status(own, run_id) == "RUNNING"
    with pytest.raises(NotWhole, match=r"did not come to its end \(running\)"):
        read_record(own, run_id)
    assert experiment_of(own, "other", artifacts=files) != experiment
    assert status(own, run_id) == "RUNNING"  # another experiment's beginning does not look at it
    assert experiment_of(own, "cut", artifacts=files) == experiment
    runs = own.client.search_runs([experiment])
    assert [run.info.status for run in runs] == ["KILLED", "KILLED"]
    assert all(run.info.end_time is not None for run in runs)
    with pytest.raises(NotWhole, match=rf"run {run_id} did not come to its end \(killed\): train anew"):
        read_record(own, run_id)
    written = files / "cut" / run_id / "artifacts" / "record.json"
    assert json.loads(written.read_text()) == {"half": True}  # it was there, and was refused all the same


@pytest.mark.parametrize("name", ["elsewhere:999999999", None, f"{socket.gethostname()}:{os.getpid()}"])
def test_runs_of_other_machines_and_of_the_living_are_left_alone(
    name: str | None, own: ModelRegistry, files: Path
) -> None:
    experiment = experiment_of(own, "shared", artifacts=files)
    run_id = own.client.create_run(experiment, tags={"owner": name} if name else {}).info.run_id
    gone = own.client.create_run(experiment, tags={"owner": f"{socket.gethostname()}:{2**22 + 7}"}).info.run_id
    assert experiment_of(own, "shared", artifacts=files) == experiment
    assert (status(own, run_id), status(own, gone)) == ("RUNNING", "KILLED")
