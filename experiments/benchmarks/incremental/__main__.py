"""Run the benchmark: `python -m experiments.benchmarks.incremental`, all of it, or smaller by its flags.

Letting rows in (the door) is in no number: each row is let in once, whichever way frames are made.
"""

import argparse
import os
from pathlib import Path

from configs.settings import Settings
from experiments.benchmarks.features.data import Size
from experiments.benchmarks.incremental.arrivals import LATE, LATE_DAYS
from experiments.benchmarks.incremental.picture import picture
from experiments.benchmarks.incremental.run import run
from experiments.benchmarks.record import write

HERE = Path(__file__).parent.parent
ROWS, CUSTOMERS, DAYS, EVERY = 10_000_000, 1_000_000, 30, 10
REHEARSAL = Size(3000, 300)
"""So small a run first, for what compiles at its first use on a machine."""


def main() -> None:
    """Make a frame a day both ways, and write incremental.json and incremental.png."""
    told = _flags().parse_args()
    var = Settings.read(os.environ).var / "benchmarks"
    size = Size(told.rows, told.customers or max(1, told.rows * CUSTOMERS // ROWS))
    whole = (size.rows, size.customers, told.days) == (ROWS, CUSTOMERS, DAYS)
    run(REHEARSAL, days=2, every=1, var=var)
    found = run(size, days=told.days, every=told.every, var=var)
    to = told.to or (HERE if whole else var)
    picture(found, to / "incremental.png")
    late = {"share": LATE, "days": LATE_DAYS}
    write(to / "incremental.json", {"late": late, **found}, peers=("numba", "pyarrow"))


def _flags() -> argparse.ArgumentParser:
    flags = argparse.ArgumentParser(prog="python -m experiments.benchmarks.incremental", description=__doc__)
    flags.add_argument("--rows", type=int, default=ROWS, help="transactions (by default %(default)s)")
    flags.add_argument("--customers", type=int, help="customers (by default a tenth of the rows)")
    flags.add_argument("--days", type=int, default=DAYS, help="days of arrivals (by default %(default)s)")
    flags.add_argument(
        "--every", type=int, default=EVERY, help="make it from all rows every so many days (by default %(default)s)"
    )
    flags.add_argument("--to", type=Path, help="folder of the results (by default this one, for less than all `var`)")
    return flags


if __name__ == "__main__":
    main()
