"""What `augury pnl` does."""

import json
from collections.abc import Sequence
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table

from configs.costs import read_costs
from experiments.instant import instant
from experiments.pages.numbers import percent
from experiments.pnl.report import Report, report
from experiments.pnl.write import check_place, write
from experiments.progress import steps
from features.datasets import load
from features.ledger.lines import STATEMENT, TITLES


def pnl(dataset: str, *, costs: str, since: str | None, until: str | None, by: str, to: Path, as_json: bool) -> None:
    """Make the statement of a dataset by a cost sheet, write its files and print it."""
    check_place(to)
    sheet = read_costs(costs)
    with steps(f"pnl {Path(dataset).stem}", 3) as step:
        step(f"load {dataset}")
        history = load(dataset)
        step("add up")
        period = {
            name: None if said is None else instant(said, zone=history.zone)
            for name, said in (("since", since), ("until", until))
        }
        made = report(history, sheet, by=by, **period)
        step("write")
        write(made, to)
    if as_json:
        print(json.dumps(made.plain(), indent=1))
        return
    show(made, Console())
    Console().print(f"files: {to}", soft_wrap=True, highlight=False)


def show(made: Report, console: Console) -> None:
    """Print the company's statement, what customers lose, the segments and what a reader should know."""
    _print_whole(console, _statement(made))
    whale = made.whale
    console.print(
        f"{whale.losing:,} of {whale.customers:,} customers ({percent(whale.losing_share)}) lose money, "
        f"{made.shown(-whale.lost)} together; without what they lose profit would be "
        f"{made.without_losing_said}",
        highlight=False,
    )
    _print_whole(console, _segments(made))
    for note in made.notes:
        console.print(f"note: {note}", style="yellow", highlight=False, markup=False)


def _statement(made: Report) -> Table:
    statement = made.made
    title = f"{statement.dataset}, {statement.period.since:%Y-%m-%d} to {statement.period.until:%Y-%m-%d}"
    told = _table(title, "", ("customers", "not attributed", "company", "share"))
    net = statement.company["net_revenue"]
    for line, row in statement.reconciliation().to_dict("index").items():
        money = [made.shown(row[each]) for each in ("customers", "not_attributed", "company")]
        share = percent(row["company"] / net) if net else ""
        told.add_row(_short(str(line)), *money, share, style="bold" if line in STATEMENT else "")
    return told


def _segments(made: Report) -> Table:
    names = ("net_revenue", "contribution_3", "profit")
    told = _table(f"by {made.by}", "segment", ("customers", "losing", *map(_short, names)))
    for segment, row in made.segments.to_dict("index").items():
        money = [made.shown(int(row[each])) for each in names]
        told.add_row(escape(str(segment)), f"{row['customers']:,}", f"{row['losing']:,}", *money)
    return told


def _table(title: str, first: str, numbers: Sequence[str]) -> Table:
    told = Table(title=escape(title), title_justify="left", box=SIMPLE_HEAD)
    told.add_column(first, no_wrap=True)
    for name in numbers:
        told.add_column(name, justify="right")
    return told


def _print_whole(console: Console, table: Table) -> None:
    """Print a table as wide as its numbers are: a terminal that is narrower breaks lines, and cuts nothing off."""
    before = console.width
    console.width = max(before, Measurement.get(console, console.options.update(max_width=10_000), table).maximum)
    console.print(table, no_wrap=True, crop=False)
    console.width = before


def _short(line: str) -> str:
    return TITLES[line].partition(" (")[0]
