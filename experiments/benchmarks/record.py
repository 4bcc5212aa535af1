"""How a benchmark runs and what it writes: one fresh process a system and case, and where the numbers come from."""

import json
import os
import platform
import subprocess
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from configs.whole import whole_file
from training.provenance import ROOT, commit, versions

PROCESSOR = Path("/proc/cpuinfo")


def fresh(module: str, asked: dict[str, Any], *, python: Path) -> dict[str, Any]:
    """Run a module in a process of its own with what is asked as JSON; it answers by a last line of JSON.

    Raises `RuntimeError` with the end of what it said where it fails.
    """
    command = [str(python), "-m", module, json.dumps(asked)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode:
        raise RuntimeError(f"{module} ended with {done.returncode} on {asked}:\n{done.stderr[-2000:]}")
    answered: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answered


def write(path: Path, found: dict[str, Any], *, peers: Iterable[str]) -> None:
    """Write what was found as JSON, with the machine, the commit and the versions of everything that was measured."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    machine = {
        "system": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(memory),
        "python": platform.python_version(),
    }
    used = {**versions(), **{name: version(name) for name in peers}}
    with whole_file(path) as draft:
        told = {"machine": machine, "versions": used, "commit": commit(), **found}
        draft.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def _processor() -> str:
    """Name the processor, on Linux as the kernel does."""
    if PROCESSOR.exists():
        lines = PROCESSOR.read_text(encoding="utf-8").splitlines()
        return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "")
    return platform.processor()
