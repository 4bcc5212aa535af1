"""Run the benchmark: `python -m experiments.benchmarks.judging`, all of it, or smaller by its flags.

Each piece of work has a process of its own, with OMP_NUM_THREADS as the command line sets it.
"""

import argparse
import os
from pathlib import Path

from rich.console import Console

from configs.settings import SILENCE, Settings
from experiments.benchmarks.judging.run import run
from experiments.benchmarks.judging.table import table
from experiments.benchmarks.record import write

HERE = Path(__file__).parent.parent
STUDY, MODEL, TRIALS = "complete_journey_churn", "boosted", 50


def main() -> None:
    """Judge and tune a study's models, print what that cost, and write judging.json."""
    os.environ.update({key: os.environ.get(key, value) for key, value in SILENCE.items()})
    told = _flags().parse_args()
    study = str(Path(told.study).resolve()) if told.study.endswith(".toml") else told.study
    found = run(study, model=MODEL, trials=told.trials)
    load = round(os.getloadavg()[2], 2)  # of the last quarter of an hour: others' work slows this one
    whole = (told.study, told.trials) == (STUDY, TRIALS)
    to = told.to or (HERE if whole else Settings.read(os.environ).var / "benchmarks")
    to.mkdir(parents=True, exist_ok=True)
    write(to / "judging.json", {"load": load, **found}, peers=("optuna",))
    Console().print(table(found))


def _flags() -> argparse.ArgumentParser:
    flags = argparse.ArgumentParser(prog="python -m experiments.benchmarks.judging", description=__doc__)
    flags.add_argument("--study", default=STUDY, help="name or file of a study with `boosted` (by default %(default)s)")
    flags.add_argument("--trials", type=int, default=TRIALS, help="trials of tuning (by default %(default)s)")
    flags.add_argument("--to", type=Path, help="folder of the results (by default this one, for less than all `var`)")
    return flags


if __name__ == "__main__":
    main()
