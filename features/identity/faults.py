"""What makes rows of the table `identities` unusable: two words on one id at an instant, and circles."""

from collections.abc import Iterator, Mapping
from typing import Final

import pandas as pd

from features.finding import Finding
from features.tables import HistoryError

_SHOWN: Final = 5
"""So many are named in a message."""


def refuse_repeated(rows: pd.DataFrame, names: pd.Index) -> None:
    """Raise `HistoryError` where an id has several rows at one instant."""
    keys = ["who", "time"]
    repeated = rows[rows.duplicated(keys)].drop_duplicates(keys).sort_values(keys)
    if len(repeated):
        named = [f"{names[who]!r} at {time}" for who, time in zip(repeated["who"], repeated["time"], strict=True)]
        _refuse("time", "says more than once at an instant into whom an id is merged", named, "keep one row of each")


def refuse_circles(steps: pd.DataFrame, names: pd.Index) -> None:
    """Raise `HistoryError` where ids are merged in a circle at any time. `steps` are those that could be in one."""
    found = list(_circles(steps, names))
    if found:
        advice = "drop a merge of each circle, or part the ids before: a row whose `into` is the id itself"
        _refuse("into", "leads back to where it comes from", found, advice)


def _refuse(column: str, what: str, named: list[str], advice: str) -> None:
    more = f" and {len(named) - _SHOWN} more" if len(named) > _SHOWN else ""
    example = ", ".join(named[:_SHOWN]) + more
    told = Finding("identity", "error", "identities", column, len(named), what, example, advice)
    raise HistoryError(f"{told.place} {what}: {example}; {advice}", [told])


def _circles(steps: pd.DataFrame, names: pd.Index) -> Iterator[str]:
    """Name the first circle of each group, and when it is closed."""
    into: dict[int, int] = {}
    for _, group in steps.groupby("group"):
        for seen, taken in group.groupby("seen"):
            into.update(zip(taken["who"], taken["into"], strict=True))
            circle = next(filter(None, (_circle(into, who) for who in taken["who"])), None)
            if circle is not None:
                yield f"{' → '.join(repr(names[who]) for who in circle)} at {seen}"
                break


def _circle(into: Mapping[int, int], who: int) -> list[int] | None:
    """Follow an id; gives the circle that it runs into, from its least id back to it."""
    path: dict[int, int] = {}
    while who not in path:
        path[who] = len(path)
        who = into.get(who, who)
    inside = list(path)[path[who] :]
    least = inside.index(min(inside))
    return [*inside[least:], *inside[:least], inside[least]] if len(inside) > 1 else None
