"""The walk: every system of every case in a process of its own, and whether they agree."""

import shutil
import tempfile
from itertools import combinations
from pathlib import Path
from typing import Any

from experiments.benchmarks.features.agree import Answer, agree
from experiments.benchmarks.features.cases import SMALL, Case
from experiments.benchmarks.features.data import generate
from experiments.benchmarks.features.systems import SYSTEMS, python
from experiments.benchmarks.record import fresh
from experiments.progress import steps

WORKER = "experiments.benchmarks.features.worker"
Row = dict[str, Any]


def run(asked: list[Case], *, var: Path, repeats: int = 1) -> list[Row]:
    """Measure every system of every case, the cheapest of several runs; what goes to Parquet runs once.

    Raises `ValueError` where two systems of a case compute different things.
    """
    for name in sorted({name for case in asked for name in case.systems}):
        python(SYSTEMS[name], var)
    rows = []
    with steps("benchmark features", sum(1 + len(case.systems) for case in asked)) as step:
        for case in asked:
            step(f"{case.name}: data")
            folder = generate(case.size, var)
            with tempfile.TemporaryDirectory(dir=var) as out:
                answers = []
                for name in case.systems:
                    step(f"{case.name}: {name}")
                    row, answer = _ask(case, name, folder, var=var, out=Path(out), repeats=repeats)
                    rows.append(row)
                    answers.append(answer)
                for one, other in combinations([each for each in answers if each is not None], 2):
                    agree(one, other)
    return rows


def _ask(case: Case, name: str, folder: Path, *, var: Path, out: Path, repeats: int) -> tuple[Row, Answer | None]:
    system, sample, parquet = SYSTEMS[name], out / f"{name}.parquet", out / "frame"
    told = {
        "module": system.module,
        "options": dict(system.options),
        "folder": str(folder),
        "small": str(generate(SMALL, var)),
        "cutoffs": [each.isoformat() for each in case.cutoffs],
        "names": case.names,
        "to": str(parquet) if case.parquet else "",
        "sample": "" if system.kind == "limit" else str(sample),
        "customers": case.size.customers,
    }
    runs = [fresh(WORKER, told, python=python(system, var)) for _ in range(1 if case.parquet else repeats)]
    shutil.rmtree(parquet, ignore_errors=True)
    found = min(runs, key=lambda each: each["cpu_s"])
    columns = found.pop("columns", {})
    row = {**case.told(), "system": name, "kind": system.kind, "features": len(columns), **found}
    row["cpu_of_runs"] = [each["cpu_s"] for each in runs]
    return row, Answer(name, found["frame_rows"], columns, sample) if columns else None
