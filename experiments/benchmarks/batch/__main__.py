"""Run the benchmark: `python -m experiments.benchmarks.batch`, all rows, or fewer by its flag.

Each way runs in a process of its own, one after the other, twice; the faster run counts. One thread asks the trees.
Other work on the machine stretches wall times, which is why each run tells the load after it, and CPU time counts.
"""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from configs.settings import SILENCE, Settings
from experiments.benchmarks.batch.data import TREES, write_models, write_rows
from experiments.benchmarks.batch.worker import WAYS
from experiments.benchmarks.record import fresh, write
from experiments.progress import steps

HERE: Final = Path(__file__).parent.parent
WORKER: Final = "experiments.benchmarks.batch.worker"
ROWS: Final = 5_000_000


def main() -> None:
    """Measure the ways, and write batch.json."""
    os.environ.update({key: os.environ.get(key, value) for key, value in SILENCE.items()})
    told, before = _flags().parse_args(), os.getloadavg()[0]
    var = Settings.read(os.environ).var / "benchmarks"
    var.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(dir=var) as folder,
        steps("benchmark batch", 3 + told.repeats * len(WAYS)) as step,
    ):
        found = _run(Path(folder), told.rows, told.repeats, step)
    load = {"before": round(before, 2), "after": round(os.getloadavg()[0], 2)}
    to = told.to or (HERE if told.rows == ROWS else var)
    head = {"rows": told.rows, "models": {name: list(trees) for name, trees in TREES.items()}, "load": load}
    write(to / "batch.json", {**head, **found}, peers=("pyarrow",))


def _run(folder: Path, rows: int, repeats: int, step: Callable[[str], None]) -> dict[str, Any]:
    step("draw and fit")
    file = folder / "rows.parquet"
    write_rows(file, rows)
    write_models(folder / "models")
    costs: dict[str, list[dict[str, float]]] = {system: [] for system in WAYS}
    for number in range(repeats):
        for system in WAYS:
            step(f"{system}, run {number + 1}")
            to = folder / system
            shutil.rmtree(to, ignore_errors=True)
            asked = {"system": system, "rows": str(file), "models": str(folder / "models"), "to": str(to)}
            cost = fresh(WORKER, asked, python=Path(sys.executable))
            costs[system].append({**cost, "load": round(os.getloadavg()[0], 1)})
    step("compare")
    return {**_told(costs, rows), "apart": _apart(folder)}


def _told(costs: dict[str, list[dict[str, float]]], rows: int) -> dict[str, Any]:
    """Say what each way cost, and rows/s as a share of the bare loop's, by wall time and by CPU."""
    best = {system: min(runs, key=lambda run: run["cpu_s"]) for system, runs in costs.items()}
    walls = {system: min(run["wall_s"] for run in runs) for system, runs in costs.items()}
    bare = best["bare loop"]
    ways = {
        system: {
            **cost,
            "wall_s": walls[system],
            "rows_a_s": round(rows / walls[system]),
            "of_bare": round(walls["bare loop"] / walls[system], 3),
            "of_bare_by_cpu": round(bare["cpu_s"] / cost["cpu_s"], 3),
            "runs": costs[system],
        }
        for system, cost in best.items()
    }
    return {"ways": ways}


def _apart(folder: Path) -> dict[str, float]:
    theirs = str(folder / "bare loop")
    asked = {system: {"system": "compare", "theirs": theirs, "ours": str(folder / system)} for system in WAYS}
    return {
        system: fresh(WORKER, asked[system], python=Path(sys.executable))["apart"]
        for system in WAYS
        if system != "bare loop"
    }


def _flags() -> argparse.ArgumentParser:
    flags = argparse.ArgumentParser(prog="python -m experiments.benchmarks.batch", description=__doc__)
    flags.add_argument("--rows", type=int, default=ROWS, help="feature rows (by default %(default)s)")
    flags.add_argument("--repeats", type=int, default=2, help="runs of each way (by default %(default)s)")
    flags.add_argument("--to", type=Path, help="folder of the results (by default this one, for less than all `var`)")
    return flags


if __name__ == "__main__":
    main()
