"""The service as a process of its own."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from configs.settings import SILENCE, Settings

ROOT = Path(__file__).resolve().parent.parent


def command(*, host: str, port: int) -> list[str]:
    """Give the command line that serves."""
    serve = [sys.executable, "-m", "bentoml", "serve", "serving.service:AuguryService"]
    return [*serve, "--host", host, "--port", str(port), "--working-dir", str(ROOT)]


def environment(settings: Settings, dataset: str | None) -> dict[str, str]:
    """Give the environment of the service: where its models and features lie, and no telemetry."""
    ours = {"AUGURY_VAR": str(settings.var), "AUGURY_MLFLOW": settings.mlflow}
    home = {"BENTOML_HOME": str(settings.var / "bentoml")}
    keys = {"AUGURY_KEYS": str(settings.named_keys)} if settings.named_keys else {}
    store = {"AUGURY_STORE": settings.store} if settings.named_store else {}
    return {**SILENCE, **os.environ, **ours, **home, **keys, **store, **({"AUGURY_DATASET": dataset} if dataset else {})}


def replace_process(settings: Settings, *, dataset: str | None, host: str, port: int) -> None:
    """Become the service: signals and exit codes are then its own."""
    os.execve(sys.executable, command(host=host, port=port), environment(settings, dataset))


def free_port() -> int:
    """Find a port of the loopback address that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(settings: Settings, *, dataset: str | None, port: int, log: Path, patience: float = 90) -> Iterator[str]:
    """Run the service until the block ends; gives its URL once it is ready.

    Raises `RuntimeError` with the end of its log if it stops or is not ready in time.
    """
    url = f"http://127.0.0.1:{port}"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as out:
        process = subprocess.Popen(
            command(host="127.0.0.1", port=port), env=environment(settings, dataset), stdout=out, stderr=out
        )
        try:
            _wait(url, process, log, patience)
            yield url
        finally:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(url: str, process: "subprocess.Popen[bytes]", log: Path, patience: float) -> None:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            if httpx.get(f"{url}/readyz", timeout=2).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    tail = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
    raise RuntimeError(f"the service at {url} did not become ready; the end of {log}:\n{tail}")
