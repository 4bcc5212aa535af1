"""Run the benchmark: `python -m experiments.benchmarks.features`, all of it, or smaller by its flags."""

import argparse
import os
from pathlib import Path

from configs.settings import Settings
from experiments.benchmarks.features.cases import cases, rehearsal
from experiments.benchmarks.features.data import Size
from experiments.benchmarks.features.growth import draw
from experiments.benchmarks.features.run import run
from experiments.benchmarks.features.systems import SYSTEMS
from experiments.benchmarks.record import write

HERE = Path(__file__).parent.parent
ROWS, CUSTOMERS, CUTOFFS, LARGE = [1_000_000, 3_000_000, 10_000_000], 1_000_000, [1, 6, 12], [100_000_000, 5_000_000]


def main() -> None:
    """Ask everyone everything, and write features.json and features.png."""
    told = _flags().parse_args()
    var = Settings.read(os.environ).var / "benchmarks"
    whole = not (told.rows or told.cutoffs or told.systems or told.large)
    large = told.large or (LARGE if whole else None)
    asked = cases(
        told.rows or ROWS,
        customers=told.customers or CUSTOMERS,
        cutoffs=told.cutoffs or CUTOFFS,
        systems=told.systems or list(SYSTEMS),
        large=Size(*large) if large else None,
    )
    run([rehearsal(asked)], var=var)
    rows = run(asked, var=var, repeats=told.repeats)
    to = told.to or (HERE if whole else var)
    draw(rows, to / "features.png")
    apart = {name: SYSTEMS[name].requirements for name in SYSTEMS if SYSTEMS[name].requirements}
    write(to / "features.json", {"apart": apart, "rows": rows}, peers=("numba", "polars", "pyarrow"))


def _flags() -> argparse.ArgumentParser:
    flags = argparse.ArgumentParser(prog="python -m experiments.benchmarks.features", description=__doc__)
    flags.add_argument("--rows", type=int, nargs="+", help=f"lines, one size after the other (by default {ROWS})")
    flags.add_argument("--customers", type=int, help=f"customers of the largest size (by default {CUSTOMERS})")
    flags.add_argument("--cutoffs", type=int, nargs="+", help=f"cutoffs, at the largest size (by default {CUTOFFS})")
    flags.add_argument("--systems", nargs="+", choices=SYSTEMS, help="ask only these")
    flags.add_argument(
        "--large",
        type=int,
        nargs=2,
        metavar=("ROWS", "CUSTOMERS"),
        help=f"Augury alone, to Parquet (by default {LARGE})",
    )
    flags.add_argument("--repeats", type=int, default=3, help="runs of which the cheapest counts (by default 3)")
    flags.add_argument("--to", type=Path, help="folder of the results (by default this one, for less than all `var`)")
    return flags


if __name__ == "__main__":
    main()
