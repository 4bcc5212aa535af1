"""Run the benchmark: `python -m experiments.benchmarks.selection`, all of it, or smaller by its flags.

Shops whose customers change are simulated. A model is chosen by rolling origins, by the last of them alone and by a
random split of rows; what counts is the next origin, which no choice has seen.
"""

import argparse
import os
from pathlib import Path

from rich.console import Console

from configs.settings import SILENCE, Settings
from experiments.benchmarks.record import write
from experiments.benchmarks.selection.picture import picture
from experiments.benchmarks.selection.run import run
from experiments.benchmarks.selection.table import table

HERE = Path(__file__).parent.parent
SEEDS, CUSTOMERS, DAYS, ORIGINS = 10, 2500, 560, 4
POPULATIONS = ["known", "active_182d"]


def main() -> None:
    """Choose models in every way, print what that cost, and write selection.json and selection.png."""
    os.environ.update({key: os.environ.get(key, value) for key, value in SILENCE.items()})
    told = _flags().parse_args()
    size = {"customers": told.customers, "days": told.days, "origins": told.origins}
    found = run(range(told.seeds), populations=told.populations, size=size)
    whole = (told.seeds, told.populations, *size.values()) == (SEEDS, POPULATIONS, CUSTOMERS, DAYS, ORIGINS)
    to = told.to or (HERE if whole else Settings.read(os.environ).var / "benchmarks")
    to.mkdir(parents=True, exist_ok=True)
    picture(found, to / "selection.png")
    write(to / "selection.json", {"load": round(os.getloadavg()[2], 2), **found}, peers=())
    Console().print(table(found))


def _flags() -> argparse.ArgumentParser:
    flags = argparse.ArgumentParser(prog="python -m experiments.benchmarks.selection", description=__doc__)
    flags.add_argument("--seeds", type=int, default=SEEDS, help="shops a population (by default %(default)s)")
    flags.add_argument("--populations", nargs="+", choices=POPULATIONS, default=POPULATIONS, help="ask only of these")
    flags.add_argument("--customers", type=int, default=CUSTOMERS, help="customers of a shop (by default %(default)s)")
    flags.add_argument("--days", type=int, default=DAYS, help="days of a shop's history (by default %(default)s)")
    flags.add_argument("--origins", type=int, default=ORIGINS, help="origins to choose by (by default %(default)s)")
    flags.add_argument("--to", type=Path, help="folder of the results (by default this one, for less than all `var`)")
    return flags


if __name__ == "__main__":
    main()
