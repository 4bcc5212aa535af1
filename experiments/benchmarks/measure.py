"""What a piece of work costs its process. Standard library only: some peers run in environments of their own."""

import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
Made = TypeVar("Made")


def measured(work: Callable[[], Made]) -> tuple[Made, dict[str, float]]:
    """Do the work once: what it gives, CPU seconds (children's included), wall seconds and peak memory meanwhile.

    `user_s` is the CPU without the system's own share, which on a virtual machine is mostly the price of fresh memory:
    it varies tenfold with what the host has at hand.
    """
    if CLEAR.exists():
        CLEAR.write_text("5", encoding="ascii")  # on Linux the peak starts anew; elsewhere it is the process's
    wall, user, system = time.perf_counter(), *_cpu()
    made = work()
    wall, user, system = (
        now - before for now, before in zip((time.perf_counter(), *_cpu()), (wall, user, system), strict=True)
    )
    told = {"cpu_s": user + system, "user_s": user, "wall_s": wall}
    return made, {**{name: round(seconds, 3) for name, seconds in told.items()}, "peak_mb": round(_peak())}


def _cpu() -> tuple[float, float]:
    """Give the seconds of the process and its children in programs and in the system."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime for each in used), sum(each.ru_stime for each in used)


def _peak() -> float:
    """Give the peak of resident memory in MB."""
    if STATUS.exists():
        told = dict(line.split(":", 1) for line in STATUS.read_text(encoding="ascii").splitlines())
        return int(told["VmHWM"].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
