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
    """Do the work once: what it gives, CPU seconds (children's included), wall seconds and peak memory meanwhile."""
    if CLEAR.exists():
        CLEAR.write_text("5", encoding="ascii")  # on Linux the peak starts anew; elsewhere it is the process's
    wall, cpu = time.perf_counter(), _cpu()
    made = work()
    wall, cpu = time.perf_counter() - wall, _cpu() - cpu
    return made, {"cpu_s": round(cpu, 3), "wall_s": round(wall, 3), "peak_mb": round(_peak())}


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _peak() -> float:
    """Give the peak of resident memory in MB."""
    if STATUS.exists():
        told = dict(line.split(":", 1) for line in STATUS.read_text(encoding="ascii").splitlines())
        return int(told["VmHWM"].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
