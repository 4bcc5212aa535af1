"""Run the benchmark: `AUGURY_APPAREL=FOLDER python -m experiments.benchmarks.apparel`; exit code 1 on a difference.

The folder holds apparelTrans.parquet and apparelStaticCov.parquet, CLVTools' data sets of these names as Parquet. They
are no part of this project.
"""

import argparse
import os
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from experiments.benchmarks.apparel.run import Row, run
from experiments.benchmarks.record import write

HERE = Path(__file__).parent.parent
FOLDER = "AUGURY_APPAREL"


def main() -> None:
    """Fit, print found beside published, and write apparel.json."""
    flags = argparse.ArgumentParser(prog="python -m experiments.benchmarks.apparel", description=__doc__)
    flags.add_argument("--to", type=Path, default=HERE, help="folder of the result (by default this one)")
    told = flags.parse_args()
    if FOLDER not in os.environ:
        flags.error(f"set {FOLDER} to the folder of apparelTrans.parquet and apparelStaticCov.parquet")
    found = run(Path(os.environ[FOLDER]))
    for case in found["cases"]:
        Console().print(_table(case))
    write(told.to / "apparel.json", found, peers=())
    sys.exit(0 if found["kept"] else 1)


def _table(case: Row) -> Table:
    made = Table("", title=f"{case['case']}: found beside published", title_justify="left")
    for name in ("found", "published", "may differ by", "kept"):
        made.add_column(name, justify="right")
    for row in case["rows"]:
        within = "" if row["within"] is None else f"{row['within']:.2g}"
        told = "yes" if row["kept"] else "NO"
        made.add_row(row["what"], f"{row['found']:.10g}", f"{row['published']:.10g}", within, told)
    return made


if __name__ == "__main__":
    main()
