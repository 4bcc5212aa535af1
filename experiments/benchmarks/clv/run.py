"""The walk: customers are drawn, every system does every piece of work in a process of its own, and is compared."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from experiments.benchmarks.clv.cases import Case
from experiments.benchmarks.clv.compare import compared, summed_up
from experiments.benchmarks.clv.data import draw
from experiments.benchmarks.clv.systems import OURS, SUMMARY, SYSTEMS
from experiments.benchmarks.features.cases import Case as Question
from experiments.benchmarks.features.cases import short
from experiments.benchmarks.features.data import Size
from experiments.benchmarks.features.question import RFM
from experiments.benchmarks.features.run import run as ask
from experiments.benchmarks.record import fresh
from experiments.progress import steps

WORKER: Final = "experiments.benchmarks.clv.worker"

Row = dict[str, Any]


def run(asked: Sequence[Case], *, folder: Path, pythons: Mapping[str, Path]) -> Row:
    """Measure every case by those systems that have an interpreter, and compare ours with each of the others."""
    rows: list[Row] = []
    with steps("benchmark clv", 1 + len(asked)) as step:
        step("draw")
        for process in dict.fromkeys(case.process for case in asked):
            most = max(case.customers for case in asked if case.process == process)
            draw(process, most, folder=folder / process)
        for case in asked:
            step(case.name)
            rows += [_asked(case, each, folder, pythons[each]) for each in case.systems if each in pythons]
    found = [each for case in asked for each in compared(case, rows)]
    return {"compared": found, "rows": [{name: row[name] for name in row if name != "sample"} for row in rows]}


def summary(lines: int, *, customers: int, var: Path) -> Row:
    """Measure the four columns that all of this starts from, made of transactions in Parquet files, and compare.

    Raises `ValueError` where lifetimes' columns are not ours.
    """
    name = f"summary of {short(lines)} transactions"
    rows = ask([Question(name, Size(lines, customers), 1, SUMMARY, names=RFM)], var=var)
    return {"compared": [summed_up(rows)], "rows": rows}


def _asked(case: Case, system: str, folder: Path, python: Path) -> Row:
    told = {**case.told(), "module": SYSTEMS[system], "folder": str(folder / case.process)}
    kind = "ours" if system == OURS else "peer"
    return {**case.told(), "system": system, "kind": kind, **fresh(WORKER, told, python=python)}
