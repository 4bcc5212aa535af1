"""`bentoml build` makes a bento that serves where nothing of the repository is: its own code, its own models."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest
import yaml  # type: ignore[import-untyped]  # comes with BentoML, without types
from packaging.requirements import Requirement

from configs.settings import SILENCE
from experiments.server import ROOT, free_port
from features.datasets.simulator import simulate
from features.history import History
from models.registry import Registered
from serving.batch import batch_frame
from serving.live.packed import read_pack, write_pack
from training.backtest import Backtested

PACKAGES = ("configs", "features", "models", "training", "serving", "experiments")
BENTOFILE = "serving/deploy/bentofile.yaml"
SENT = ["time", "amount", "order_id", "product_id", "category", "quantity", "discount", "channel", "is_return"]


@dataclass(frozen=True)
class Bento:
    """A bento that was built, and the BentoML home that it lies in."""

    home: Path
    folder: Path

    @property
    def source(self) -> Path:
        """Where its code and models are."""
        return self.folder / "src"


@pytest.fixture(scope="module")
def registered(trained: Backtested) -> Registered:
    return Registered(trained.artifact, "3")


@pytest.fixture(scope="module")
def bento(registered: Registered, tmp_path_factory: pytest.TempPathFactory) -> Bento:
    """Build in a copy of the repository: beside it the tests, leftovers and a var folder, which must not come along."""
    context, home = tmp_path_factory.mktemp("repository"), tmp_path_factory.mktemp("bentoml")
    for name in (*PACKAGES, "tests"):
        shutil.copytree(ROOT / name, context / name, ignore=shutil.ignore_patterns("*.parquet"))
    (context / "var").mkdir()
    (context / "var" / "keys.json").write_text("{}")
    write_pack([registered], context / "build" / "pack")
    build = [sys.executable, "-m", "bentoml", "build", "--bentofile", BENTOFILE, "--output", "tag"]
    done = subprocess.run(
        build,
        cwd=context,
        env={**os.environ, **SILENCE, "BENTOML_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    tag = done.stdout.strip().rpartition("__tag__:")[2]
    return Bento(home, home / "bentos" / tag.replace(":", "/"))


def test_it_holds_the_packages_and_the_pack_and_nothing_else(bento: Bento) -> None:
    assert {each.name for each in bento.source.iterdir()} == {*PACKAGES, "build", "bentofile.yaml"}
    assert [each.name for each in (bento.source / "build").iterdir()] == ["pack"]
    for name in PACKAGES:
        mine = {str(each.relative_to(ROOT)) for each in (ROOT / name).rglob("*.py")}
        its = {str(each.relative_to(bento.source)) for each in (bento.source / name).rglob("*.py")}
        assert mine == its
    assert list(bento.source.rglob("*.pyc")) == []


def test_its_models_are_those_that_were_packed(bento: Bento, registered: Registered) -> None:
    read = read_pack(bento.source / "build" / "pack")
    assert [(each.artifact.id, each.version) for each in read] == [(registered.artifact.id, "3")]


def test_its_packages_are_locked_by_hashes_and_no_host_is_named(bento: Bento) -> None:
    said = (bento.folder / "env" / "python" / "requirements.txt").read_text()
    locked = (ROOT / "serving" / "deploy" / "requirements.lock").read_text()
    assert _pinned(said) == _pinned(locked)
    assert all(_pinned(said).values())
    assert f"bentoml=={version('bentoml')}" in _pinned(said)
    assert "://" not in said


def _pinned(text: str) -> dict[str, set[str]]:
    """Read which versions with which hashes a file of requirements names, however it is written."""
    found: dict[str, set[str]] = {}
    for line in text.replace("\\\n", " ").splitlines():
        if line.strip():
            told, *hashes = line.split("--hash=")
            asked = Requirement(told.strip())
            found.setdefault(str(asked), set()).update(each.strip() for each in hashes)
    return found


def test_where_its_image_looks_for_models_is_where_they_are(bento: Bento) -> None:
    told = yaml.safe_load((bento.folder / "bento.yaml").read_text())
    envs = {each["name"]: each["value"] for each in told["envs"]}
    inside = Path(envs["AUGURY_PACK"]).relative_to("/home/bentoml/bento")
    assert (bento.folder / inside / "pack.json").is_file()
    assert "USER bentoml" in (bento.folder / "env" / "docker" / "Dockerfile").read_text()


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """Make an interpreter that has the packages installed here but not this repository, and its environment."""
    folder = tmp_path_factory.mktemp("clean")
    venv.create(folder / "venv", with_pip=False, symlinks=True)
    installed = next(each for each in map(Path, sys.path) if (each / "bentoml").is_dir())
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "PYTHONPATH": str(installed), **SILENCE}
    return folder, environment


def test_the_repository_is_not_there(clean: tuple[Path, dict[str, str]]) -> None:
    folder, environment = clean
    finding = f"from importlib.util import find_spec; print([each for each in {PACKAGES} if find_spec(each)])"
    done = subprocess.run(
        [folder / "venv" / "bin" / "python", "-c", finding],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.strip() == "[]"


@contextmanager
def _served(bento: Bento, clean: tuple[Path, dict[str, str]]) -> Iterator[str]:
    """Serve a bento; the registry it is told of is away."""
    folder, environment = clean
    port = free_port()
    told = {
        **environment,
        "BENTOML_HOME": str(bento.home),
        "AUGURY_VAR": str(folder / "var"),
        "AUGURY_MLFLOW": "http://127.0.0.1:9",
        "AUGURY_PACK": str(bento.source / "build" / "pack"),
        "AUGURY_TIMEOUT_SECONDS": "120",  # the first history has the engine loaded
    }
    serve = ["-m", "bentoml", "serve", str(bento.folder), "--host", "127.0.0.1", "--port", str(port)]
    log = folder / "service.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [folder / "venv" / "bin" / "python", *serve],
            cwd=folder,
            env=told,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        _wait(f"http://127.0.0.1:{port}", process, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        _end(process)


def _wait(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{url}/readyz", timeout=2).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    pytest.fail(f"the bento did not become ready:\n{log.read_text()[-4000:]}")


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_it_scores_a_history_as_the_batch_does(
    bento: Bento, clean: tuple[Path, dict[str, str]], registered: Registered, simulated: History
) -> None:
    sales = simulate(300, days=420).tables["transactions"]
    frame = batch_frame(simulated, registered, cutoff=simulated.end)
    scores = registered.artifact.score(frame, version="3").set_index("customer_id")["score"]
    asked = sorted(scores.index)[:5]
    with _served(bento, clean) as url, httpx.Client(base_url=url, timeout=60) as client:
        for customer_id in asked:
            answer = client.post("/v1/score/payload", json=_payload(sales, customer_id, simulated.end))
            assert answer.status_code == httpx.codes.OK, answer.text
            assert _found(answer.json(), "score") == [pytest.approx(scores[customer_id], abs=1e-12)]
            assert "small_churn" in answer.text
        unknown = client.post("/v1/score", json={"customer_ids": ["nobody"], "models": ["small_churn"]})
        assert unknown.status_code == httpx.codes.OK, unknown.text
        assert "unknown" in unknown.text


def _payload(sales: pd.DataFrame, customer_id: str, cutoff: pd.Timestamp) -> dict[str, Any]:
    columns = [name for name in SENT if name in sales]
    rows = sales.loc[sales["customer_id"] == customer_id, columns].to_json(orient="records", date_format="iso")
    return {"customer_id": customer_id, "cutoff": cutoff.isoformat(), "transactions": json.loads(rows)}


def _found(answer: Any, key: str) -> list[Any]:
    """Find all numbers under a key, wherever they are."""
    if isinstance(answer, dict):
        here = [answer[key]] if isinstance(answer.get(key), float) else []
        return [*here, *(each for value in answer.values() for each in _found(value, key))]
    return [each for value in answer for each in _found(value, key)] if isinstance(answer, list) else []
