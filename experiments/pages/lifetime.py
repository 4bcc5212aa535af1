"""Lifetime value: whether purchases come as expected, who brings it, and how sure it is."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from experiments.pages.blocks import Block, Facts, Points, Section, Table, Text
from experiments.pages.measured import Pictures
from experiments.pages.numbers import count, decimal, percent

Record = Mapping[str, Any]

TITLE: Final = "Lifetime value"
YEAR: Final = 12
VALUES: Final = {"value": "mean value", "expected_value": "expected"}


def lifetime(record: Record, pictures: Pictures) -> Section | None:
    """Say how purchases and value came against what was expected; None of a model without a process of purchases."""
    told = record.get("lifetime")
    if not told:
        return None
    shown = (
        Text(_process(told)),
        Text(_band(told["total"])),
        _totals(told["total"]),
        _before_and_after(told),
        _frequencies(told["frequencies"]),
        pictures.get("tracking"),
        pictures.get("frequencies"),
        Facts(dict(_distribution(told["distribution"]))),
        pictures.get("distribution"),
        pictures.get("alive"),
        _spread(told["spread"]),
        Points([f"{name} is left out: {why}" for name, why in told["spread"]["left_out"].items()]),
        pictures.get("spread"),
    )
    blocks: list[Block] = [each for each in shown if each is not None and each != Points([])]
    return Section(TITLE, blocks)


def _process(told: Record) -> str:
    alive = told["alive"]
    note = f"{told['note']} " if told["note"] else ""
    return (
        f"{note}Customers are taken to buy by {told['process']}. Who bought once, {alive['tenure_weeks']:.1f} weeks "
        f"ago, may still buy with a probability of {percent(alive['once'])}. Plots are of {told['part']}, where the "
        f"longest history is one of {count(told['history_days'])} days."
    )


def _band(total: Record) -> str:
    if total["low"] is None:
        return (
            f"How far the total may be off is not known: {len(total['closed'])} past periods have closed that do not "
            f"overlap, and a band takes {total['fewest']}."
        )
    return (
        f"Nine times in ten a next total lies between {decimal(total['low'])} and {decimal(total['high'])} times the "
        "sum of the scores, if it is off as those of the past were. The intervals of customers say nothing of it: what "
        "moves all of them at once does not even out."
    )


def _totals(total: Record) -> Table | None:
    if not total["closed"]:
        return None
    rows = [
        [row["cutoff"], decimal(row["expected"]), decimal(row["actual"]), decimal(row["ratio"])]
        for row in total["closed"]
    ]
    header = ["cutoff", "expected", "actual", "actual / expected"]
    return Table("Totals of past periods that do not overlap", header, rows)


def _before_and_after(told: Record) -> Table | None:
    if not told["tracking"]:
        return None
    rows = [
        [
            "up to the cutoff" if half["seen"] else "after it",
            count(half["weeks"]),
            *(decimal(half[name]) for name in ("actual", "expected", "ratio")),
        ]
        for half in told["tracked"]
    ]
    header = ["when", "weeks", "repeat purchase days", "expected", "actual / expected"]
    return Table(f"Repeat purchases of customers of {told['part']}, from their first purchase on", header, rows)


def _frequencies(rows: list[Record]) -> Table:
    valued = any(row["value"] is not None for row in rows)
    header = ["repeat purchase days before", "customers", "mean purchase days", "expected"]
    names = ["purchases", "expected_purchases", *(VALUES if valued else ())]
    lines = [[row["frequency"], count(row["customers"]), *(decimal(row[name]) for name in names)] for row in rows]
    caption = "What came within the horizon by how often customers had bought, all parts together"
    return Table(caption, [*header, *(VALUES.values() if valued else ())], lines)


def _distribution(told: Record) -> Iterator[tuple[str, str]]:
    yield "customers", count(told["customers"])
    yield "sum of the scores", decimal(told["total"])
    yield "mean", decimal(told["mean"])
    yield "median", decimal(told["quantiles"]["0.5"])
    yield "nine in ten are below", decimal(told["quantiles"]["0.9"])
    for share, held in told["held"].items():
        yield f"the highest {percent(float(share)).replace('.0 ', ' ')} hold", percent(held)


def _spread(told: Record) -> Table | None:
    so_far = told["so_far"]
    if not so_far:
        return None
    rows = []
    for place, month in enumerate(told["months"]):
        if month % YEAR == 0:
            parted = [percent(told["spread"][place])] if told["spread"] else []
            rows.append([count(month), *(decimal(months[place]) for months in so_far.values()), *parted])
    header = ["months", *so_far, *(["greatest less least, of their mean"] if told["spread"] else [])]
    unit = "purchase days" if told["unit"] == "purchase days" else "value, in the data's currency"
    caption = f"What today's customers are yet to bring, by processes fitted to the same histories: {unit}"
    return Table(caption, header, rows)
