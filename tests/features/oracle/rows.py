"""What the loops go over: a customer's rows as plain Python, read off the tables as they were handed in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import pandas as pd

Record = dict[str, Any]
FOREVER = pd.Timestamp("2200-01-01").to_pydatetime()


class Line(NamedTuple):
    time: datetime
    known: datetime
    amount: float
    is_return: bool
    order: str | None
    product: str | None
    category: str | None
    channel: str | None
    store: str | None
    quantity: float | None
    discount: float | None
    coupon: float | None
    cost: float | None
    private_label: bool | None


class Event(NamedTuple):
    time: datetime
    known: datetime
    kind: str
    campaign: str | None


class Touch(NamedTuple):
    time: datetime
    known: datetime
    treatment: bool
    cost: float | None


class Change(NamedTuple):
    """A contract that starts or ends."""

    time: datetime
    known: datetime
    kind: str
    plan: str
    price: float | None
    term_days: int | None


class Renewal(NamedTuple):
    time: datetime
    known: datetime


class Turn(NamedTuple):
    """A membership that starts or lapses."""

    time: datetime
    known: datetime
    kind: str


@dataclass
class Customer:
    """All rows of a customer, whenever they are."""

    lines: list[Line] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    touches: list[Touch] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    renewals: list[Renewal] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    person: Record = field(default_factory=dict)


def customers(tables: Mapping[str, pd.DataFrame], *, end: pd.Timestamp, grace_days: int = 0) -> dict[str, Customer]:
    """Read the tables once; `end` is where the history ends."""
    every: dict[str, Customer] = {}
    contracts: dict[str, list[Record]] = {}

    def of(record: Record) -> Customer:
        return every.setdefault(record["customer_id"], Customer())

    for record in _records(tables, "transactions"):
        of(record).lines.append(_line(record))
    for record in _records(tables, "events"):
        of(record).events.append(Event(*_times(record), record["kind"], record.get("campaign")))
    for record in _records(tables, "touches"):
        of(record).touches.append(Touch(*_times(record), record.get("treatment") is not False, record.get("cost")))
    for record in _records(tables, "subscriptions"):
        of(record).changes += _changes(record)
        of(record).renewals += _renewals(record, end.to_pydatetime())
        contracts.setdefault(record["customer_id"], []).append(record)
    for customer_id, own in contracts.items():
        every[customer_id].turns += _turns(own, end.to_pydatetime(), timedelta(days=grace_days))
    for record in _records(tables, "customers"):
        of(record).person = record
    return every


def _records(tables: Mapping[str, pd.DataFrame], name: str) -> list[Record]:
    """Give rows with None where there is nothing, and times as Python has them."""
    table = tables.get(name, pd.DataFrame())
    columns = {str(column): [_plain(value) for value in table[column].tolist()] for column in table}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _plain(value: Any) -> Any:
    if value is None or value is pd.NaT or value != value:
        return None
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime()
    return float(value) if isinstance(value, Decimal) else value


def _times(record: Record) -> tuple[datetime, datetime]:
    return record["time"], record.get("known_time") or record["time"]


def _line(record: Record) -> Line:
    return Line(
        *_times(record),
        amount=float(record["amount"]),
        is_return=record.get("is_return") is True,
        order=record.get("order_id"),
        product=record.get("product_id"),
        category=record.get("category"),
        channel=record.get("channel"),
        store=record.get("store_id"),
        quantity=record.get("quantity"),
        discount=record.get("discount"),
        coupon=record.get("coupon"),
        cost=record.get("cost"),
        private_label=record.get("private_label"),
    )


def _changes(record: Record) -> list[Change]:
    about = record["plan"], record.get("price"), record.get("term_days")
    changes = [Change(record["start"], record.get("known_time") or record["start"], "start", *about)]
    if record["end"] is not None:
        changes.append(Change(record["end"], record.get("known_time") or record["end"], "end", *about))
    return changes


def _renewals(record: Record, end: datetime) -> list[Renewal]:
    """Go from term to term while the contract runs, as far as the history reaches."""
    term = record.get("term_days")
    if not term:
        return []
    found, time = [], record["start"] + timedelta(days=term)
    while time <= min(record["end"] or end, end):
        found.append(Renewal(time, record.get("known_time") or time))
        time += timedelta(days=term)
    return found


def _turns(contracts: list[Record], end: datetime, grace: timedelta) -> list[Turn]:
    """Make one of any two contracts that touch, grace included, until none do; what is left are the memberships."""
    spans = [_span(each, end, grace) for each in contracts]
    spans = [span for span in spans if span[0] < end]
    while (near := _touching(spans)) is not None:
        other = spans.pop(near[1])
        one = spans[near[0]]
        spans[near[0]] = min(one[0], other[0]), max(one[1], other[1])
    starts = [Turn(start, start, "start") for start, _ in spans]
    return starts + [Turn(over, over, "lapse") for _, over in spans if over < end]


def _touching(spans: list[tuple[datetime, datetime]]) -> tuple[int, int] | None:
    """Find two spans, the earlier place first, neither of which is over before the other starts."""
    for place, one in enumerate(spans):
        for beyond, other in enumerate(spans[place + 1 :], place + 1):
            if one[0] <= other[1] and other[0] <= one[1]:
                return place, beyond
    return None


def _span(contract: Record, end: datetime, grace: timedelta) -> tuple[datetime, datetime]:
    """Say from when on a contract is known to run, and when its grace is over; one that runs on never is."""
    start = max(contract["start"], contract.get("known_time") or contract["start"])
    over = contract["end"]
    return start, max(start, over + grace) if over is not None and over < end else FOREVER
