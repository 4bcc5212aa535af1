"""A real Redis server that tests can stop, freeze and start again."""

import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from experiments.server import free_port

MISSING = "NO REDIS SERVER HERE: redis-server is not on PATH; install it"


class RedisServer:
    """A server of our own on a free port of the loopback address, with its files in a folder."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.port, self.folder, self.options = free_port(), folder, options
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *options: str, wait: bool = True) -> "RedisServer":
        """Run the server; waits until it answers."""
        program = shutil.which("redis-server")
        if program is None:
            pytest.skip(MISSING)
        ours = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder), "--save", ""]
        with (self.folder / "log").open("a") as log:
            self.process = subprocess.Popen([program, *ours, *self.options, *options], stdout=log, stderr=log)
        end = time.monotonic() + 20
        while wait and not self._answers():
            assert time.monotonic() < end, (self.folder / "log").read_text()
            time.sleep(0.02)
        return self

    def stop(self) -> None:
        """End the server; what it held is lost, unless it was saved."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def freeze(self) -> None:
        """Let the server hang: the system still takes connections for it."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def client(self) -> redis.Redis:
        """Speak with the server itself, without a store between."""
        return redis.Redis(port=self.port, protocol=2, driver_info=None, retry=Retry(NoBackoff(), 0))

    def _answers(self) -> bool:
        try:
            with self.client() as asking:
                return bool(asking.ping())
        except redis.exceptions.AuthenticationError:
            return True
        except redis.exceptions.ConnectionError:
            return False
