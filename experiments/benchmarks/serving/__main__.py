"""Run the benchmark: `python -m experiments.benchmarks.serving`, all of it, or smaller by its flags.

Each server has one core, and who asks it another one. Other work on the machine slows both.
"""

import argparse
import os
from pathlib import Path

from rich.console import Console

from configs.settings import SILENCE, Settings
from experiments.benchmarks.record import write
from experiments.benchmarks.serving.bars import judged
from experiments.benchmarks.serving.peers.mlserver import REQUIREMENTS
from experiments.benchmarks.serving.run import run
from experiments.benchmarks.serving.systems import SYSTEMS
from experiments.benchmarks.serving.table import table

HERE = Path(__file__).parent.parent
CUSTOMERS = 100_000
PEERS = ("bentoml", "httptools", "mlflow", "msgspec", "starlette", "uvicorn", "uvloop")


def main() -> None:
    """Measure everything, print it, and write serving.json."""
    os.environ.update({key: os.environ.get(key, value) for key, value in SILENCE.items()})
    told, before = _flags().parse_args(), os.getloadavg()[1]
    var = Settings.read(os.environ).var / "benchmarks"
    whole = told.systems == list(SYSTEMS) and told.customers >= CUSTOMERS
    to = told.to or (HERE if whole else var)
    for each in (var, to):
        each.mkdir(parents=True, exist_ok=True)
    found = run(told.systems, var=var, customers=told.customers, seconds=told.seconds, repeats=told.repeats)
    found["bars"] = judged(found["rows"])
    load = {"before": round(before, 2), "after": round(os.getloadavg()[1], 2)}
    head = {"load": load, "seconds": told.seconds, "repeats": told.repeats, "apart": list(REQUIREMENTS)}
    write(to / "serving.json", {**head, **found}, peers=PEERS)
    Console().print(table(found))


def _flags() -> argparse.ArgumentParser:
    flags = argparse.ArgumentParser(prog="python -m experiments.benchmarks.serving", description=__doc__)
    flags.add_argument("--systems", nargs="+", choices=SYSTEMS, default=list(SYSTEMS), help="ask only these")
    flags.add_argument("--customers", type=int, default=CUSTOMERS, help="in the store (by default %(default)s)")
    flags.add_argument("--seconds", type=float, default=5.0, help="of each measurement (by default %(default)s)")
    flags.add_argument(
        "--repeats", type=int, default=2, help="runs of which the fastest counts (by default %(default)s)"
    )
    flags.add_argument("--to", type=Path, help="folder of the results (by default this one, for less than all `var`)")
    return flags


if __name__ == "__main__":
    main()
