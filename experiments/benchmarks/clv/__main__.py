"""Run the benchmark: `python -m experiments.benchmarks.clv`, all of it, or smaller by its flags.

Customers whose truth is known are drawn; each system fits them, and reckons with them, in a process of its own.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console

from configs.settings import SILENCE, Settings
from experiments.benchmarks.clv.cases import MOST, PARETO, cases
from experiments.benchmarks.clv.data import TRUTH
from experiments.benchmarks.clv.picture import picture
from experiments.benchmarks.clv.run import run, summary
from experiments.benchmarks.clv.systems import MAP, pymc_version, pythons
from experiments.benchmarks.clv.table import table
from experiments.benchmarks.record import write

HERE = Path(__file__).parent.parent
LINES, LINES_A_CUSTOMER = 10_000_000, 10
WORKS = list(dict.fromkeys(case.work for case in cases()))


def main() -> None:
    """Measure everything, print it, and write clv.json and clv.png."""
    os.environ.update({key: os.environ.get(key, value) for key, value in SILENCE.items()})
    told, before = _flags().parse_args(), os.getloadavg()[1]
    var = Settings.read(os.environ).var / "benchmarks"
    whole = (told.customers, told.lines, told.works) == (MOST, LINES, WORKS)
    to = told.to or (HERE if whole else var)
    for each in (var, to):
        each.mkdir(parents=True, exist_ok=True)
    apart, out = pymc_version(told.pymc), Console()
    if not apart:
        out.print(f"[bold red]LEFT OUT: {MAP}. It is not installed here; --pymc names another Python that has it[/]")
    found = _found(told, var)
    picture(found["rows"], to / "clv.png")
    load = {"before": round(before, 2), "after": round(os.getloadavg()[1], 2)}
    head = {"load": load, "apart": {"pymc-marketing": apart or None}, "truth": TRUTH}
    write(to / "clv.json", {**head, **found}, peers=("numba", "scipy"))
    out.print(table(found))


def _found(told: argparse.Namespace, var: Path) -> dict[str, list[Any]]:
    """Measure what was asked for."""
    asked = [case for case in cases(most=told.customers, pareto=told.pareto) if case.work in told.works]
    with tempfile.TemporaryDirectory(dir=var) as folder:
        found = run(asked, folder=Path(folder), pythons=pythons(told.pymc))
    if not told.lines:
        return found
    more = summary(told.lines, customers=told.lines // LINES_A_CUSTOMER, var=var)
    return {name: [*found[name], *more[name]] for name in found}


def _flags() -> argparse.ArgumentParser:
    flags = argparse.ArgumentParser(prog="python -m experiments.benchmarks.clv", description=__doc__)
    flags.add_argument("--customers", type=int, default=MOST, help="at the largest size (by default %(default)s)")
    flags.add_argument("--pareto", type=int, default=PARETO, help="customers of Pareto/NBD (by default %(default)s)")
    flags.add_argument("--works", nargs="+", choices=WORKS, default=WORKS, help="do only these")
    flags.add_argument("--lines", type=int, default=LINES, help="transactions to sum up; 0 for none (%(default)s)")
    flags.add_argument(
        "--pymc",
        type=Path,
        default=Path(sys.executable),
        help="a Python that has pymc-marketing and lifetimes (by default this one)",
    )
    flags.add_argument("--to", type=Path, help="folder of the results (by default this one, for less than all `var`)")
    return flags


if __name__ == "__main__":
    main()
