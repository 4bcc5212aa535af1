"""What is seen of a customer at a cutoff: the rows of the past, or those of the horizon."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, Protocol, TypeVar

from tests.features.oracle.rows import Change, Customer, Event, Line, Record, Renewal, Touch, Turn


class Timed(Protocol):
    @property
    def time(self) -> datetime: ...

    @property
    def known(self) -> datetime: ...


T = TypeVar("T", bound=Timed)
Kept = Callable[[Any], bool]


@dataclass
class Seen:
    """Rows of one customer at one cutoff; what several loops need is kept."""

    cutoff: datetime
    lines: Sequence[Line]
    events: Sequence[Event]
    touches: Sequence[Touch]
    changes: Sequence[Change]
    renewals: Sequence[Renewal]
    turns: Sequence[Turn]
    person: Record
    parts: dict[tuple[str, Any], "Seen"] = field(default_factory=dict)

    @cached_property
    def purchases(self) -> list[Line]:
        return [line for line in self.lines if not line.is_return]

    @cached_property
    def returns(self) -> list[Line]:
        return [line for line in self.lines if line.is_return]

    @cached_property
    def by_day(self) -> dict[date, list[Line]]:
        """The purchases of each purchase day, the first day first."""
        days: dict[date, list[Line]] = {}
        for line in self.purchases:
            days.setdefault(line.time.date(), []).append(line)
        return dict(sorted(days.items()))

    @cached_property
    def days(self) -> list[date]:
        return list(self.by_day)

    @cached_property
    def gaps(self) -> list[int]:
        return [(self.days[place] - self.days[place - 1]).days for place in range(1, len(self.days))]

    @cached_property
    def ages(self) -> list[int]:
        return [(self.cutoff.date() - day).days for day in self.days]

    @cached_property
    def spend(self) -> float:
        return math.fsum([line.amount for line in self.purchases])

    @cached_property
    def items(self) -> float:
        return math.fsum([line.quantity for line in self.purchases if line.quantity is not None])

    @cached_property
    def spend_by_day(self) -> list[float]:
        return [math.fsum([line.amount for line in lines]) for lines in self.by_day.values()]

    def age(self, row: Timed) -> int:
        return (self.cutoff.date() - row.time.date()).days

    def within(self, days: int) -> "Seen":
        """Keep the last `days` days."""
        first = self.cutoff - timedelta(days=days)
        return self._part(("within", days), lambda row: bool(row.time >= first))

    def before(self, days: int) -> "Seen":
        """Keep what is older than `days` days."""
        end = self.cutoff - timedelta(days=days)
        return self._part(("before", days), lambda row: bool(row.time < end))

    def of(self, category: str) -> "Seen":
        """Keep the lines of a category."""
        return self.parts.setdefault(("of", category), _lines_of(self, category))

    def offered(self, campaign: str) -> "Seen":
        """Keep the events of a campaign."""
        return replace(_lines_of(self, ""), events=[event for event in self.events if event.campaign == campaign])

    def _part(self, name: tuple[str, int], kept: Kept) -> "Seen":
        if name not in self.parts:
            self.parts[name] = _kept(self, kept, self.cutoff)
        return self.parts[name]


def _lines_of(seen: Seen, category: str) -> Seen:
    lines = [line for line in seen.lines if line.category == category]
    return Seen(seen.cutoff, lines, events=[], touches=[], changes=[], renewals=[], turns=[], person=seen.person)


def _kept(rows: Seen | Customer, kept: Kept, cutoff: datetime) -> Seen:
    def of(rows: Sequence[T]) -> list[T]:
        return [row for row in rows if kept(row)]

    return Seen(
        cutoff=cutoff,
        lines=of(rows.lines),
        events=of(rows.events),
        touches=of(rows.touches),
        changes=of(rows.changes),
        renewals=of(rows.renewals),
        turns=of(rows.turns),
        person=rows.person,
    )


def past(customer: Customer, cutoff: datetime) -> Seen:
    """What had happened, and was known, before the cutoff."""
    return _kept(customer, lambda row: row.time < cutoff and row.known < cutoff, cutoff)


def horizon(customer: Customer, cutoff: datetime, days: int, *, lead: int = 0) -> Seen:
    """What happens from so many days after the cutoff on, for so many days, whenever it becomes known."""
    first = cutoff + timedelta(days=lead)
    end = first + timedelta(days=days)
    return _kept(customer, lambda row: first <= row.time < end, first)
