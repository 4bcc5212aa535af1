"""A service's workers as the system sees them: which are ready, and one of them killed now and then."""

import json
import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from experiments.benchmarks.serving.process import tree

READY: Final = "Completed async startup hook"
"""What BentoML logs of a worker that has loaded its models."""
_LOOK: Final = 0.1


@dataclass(frozen=True)
class Workers:
    """The workers below a service's process, with the log that they write."""

    supervisor: int
    log: Path

    def ready(self) -> list[int]:
        """List the living that answer, by their process ids."""
        there = set(tree(self.supervisor)[1:])
        return [pid for pid in dict.fromkeys(self._started()) if pid in there and _lives(pid)]

    def _started(self) -> Iterator[int]:
        for line in self.log.read_text(encoding="utf-8", errors="replace").splitlines():
            if READY in line and line.startswith("{"):
                yield int(json.loads(line)["process"])


@dataclass
class Killing:
    """Kills a worker every so many seconds, by chance, where another one is ready; from a thread of its own.

    `kills` are instants (`time.monotonic`), `returns` the seconds each time until as many were ready again.
    """

    workers: Workers
    every: float
    seed: int = 0
    kills: list[float] = field(default_factory=list)
    returns: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Make the thread."""
        self._random, self._stopping = random.Random(self.seed), threading.Event()
        self._thread = threading.Thread(target=self._run, name="killing")

    def __enter__(self) -> "Killing":
        """Begin."""
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        """End; who was killed last may still be away."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        away, killed = list[float](), set[int]()
        whole, due = len(self.workers.ready()), time.monotonic() + self.every
        while not self._stopping.wait(_LOOK):
            ready = [pid for pid in self.workers.ready() if pid not in killed]
            while away and len(ready) + len(away) > whole:
                self.returns.append(time.monotonic() - away.pop(0))
            if len(ready) > 1 and time.monotonic() >= due:
                killed.add(pid := self._random.choice(ready))
                kill(pid)
                away.append(time.monotonic())
                self.kills.append(away[-1])
                due = away[-1] + self.every


def kill(pid: int) -> None:
    """End a process without a word."""
    os.kill(pid, signal.SIGKILL)


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
