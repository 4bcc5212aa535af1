"""Times that stand for none, lie in the future, or contradict each other."""

from collections.abc import Iterator
from typing import Final

from features.usability.checks import row_check, whole_check
from features.usability.evidence import Evidence
from features.usability.fault import Fault
from features.usability.sheet import Sheet

HAPPENED: Final = ("time", "start")
"""Columns of what has happened; the end of a subscription, or when a row was known, may lie later."""


@row_check
def placeholder_time(sheet: Sheet) -> Iterator[Fault]:
    """Days that stand for none."""
    for column in sheet.of_type("TIMESTAMP"):
        what, condition = "is a day that stands for none", sheet.no_time(column)
        if sheet.expected[column].required:
            advice = "find the true time, or drop these rows: they make customers decades old, or never end"
            yield Fault("error", sheet.name, column, what, advice, condition)
        else:
            yield Fault("warning", sheet.name, column, what, "make it null where there is no such time", condition)


@row_check
def future_time(sheet: Sheet) -> Iterator[Fault]:
    """Times after now, which was given: what has not happened yet."""
    if sheet.now is not None:
        for column in _happened(sheet):
            condition = f"{sheet.value(column)} > TIMESTAMP '{sheet.now}' AND NOT {sheet.no_time(column)}"
            advice = "look for a wrong time zone, a swapped day and month, or planned orders; mend or drop these rows"
            yield Fault("error", sheet.name, column, f"lies after {sheet.now}", advice, condition)


@row_check
def time_after_end(sheet: Sheet) -> Iterator[Fault]:
    """Times at or after the end that was given: nothing looks at these rows."""
    if sheet.end is not None:
        for column in _happened(sheet):
            condition = f"{sheet.value(column)} >= TIMESTAMP '{sheet.end}' AND NOT {sheet.no_time(column)}"
            if sheet.now is not None:
                condition += f" AND {sheet.value(column)} <= TIMESTAMP '{sheet.now}'"
            what = f"lies at or after the end, {sheet.end}"
            advice = "set the end later if these days are complete; else nothing looks at these rows"
            yield Fault("warning", sheet.name, column, what, advice, condition)


@row_check
def end_before_start(sheet: Sheet) -> Iterator[Fault]:
    """Subscriptions that end before they start."""
    if sheet.has("start", "end"):
        condition = f"{sheet.value('end')} < {sheet.value('start')}"
        advice = "swap or mend the two; a subscription that runs on has an empty end"
        yield Fault("error", sheet.name, "end", "lies before start", advice, condition, rejectable=True)


@row_check
def known_before_time(sheet: Sheet) -> Iterator[Fault]:
    """Rows that were known before what they tell has happened."""
    if sheet.has("time", "known_time"):
        condition = (
            f"{sheet.value('known_time')} < {sheet.value('time')} AND NOT {sheet.no_time('time')} "
            f"AND NOT {sheet.no_time('known_time')}"
        )
        advice = "look for two time zones or swapped columns; leave known_time empty where it is not known"
        yield Fault("warning", sheet.name, "known_time", "lies before time", advice, condition)


@whole_check
def only_midnights(evidence: Evidence) -> Iterator[Fault]:
    """Times that are all at midnight: they are days."""
    for table in ("transactions", "events"):
        if table in evidence.sheets and evidence.sheets[table].has("time"):
            time = evidence.column(table, "time")
            if time.filled > time.unfit and not time.clocked:
                advice = "nothing to do: features count days; only a cutoff within a day would see no difference"
                yield Fault("note", table, "time", "is always midnight", advice)


def _happened(sheet: Sheet) -> Iterator[str]:
    return (column for column in sheet.of_type("TIMESTAMP") if column in HAPPENED)
