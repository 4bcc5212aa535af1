"""A service that starts while the registry's server is away: not ready, until the registry is back."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx

from configs.service import ServiceSettings
from experiments.runs import Deployment
from experiments.server import ROOT, command, environment, free_port


@contextmanager
def _process(line: list[str], log: Path, told: dict[str, str] | None = None) -> Iterator[None]:
    with log.open("w") as out:
        process = subprocess.Popen(line, env=told, cwd=ROOT, stdout=out, stderr=out)
        try:
            yield
        finally:
            process.terminate()
            process.wait(20)


def _until(asked: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        try:
            if asked():
                return
        except httpx.TransportError:
            pass
        time.sleep(0.3)
    raise AssertionError(log.read_text()[-3_000:])


def test_it_starts_without_the_registry_and_becomes_ready_with_it(deployment: Deployment, tmp_path: Path) -> None:
    port, registry = free_port(), free_port()
    settings = replace(deployment.settings, var=tmp_path, mlflow=f"http://127.0.0.1:{registry}")
    settings = replace(settings, named_store=str(deployment.settings.var / "store"))
    told = environment(settings, ServiceSettings(dataset="shop", poll_seconds=0.5), port=port)
    url, log = f"http://127.0.0.1:{port}", tmp_path / "log"
    served = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", deployment.settings.mlflow]
    served += ["--host", "127.0.0.1", "--port", str(registry), "--workers", "1"]
    asked = {"customer_ids": ["C0000001"], "models": ["shop_churn"]}
    with _process(command(host="127.0.0.1", port=port), log, told):
        _until(lambda: httpx.get(f"{url}/readyz", timeout=5).status_code == 503, log)
        assert httpx.get(f"{url}/livez").status_code == 200
        refused = httpx.post(f"{url}/v1/score", json=asked)
        assert (refused.status_code, refused.json()["error"]) == (503, "not_ready")
        assert refused.headers["retry-after"] == "5"
        assert httpx.get(f"{url}/v1/models").json()["error"] == "not_ready"
        with _process(served, tmp_path / "registry", {**os.environ, "HOME": str(tmp_path)}):
            _until(lambda: httpx.get(f"{url}/readyz", timeout=5).status_code == 200, log)
            assert httpx.post(f"{url}/v1/score", json=asked).json()["results"][0]["kind"] == "score"
