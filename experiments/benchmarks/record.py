"""How a benchmark measures and what it writes: one fresh process a system and case, CPU beside wall time."""

import json
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from configs.whole import whole_file
from experiments.progress import steps
from training.provenance import commit, versions

HERE = Path(__file__).parent
Work = Callable[[], float]


def measure(work: Work) -> dict[str, float]:
    """Do the work once in this process: CPU and wall seconds, the process's peak memory, and the value it gives."""
    wall, cpu = time.perf_counter(), time.process_time()
    value = work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"cpu_s": round(cpu, 3), "wall_s": round(wall, 3), "peak_mb": round(peak), "value": value}


def compare(name: str, cases: Iterable[str], systems: Mapping[str, Callable[[str], Work]], argv: list[str]) -> None:
    """Run every system on every case, each in a process of its own, and write `NAME.json`.

    A system gets the case, prepares what is not measured, and gives the work. Values of systems must agree to 1e-6,
    else `ValueError`: what computes another thing is not compared.
    """
    if argv:
        print(json.dumps(measure(systems[argv[1]](argv[0]))))
        return
    pairs = [(case, system) for case in cases for system in systems]
    rows = []
    with steps(f"benchmark {name}", len(pairs)) as step:
        for case, system in pairs:
            step(f"{case}: {system}")
            rows.append({"case": case, "system": system, **_in_a_process(name, case, system)})
    _agree(rows)
    with whole_file(HERE / f"{name}.json") as draft:
        draft.write_text(json.dumps(_told(rows), indent=1) + "\n", encoding="utf-8")


def _in_a_process(name: str, case: str, system: str) -> dict[str, Any]:
    command = [sys.executable, "-m", f"experiments.benchmarks.{name}", case, system]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    measured: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return measured


def _agree(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        first = next(each for each in rows if each["case"] == row["case"])
        if abs(row["value"] - first["value"]) > 1e-6 * max(1.0, abs(first["value"])):
            raise ValueError(
                f"{row['system']} gives {row['value']} and {first['system']} {first['value']} on {row['case']}"
            )


def _told(rows: list[dict[str, Any]]) -> dict[str, Any]:
    machine = {"system": platform.platform(), "cores": os.cpu_count(), "python": platform.python_version()}
    return {"machine": machine, "versions": versions(), "commit": commit(), "rows": rows}
