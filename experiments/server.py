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

from configs.service import ServiceSettings
from configs.settings import SILENCE, Settings
from serving.safety.binding import check_binding

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "5", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"}
"""With a registry that is away: the service answers from what it has, and asks again soon."""


def command(*, host: str, port: int) -> list[str]:
    """Give the command line that serves."""
    serve = [sys.executable, "-m", "bentoml", "serve", "serving.service:AuguryService"]
    return [*serve, "--host", host, "--port", str(port), "--working-dir", str(ROOT)]


def environment(settings: Settings, service: ServiceSettings, *, port: int) -> dict[str, str]:
    """Give the environment of a service: where its models and features lie, how it behaves, and no telemetry.

    BentoML's home is a folder of this service's own: in it, at each start, BentoML makes an empty folder for the
    metrics that the workers count together.
    """
    home = str(settings.var / "services" / str(port))
    ours = {"AUGURY_VAR": str(settings.var), "AUGURY_MLFLOW": settings.mlflow, "BENTOML_HOME": home}
    ours |= {
        "AUGURY_KEYS": str(settings.named_keys or ""),
        "AUGURY_STORE": settings.store if settings.named_store else "",
        "AUGURY_PACK": str(settings.pack or ""),
    }
    return {**PATIENCE, **SILENCE, **os.environ, **ours, **service.environment}


def replace_process(settings: Settings, service: ServiceSettings, *, host: str, port: int) -> None:
    """Become the service: signals and exit codes are then its own. Raises `NotSafe` where everybody could ask."""
    beware = check_binding(host, keys=settings.keys is not None)
    if beware:
        print(f"augury: {beware}", file=sys.stderr)
    os.execve(sys.executable, command(host=host, port=port), environment(settings, service, port=port))


def free_port() -> int:
    """Find a port of the loopback address that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(
    settings: Settings, service: ServiceSettings, *, port: int, log: Path, patience: float = 90
) -> Iterator[str]:
    """Run the service until the block ends; gives its URL once it is ready.

    Raises `RuntimeError` with the end of its log if it stops or is not ready in time.
    """
    url = f"http://127.0.0.1:{port}"
    log.parent.mkdir(parents=True, exist_ok=True)
    told = environment(settings, service, port=port)
    with log.open("w") as out:
        process = subprocess.Popen(command(host="127.0.0.1", port=port), env=told, stdout=out, stderr=out)
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
