"""The files of a statement: Parquet and CSV of the same tables, what is told as JSON, and a page."""

import json
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from configs.whole import whole_folder
from experiments.pnl.page import statement_page
from experiments.pnl.report import Report
from features.ledger.lines import TITLES
from features.ledger.money import exact

TOLD: Final = "pnl.json"
"""The file by which a folder is known to be a statement's."""


def check_place(folder: Path) -> None:
    """Raise `ValueError` unless a statement may be written there: a new folder, or that of an older statement."""
    others = folder.is_dir() and any(folder.iterdir()) and not (folder / TOLD).is_file()
    if others or (folder.exists() and not folder.is_dir()):
        raise ValueError(f"{folder} is there and holds no statement, which would take its place: name a new folder")


def write(report: Report, folder: Path) -> None:
    """Write all files into a folder, or none: customers, segments, statement, economics, pnl.json and pnl.html.

    Takes the place of an older statement, and of nothing else (`check_place`).
    """
    check_place(folder)
    with whole_folder(folder) as draft:
        for name, table in _tables(report).items():
            pyarrow.parquet.write_table(table, draft / f"{name}.parquet")
            pyarrow.csv.write_csv(table, draft / f"{name}.csv")
        (draft / TOLD).write_text(json.dumps(report.plain(), indent=1) + "\n", encoding="utf-8")
        (draft / "pnl.html").write_text(statement_page(report), encoding="utf-8")


def _tables(report: Report) -> dict[str, pa.Table]:
    made, decimals = report.made, report.made.sheet.decimals
    told = made.reconciliation()
    return {
        "customers": exact(made.customers, TITLES, decimals=decimals),
        "segments": exact(report.segments, TITLES, decimals=decimals),
        "statement": exact(told, told.columns, decimals=decimals),
        "economics": pa.Table.from_pylist(list(report.economics)),
    }
