"""A server as a process of its own on a core of its own: started, waited for, its CPU read, ended by its id."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

LOAD_CORE, SERVER_CORE = {0}, {1}
PATIENCE: Final = 120.0
PROC: Final = Path("/proc")
_TICKS: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Command:
    """How a server is started, and the path that answers 200 once it is ready."""

    line: Sequence[str]
    environment: Mapping[str, str]
    ready: str


@contextmanager
def on_core(core: set[int]) -> Iterator[None]:
    """Stay on a core, with all that is started meanwhile, where the system can tell cores and there are two."""
    if not hasattr(os, "sched_setaffinity") or not core <= os.sched_getaffinity(0):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, core)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def served(command: Command, *, port: int, log: Path, core: set[int] = SERVER_CORE) -> Iterator[int]:
    """Run a server until the block ends; gives its process' id once it is ready.

    Raises `RuntimeError` with the end of its log where it stops or is not ready in time.
    """
    with log.open("w", encoding="utf-8") as out:
        with on_core(core):
            process = subprocess.Popen(command.line, env=dict(command.environment), stdout=out, stderr=out)
        try:
            _wait(process, f"http://127.0.0.1:{port}{command.ready}", log)
            yield process.pid
        finally:
            _end(process)


def cpu_seconds(pid: int) -> float:
    """Give the CPU seconds that a process and those below it have used."""
    return sum(_used(each) for each in tree(pid))


def tree(pid: int) -> list[int]:
    """List a process and those below it, from Linux' own list."""
    below: dict[int, list[int]] = {}
    for path in PROC.glob("[0-9]*/stat"):
        parts = _stat(path)
        if parts:
            below.setdefault(int(parts[1]), []).append(int(path.parent.name))
    found = [pid]
    for each in found:
        found += below.get(each, [])
    return found


def _used(pid: int) -> float:
    parts = _stat(PROC / str(pid) / "stat")
    return (int(parts[11]) + int(parts[12])) / _TICKS if parts else 0.0


def _stat(path: Path) -> list[str]:
    """Read what follows a process' name: state, parent, …; nothing where it is gone."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


def _wait(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(url, timeout=5).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    tail = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:])
    raise RuntimeError(f"{process.args!r} did not become ready; the end of {log}:\n{tail}")


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a server, and what it started and left."""
    started = tree(process.pid)
    process.terminate()
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pid in started[1:]:
        if _stat(PROC / str(pid) / "stat"):
            os.kill(pid, signal.SIGKILL)
