"""`augury features check`: whether a dataset, or that of a study, can be used, told before anything is computed."""

import json
import re
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pandas as pd
from rich.console import Console
from rich.table import Table

from configs.dataset import dataset_names
from configs.study import Study, read_study
from configs.whole import whole_file
from experiments.frames import is_study
from experiments.template import page
from features.datasets import load
from features.datasets.own import own_data
from features.history import undated
from features.usability import Question, Report, examine
from features.usability.question import Kind
from features.usability.report import WORST_FIRST, TableProfile

FINE: Final = 0
WARNED: Final = 10
BROKEN: Final = 40
USUAL: Final = (
    Question("who buys nothing within 28 days", 28, "binary", active_days=91),
    Question("who buys nothing within 91 days", 91, "binary"),
    Question("spend of the next 182 days", 182, "amount"),
    Question("which new category is bought within 28 days", 28, "pairs", active_days=182),
    Question("what a campaign changes within 28 days", 28, "uplift"),
)
"""What is asked of purchases without a study."""
OF_CONTRACTS: Final = (
    Question("whose contracts are over within 28 days", 28, "lapsed"),
    Question("whose contracts are over within 91 days", 91, "lapsed"),
)
"""What is asked of contracts without a study."""

_COLOURS: Final = {
    "error": "red",
    "warning": "yellow",
    "note": "default",
    "no": "red",
    "thin": "yellow",
    "yes": "green",
}
_KINDS: Final[dict[str, Kind]] = {
    "churned": "binary",
    "orders": "count",
    "future_spend": "amount",
    "future_margin": "amount",
    "future_contribution": "amount",
    "bought_category": "pairs",
}
_ENDS: Final[dict[tuple[str, str], Kind]] = {
    ("subscribers", "subscription_ended"): "ended",
    ("subscribers", "lapsed"): "lapsed",
    ("members", "lapsed"): "lapsed",
}
"""Populations and targets of contracts that are counted."""


def check(dataset_or_study: str, *, as_json: bool, html: Path | None) -> int:
    """Examine the tables of a dataset, or of a study's, and print what was found; gives the exit code.

    0 fine, 10 warnings or a study's question that the tables do not suffice for, 40 errors. `html` is a page to write.
    """
    report = examined(dataset_or_study, now=pd.Timestamp(datetime.now(UTC)))
    if as_json:
        print(json.dumps(report.plain(), indent=1))
    else:
        show(report, Console())
    if html is not None:
        write_page(report, html)
    return code(report, asked=is_study(dataset_or_study))


def examined(name: str, *, now: pd.Timestamp) -> Report:
    """Examine a dataset by its name or file, or a study's, and ask the study's question (else the usual ones).

    All of them are about what happens within a horizon: nothing is asked of customers without dates. The usual ones are
    about purchases and contracts, of what there is.
    The tables of a dataset file are examined as they lie, those of a dataset in Python as they were admitted.
    """
    study = read_study(name) if is_study(name) else None
    dataset = name if study is None else study.dataset
    if dataset in dataset_names() or dataset.endswith(".toml"):
        own = own_data(dataset)
        return examine(
            own.name,
            own.tables,
            formats=own.formats,
            zone=own.zone,
            end=own.end,
            now=now,
            policy=own.policy,
            tasks=_tasks(name, study, own.tables),
        )
    history = load(dataset)
    return examine(
        history.name,
        history.tables,
        zone=history.zone,
        end=history.end,
        now=now,
        tasks=_tasks(name, study, history.tables),
    )


def code(report: Report, *, asked: bool) -> int:
    """Give the exit code: notes and thin data are fine, and so is a question that nobody `asked`."""
    if not report.ok:
        return BROKEN
    insufficient = asked and any(task.verdict == "no" for task in report.tasks)
    return WARNED if insufficient or report.of("warning") else FINE


def show(report: Report, console: Console) -> None:
    """Print a report for people: the worst first."""
    console.print(report.summary(), style="bold")
    for severity in WORST_FIRST:
        for finding in report.of(severity):
            colour = _COLOURS[severity]
            console.print(f"[{colour}]{severity}[/] {finding.check}", highlight=False)
            console.print(f"  {finding.line()}", markup=False, highlight=False)
    for table in report.tables:
        console.print(_table(table))
    for task in report.tasks:
        console.print(f"[{_COLOURS[task.verdict]}]{task.verdict}[/] {task.question}", highlight=False)
        console.print(f"  {'; '.join(task.reasons)}", markup=False, highlight=False)


def write_page(report: Report, path: Path) -> None:
    """Write the report as one page that needs no other, whole or not at all."""
    made = page("usability.html", report=report, severities=WORST_FIRST)
    with whole_file(path) as draft:
        draft.write_text(made, encoding="utf-8")


def _table(profile: TableProfile) -> Table:
    title = f"{profile.name}: {profile.rows:,} rows"
    made = Table("column", "type", "null", "distinct", "least", "greatest", title=title, title_justify="left")
    for column in profile.columns:
        values = (_short(column.least), _short(column.greatest))
        made.add_row(column.name, column.type, f"{column.nulls:.1%}", f"{column.distinct:,}", *values)
    return made


def _short(value: str | None) -> str:
    return "–" if value is None else value if len(value) <= 30 else value[:29] + "…"


def _tasks(name: str, study: Study | None, tables: Collection[str]) -> tuple[Question, ...]:
    if undated(tables):
        return ()
    if study is not None:
        return tuple(_asked(Path(name).stem, study))
    of_purchases = USUAL if "transactions" in tables else ()
    return (*of_purchases, *(OF_CONTRACTS if "subscriptions" in tables else ()))


def _asked(name: str, study: Study) -> Iterator[Question]:
    """Turn a study's question into plain words; one without a target asks nothing of the future."""
    if study.target is None or study.horizon_days is None:
        return
    window = re.search(r"^(active|new_category)_(\d+)d$", study.population)
    purchases = window is not None or study.population == "known"
    kind: Kind = _KINDS.get(study.target, "other") if purchases else "other"
    if study.population == "touched" and study.target in _KINDS:
        kind = "uplift"
    kind = _ENDS.get((study.population, study.target), kind)
    yield Question(name, study.horizon_days, kind, active_days=int(window[2]) if window else None)
