"""Days that are missing from a feed, or came in part only."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

from features.usability.checks import whole_check
from features.usability.evidence import Evidence
from features.usability.fault import Fault
from features.usability.volume import Run, Volume, ending, falls, gaps, volume

FEEDS: Final = ("transactions", "events")
CLOSED: Final = ((12, 25), (1, 1))
"""Christmas Day and New Year's Day: a single one without rows is told as a note."""


@whole_check
def missing_days(evidence: Evidence) -> Iterator[Fault]:
    """Days without a row where nearly every such day has rows."""
    for table, usual in _volumes(evidence):
        found = gaps(usual)
        closed = [run for run in found if run.days == 1 and (run.first.month, run.first.day) in CLOSED]
        lost = [run for run in found if run not in closed]
        if lost:
            what, advice = f"has no rows on {_days(lost)}", "load these days again, or make sure that nothing was sold"
            yield Fault("warning", table, _time(evidence, table), what, advice, example=_named(lost))
        if closed:
            advice = "nothing to do if all was closed then"
            what = f"has no rows on {_days(closed)} that may be a holiday"
            yield Fault("note", table, _time(evidence, table), what, advice, example=_named(closed))


@whole_check
def volume_fall(evidence: Evidence) -> Iterator[Fault]:
    """Two days or more with less than a fifth of the rows that are usual on these weekdays."""
    for table, usual in _volumes(evidence):
        found = falls(usual)
        if found:
            what = f"has less than a fifth of the usual rows on {_days(found)}"
            advice = "look whether a shop, channel or file is missing on these days, and load it again"
            rows = sum(run.rows for run in found)
            yield Fault("warning", table, _time(evidence, table), what, advice, rows=rows, example=_named(found))


@whole_check
def incomplete_end(evidence: Evidence) -> Iterator[Fault]:
    """Last days with far fewer rows than usual: the feed was cut before they were complete."""
    for table, usual in _volumes(evidence):
        run = ending(usual)
        if run is not None:
            what = f"has too few rows on the last {_days([run])} before the end"
            advice = f"set the end to {run.first:%Y-%m-%d}, or load the rest"
            yield Fault("warning", table, _time(evidence, table), what, advice, rows=run.rows, example=run.line())


def _volumes(evidence: Evidence) -> Iterator[tuple[str, Volume]]:
    for table in FEEDS:
        if table in evidence.sheets and len(evidence.days(table).rows):
            yield table, evidence.once(("volume", table), partial(volume, evidence.days(table).rows))


def _time(evidence: Evidence, table: str) -> str:
    return evidence.sheets[table].time


def _days(runs: Sequence[Run]) -> str:
    days = sum(run.days for run in runs)
    return f"{days} day{'' if days == 1 else 's'}"


def _named(runs: Sequence[Run]) -> str:
    return ", ".join(run.line() for run in runs[:3]) + (" …" if len(runs) > 3 else "")
