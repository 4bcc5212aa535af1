"""The walk: each piece of work in a process of its own, its cost as a whole, and whether it is within its bar."""

import sys
import time
from pathlib import Path
from typing import Any, Final

from experiments.benchmarks.record import fresh
from experiments.progress import steps

WORKER: Final = "experiments.benchmarks.judging.worker"
BARS_S: Final = {"judge": 60.0, "tune": 240.0}
"""Seconds that a piece of work may take as a whole, its process' start and the data included, on two shared cores."""
PIECES: Final = ("load", "observe", "judge", "tune")

Case = dict[str, Any]


def cases(study: str, *, model: str, trials: int) -> dict[str, Case]:
    """Say what is measured: one model judged, all of a study's, one tuned in the order of time and by random folds."""
    judge: Case = {"study": study, "work": "judge"}
    tune: Case = {"study": study, "work": "tune", "models": [model], "trials": trials}
    return {
        f"judge {model}": {**judge, "models": [model]},
        "judge the family": {**judge, "models": []},
        f"tune {model}": {**tune, "in_time": True},
        f"tune {model} by random folds": {**tune, "in_time": False},
    }


def run(study: str, *, model: str, trials: int) -> Case:
    """Measure every case."""
    asked = cases(study, model=model, trials=trials)
    rows = []
    with steps("benchmark judging", len(asked)) as step:
        for name, each in asked.items():
            step(name)
            started = time.perf_counter()
            found = fresh(WORKER, each, python=Path(sys.executable))
            bar = {"process_s": round(time.perf_counter() - started, 2), "bar_s": BARS_S[each["work"]]}
            rows.append({"case": name, **bar, "kept": bar["process_s"] < bar["bar_s"], "whole": whole(found), **found})
    return {"study": study, "trials": trials, "rows": rows}


def whole(found: Case) -> dict[str, float]:
    """Add up the pieces of a case; the peak is the highest of theirs."""
    pieces = [found[name] for name in PIECES if name in found]
    seconds = {name: round(sum(each[name] for each in pieces), 2) for name in ("cpu_s", "wall_s")}
    return {**seconds, "peak_mb": max(each["peak_mb"] for each in pieces)}
