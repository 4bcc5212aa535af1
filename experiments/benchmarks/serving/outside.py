"""What a service depends on, as processes that can be taken away and returned: an MLflow server, a Redis server."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from experiments.benchmarks.serving.process import tree
from experiments.server import free_port

_PATIENCE: Final = 180.0


class Outside:
    """A server of our own on a port of the loopback address."""

    def __init__(self, line: Sequence[str], *, port: int, log: Path) -> None:
        self.line, self.port, self.log = line, port, log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Run it, and wait until somebody listens. Raises `RuntimeError` with its log where nobody does."""
        with self.log.open("a", encoding="utf-8") as out:
            self._process = subprocess.Popen(self.line, stdout=out, stderr=out)
        deadline = time.monotonic() + _PATIENCE
        while not self._listens():
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise RuntimeError(f"{self.line[0]} did not start:\n{self.log.read_text(encoding='utf-8')[-2000:]}")
            time.sleep(0.05)

    def kill(self) -> None:
        """End it and what it started, without a word."""
        for pid in self._pids():
            _send(pid, signal.SIGKILL)
        if self._process is not None:
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Let it hang: the system still takes connections for it."""
        for pid in self._pids():
            _send(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        for pid in self._pids():
            _send(pid, signal.SIGCONT)

    def _pids(self) -> list[int]:
        return [] if self._process is None else tree(self._process.pid)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


@contextmanager
def mlflow_server(folder: Path) -> Iterator[tuple[Outside, str]]:
    """Run an MLflow server that keeps all in a folder, artifacts too; gives it and its URL."""
    port = free_port()
    line = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    line += [
        "--backend-store-uri",
        f"sqlite:///{folder / 'server.db'}",
        "--artifacts-destination",
        str(folder / "kept"),
    ]
    with _running(Outside(line, port=port, log=folder / "mlflow.log")) as server:
        yield server, f"http://127.0.0.1:{port}"


@contextmanager
def redis_server(folder: Path) -> Iterator[tuple[Outside, str]]:
    """Run a Redis server that has on the disk what it confirmed; gives it and its URL.

    Raises `RuntimeError` where redis-server is not installed.
    """
    program, port = shutil.which("redis-server"), free_port()
    if program is None:
        raise RuntimeError("there is no redis-server on PATH; install Redis")
    line = [program, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""]
    line += ["--appendonly", "yes", "--appendfsync", "always"]
    with _running(Outside(line, port=port, log=folder / "redis.log")) as server:
        yield server, f"redis://127.0.0.1:{port}/0"


@contextmanager
def _running(server: Outside) -> Iterator[Outside]:
    server.start()
    try:
        yield server
    finally:
        server.thaw()
        server.kill()


def _send(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process, unless it is gone."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)
