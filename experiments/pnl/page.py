"""The page of a statement: the company, its segments, the whale curve, and acquisition against retention."""

from typing import Any

from experiments.pages.blocks import Facts, Picture, Points, Section, Table, Text
from experiments.pages.numbers import NOTHING, count, percent
from experiments.pages.picture import picture
from experiments.pnl.economics import TITLES as ECONOMICS
from experiments.pnl.plots import plots
from experiments.pnl.report import Report
from experiments.template import page
from features.ledger.lines import TITLES

CAPTIONS = {
    "whale": "It rises while customers make a profit; what it falls back by is what the last customers lose.",
    "payback": "Where a line crosses zero, what winning these customers cost has come back.",
}
SHOWN = ("net_revenue", "contribution_1", "contribution_2", "contribution_3", "profit")
"""Lines of the table of segments; its file has all."""


def statement_page(report: Report) -> str:
    """Make the page; it needs no other file, and names no customer."""
    made = report.made
    sections = [_summary(report), _statement(report), _whale(report), _segments(report), _economics(report)]
    return page(
        "pnl.html",
        title=f"Profit and loss of customers: {made.dataset}",
        what="Statement",
        note=f"{made.period.since:%Y-%m-%d} to {made.period.until:%Y-%m-%d}, costs of {made.sheet.title!r}",
        sections=sections,
    )


def _summary(report: Report) -> Section:
    whale, company = report.whale, report.made.company
    facts = {
        "Customers": f"{count(whale.customers)}, {count(whale.losing)} of them ({percent(whale.losing_share)}) lose "
        f"money: {report.shown(whale.lost)} together",
        "Net revenue": report.shown(company["net_revenue"]),
        "Contribution 3": report.shown(company["contribution_3"]),
        "Profit": report.shown(company["profit"]),
        "Profit without what they lose": report.without_losing_said,
        "Currency": report.made.sheet.currency or NOTHING,
    }
    notes = [Points(report.notes)] if report.notes else []
    return Section("Summary", [Facts(facts), *notes])


def _statement(report: Report) -> Section:
    lines = report.made.reconciliation()
    net = report.made.company["net_revenue"]
    rows = [
        [TITLES[str(line)], *(report.shown(each) for each in row), percent(row[2] / net) if net else NOTHING]
        for line, row in zip(lines.index, lines.to_numpy().tolist(), strict=True)
    ]
    header = ["line", "customers", "not attributed", "company", "difference", "of net revenue"]
    text = Text("Costs are below zero. Customers and what nobody caused add up to the company, to the last place.")
    return Section(
        "Statement", [text, Table("The company, and whether it reconciles", header, rows, strong=TITLES["profit"])]
    )


def _whale(report: Report) -> Section:
    drawn = plots(report.made, report.cohorts)
    pictures = [picture(name, figure) for name, figure in drawn.items()]
    told = [Picture(each.uri, each.alt, CAPTIONS[name]) for name, each in zip(drawn, pictures, strict=True)]
    return Section("Curves", told)


def _segments(report: Report) -> Section:
    header = ["segment", "customers", "lose money", *(TITLES[each] for each in SHOWN), "profit a customer"]
    rows = []
    for name, row in report.segments.to_dict("index").items():
        of_all = int(row["customers"])
        money = [report.shown(int(row[each])) for each in SHOWN]
        each = report.shown(round(row["profit"] / of_all)) if of_all else NOTHING
        lose = percent(row["losing"] / of_all) if of_all else NOTHING
        rows.append([str(name), count(of_all), lose, *money, each])
    return Section("Segments", [Table(f"By {report.by}, the most profitable first", header, rows, strong="(total)")])


def _economics(report: Report) -> Section:
    said = report.made.sheet.economics
    text = Text(
        f"Money is that of one customer. LTV is what an acquired customer brings within {said.horizon_months} months, "
        f"or those that are known, discounted at {percent(float(said.discount))} a year. Retention is the share of "
        f"those who buy within {said.period_months} months that buy in the next {said.period_months}; what is still to "
        "come is their contribution times the margin multiple r / (1 + d − r), after Gupta & Lehmann (2003). A dash "
        "says that it cannot be told: the cost to acquire where the sheet tells of no spending on the segment's "
        "channels, a payback where what is known does not suffice, a point of retention where there is none left to "
        "gain. What was spent on a channel that brought nobody is nobody's, and in no cost to acquire. Beside "
        "retention stands of how many it is (customers, and periods that they bought in): of a few it says little."
    )
    rows = [[_cell(name, each[name]) for name in ECONOMICS] for each in report.economics]
    return Section("Acquisition and retention", [text, Table(f"By {report.by}", list(ECONOMICS.values()), rows)])


def _cell(name: str, value: Any) -> str:
    if value is None:
        return NOTHING
    if isinstance(value, str):
        return value
    if name.endswith("retention"):
        return percent(value)
    return count(value) if isinstance(value, int) else f"{value:,.2f}"
