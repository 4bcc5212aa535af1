"""The registry behind a real MLflow server: over HTTP, with the files on the server's side."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import mlflow
import pandas as pd
import pytest

from experiments.server import ROOT, free_port
from models.registry import ModelRegistry, NotRegistered, RegistryAway, quiet_mlflow
from models.registry.runs import read_record, read_scored
from serving.live.source import FromRegistry, SourceAway
from training.judge import judge
from training.record import record
from training.splits import Splits
from training.task import Task
from training.track import track


@pytest.fixture(scope="module")
def server(empty_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("server"), empty_store) as url:
        yield url


@contextmanager
def serving(folder: Path, empty_store: Path) -> Iterator[str]:
    """Run a server until the block ends."""
    port = free_port()
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


def test_a_server_that_goes_away_is_told_as_such(
    empty_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody says of it that it knows no such model."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    asked: list[Callable[[ModelRegistry], object]] = [
        lambda registry: registry.load("small"),
        lambda registry: registry.load_version("small", "1"),
        ModelRegistry.names,
        ModelRegistry.aliased,
        ModelRegistry.champions,
    ]
    with serving(tmp_path, empty_store) as url:
        registry, source = ModelRegistry(url), FromRegistry(url)
        assert (registry.names(), registry.champions(), source.versions()) == ([], [], {})
        for ask in asked[:2]:
            with pytest.raises(NotRegistered):
                ask(registry)
    told = f"the MLflow server at {url} cannot be reached; start it, or say by AUGURY_MLFLOW where it is"
    for ask in asked:
        with pytest.raises(RegistryAway) as raised:
            ask(registry)
        assert str(raised.value) == told
    with pytest.raises(SourceAway, match="the registry does not answer: RegistryAway"):
        source.versions()


def test_an_address_where_nobody_listens_is_told_within_seconds_and_without_its_password(tmp_path: Path) -> None:
    port, begun = free_port(), time.monotonic()
    said = {"AUGURY_VAR": str(tmp_path), "AUGURY_MLFLOW": f"http://user:secret@127.0.0.1:{port}"}
    command = [sys.executable, "-m", "experiments", "score"]
    done = subprocess.run(
        command, env={**os.environ, **said}, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 1
    assert done.stderr == (
        f"augury: the MLflow server at http://127.0.0.1:{port} cannot be reached; start it, or say by AUGURY_MLFLOW "
        "where it is\n"
    )
    assert time.monotonic() - begun < 60
