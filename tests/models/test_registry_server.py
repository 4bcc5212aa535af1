"""The registry behind a real MLflow server: over HTTP, with the files on the server's side."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import mlflow
import pandas as pd
import pytest

from experiments.server import free_port
from models.registry import ModelRegistry, quiet_mlflow
from models.registry.runs import read_record, read_scored
from training.judge import judge
from training.record import record
from training.splits import Splits
from training.task import Task
from training.track import track


@pytest.fixture(scope="module")
def server(empty_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder, port = tmp_path_factory.mktemp("server"), free_port()
    (folder / "server.db").write_bytes(empty_store.read_bytes())
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{folder / 'server.db'}", "--artifacts-destination", str(folder)]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, env={**os.environ, "HOME": str(folder)})
        try:
            yield _ready(f"http://127.0.0.1:{port}", process, folder / "log")
        finally:
            process.terminate()
            process.wait(timeout=30)


def _ready(url: str, process: "subprocess.Popen[bytes]", log: Path) -> str:
    for _ in range(300):
        assert process.poll() is None, log.read_text()
        try:
            if httpx.get(f"{url}/health", timeout=2).is_success:
                return url
        except httpx.TransportError:
            time.sleep(0.2)
    raise TimeoutError(log.read_text())


def test_a_back_test_is_tracked_registered_and_loaded(server: str, churn: Task, churn_splits: Splits) -> None:
    registry = ModelRegistry(server)
    judged = judge("small_churn", churn, churn_splits, models={"boosted": {"rounds": 25}})
    told = record(judged, churn, churn_splits, title="Who leaves")
    run_id, version = track(registry, judged, task=churn, splits=churn_splits, record=told, alias=lambda: "champion")
    assert version == "1"
    assert registry.client.get_run(run_id).info.status == "FINISHED"
    assert {file.path for file in registry.client.list_artifacts(run_id, "plots")} >= {
        "plots/calibration.png",
        "plots/gains.png",
    }
    assert read_record(registry, run_id) == told
    pd.testing.assert_frame_equal(read_scored(registry, run_id), judged.best.scored, check_exact=True)
    artifact, X = judged.best.artifact, churn_splits.final.test.X
    expected = artifact.score(X, version="v")["score"]
    loaded = registry.load(artifact.name).artifact.score(X, version="v")["score"]
    pd.testing.assert_series_equal(loaded, expected)
    with quiet_mlflow(server):
        pyfunc = mlflow.pyfunc.load_model(f"models:/{artifact.name}@champion")
        pd.testing.assert_series_equal(pyfunc.predict(X)["score"], expected)
