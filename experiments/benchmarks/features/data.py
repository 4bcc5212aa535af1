"""Transactions of any size from a seed: Parquet pieces in the order of time, as a feed is, in bounded memory."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from configs.whole import whole_folder

START: Final = np.datetime64("2024-01-01T00:00:00", "s")
END: Final = np.datetime64("2026-01-01T00:00:00", "s")
"""Two years; END is the first instant without a line, and the last cutoff."""
SECONDS: Final = int((END - START).astype(np.int64))

FURTHER_LINES, DISCOUNTED, RETURNED, RETURN_SECONDS = 1.2, 0.15, 0.03, 30 * 86_400
"""As in the simulator: Poisson lines after an order's first, and shares of lines on discount and brought back."""
CATEGORIES, LOYAL, UNLABELLED = 30, 0.4, 0.01
"""Labels there are; share of lines of the customer's favourite; share of lines without a label."""
PIECE, GROUP = 1_000_000, 250_000
"""About so many rows a file, and at most so many a row group."""

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Size:
    """About how many lines, of exactly how many customers, from which seed."""

    rows: int
    customers: int
    seed: int = 0


def generate(size: Size, var: Path) -> Path:
    """Give the folder of Parquet pieces of that size under `var`, written now unless it is already there."""
    folder = var / f"{size.rows}-lines-{size.customers}-customers-{size.seed}"
    manifest = {**asdict(size), "code": hashlib.sha256(Path(__file__).read_bytes()).hexdigest()}
    told = folder / "_manifest.json"
    if told.is_file() and {**json.loads(told.read_text(encoding="utf-8")), "written": 0} == {**manifest, "written": 0}:
        return folder
    with whole_folder(folder) as draft:
        written = 0
        for number, piece in enumerate(pieces(size)):
            pq.write_table(piece, draft / f"part-{number:04d}.parquet", row_group_size=GROUP, store_schema=False)
            written += piece.num_rows
        (draft / "_manifest.json").write_text(json.dumps({**manifest, "written": written}, indent=1), encoding="utf-8")
    return folder


def pieces(size: Size) -> Iterator[pa.Table]:
    """Draw the lines, a stretch of time after the other."""
    rng = np.random.default_rng(size.seed)
    base = _Customers.draw(rng, size.customers)
    repeats = size.rows / (1 + FURTHER_LINES) / (1 + RETURNED) - size.customers
    if repeats < 0:
        raise ValueError(f"{size.rows} rows are too few for {size.customers} customers; give 3 a customer or more")
    edges = np.linspace(0, SECONDS, max(2, size.rows // PIECE) + 1).astype(np.int64)
    weights = base.upto[np.maximum(base.joined_before((edges[:-1] + edges[1:]) // 2), 1) - 1]
    order, pending = 0, _Lines.none()
    for since, until, mean in zip(edges[:-1], edges[1:], repeats * weights / weights.sum(), strict=True):
        who, when = _orders(rng, base, since=int(since), until=int(until), repeats=rng.poisson(mean))
        sold = _lines(rng, base, who, when, first_order=order)
        order += len(who)
        pending = pending.joined(_returns(rng, sold))
        came = pending.time < until
        lines = sold.joined(pending.taken(np.flatnonzero(came)))
        pending = pending.taken(np.flatnonzero(~came))
        yield _table(lines.taken(np.argsort(lines.time, kind="stable")))


@dataclass(frozen=True)
class _Customers:
    """Customers by the time of their first order; some buy much more often than others."""

    joined: Ints
    upto: Floats
    favourite: Ints
    web: Floats

    @classmethod
    def draw(cls, rng: np.random.Generator, count: int) -> "_Customers":
        joined = (SECONDS * ((np.arange(count) + 0.5) / count) ** 2).astype(np.int64)
        rate = rng.gamma(0.8, 1 / 0.8, count)
        return cls(joined, rate.cumsum(), _categories(rng, count), rng.beta(0.5, 0.5, count))

    def joined_before(self, time: Ints) -> Ints:
        return np.searchsorted(self.joined, time)


@dataclass(frozen=True)
class _Lines:
    """Columns of lines as numbers; `category` is −1 where there is none."""

    customer: Ints
    time: Ints
    order: Ints
    category: Ints
    amount: Ints
    quantity: Ints
    discount: Ints
    web: Ints
    is_return: Ints

    @classmethod
    def none(cls) -> "_Lines":
        return cls(*(np.empty(0, dtype=np.int64) for _ in range(9)))

    def taken(self, index: Ints) -> "_Lines":
        return _Lines(**{name: values[index] for name, values in vars(self).items()})

    def joined(self, other: "_Lines") -> "_Lines":
        return _Lines(**{name: np.concatenate([values, vars(other)[name]]) for name, values in vars(self).items()})


def _orders(rng: np.random.Generator, base: _Customers, *, since: int, until: int, repeats: int) -> tuple[Ints, Ints]:
    """Draw who orders when in [since, until): everybody's first order, and repeats by each one's rate since then."""
    begun, ended = base.joined_before(np.array([since, until]))
    who = np.searchsorted(base.upto, rng.random(repeats) * base.upto[ended - 1], side="right")
    begin = np.maximum(since, base.joined[who])
    when = begin + (rng.random(repeats) * (until - begin)).astype(np.int64)
    who, when = np.concatenate([np.arange(begun, ended), who]), np.concatenate([base.joined[begun:ended], when])
    by_time = np.argsort(when, kind="stable")
    return who[by_time], when[by_time]


def _lines(rng: np.random.Generator, base: _Customers, who: Ints, when: Ints, *, first_order: int) -> _Lines:
    order = np.repeat(np.arange(len(who)), 1 + rng.poisson(FURTHER_LINES, len(who)))
    customer, count = who[order], len(order)
    quantity = 1 + rng.poisson(0.3, count)
    gross = np.rint(np.exp(rng.normal(6.2, 0.8, count))).astype(np.int64).clip(50) * quantity
    percent = np.where(rng.random(count) < DISCOUNTED, rng.choice(np.array([10, 20, 30]), count), 0)
    category = np.where(rng.random(count) < LOYAL, base.favourite[customer], _categories(rng, count))
    return _Lines(
        customer=customer,
        time=when[order],
        order=first_order + order,
        category=np.where(rng.random(count) < UNLABELLED, -1, category),
        amount=gross - gross * percent // 100,
        quantity=quantity,
        discount=gross * percent // 100,
        web=(rng.random(len(who)) < base.web[who])[order].astype(np.int64),
        is_return=np.zeros(count, dtype=np.int64),
    )


def _categories(rng: np.random.Generator, count: int) -> Ints:
    share = (1 + np.arange(CATEGORIES)) ** -0.8
    return np.searchsorted(share.cumsum() / share.sum(), rng.random(count), side="right").clip(max=CATEGORIES - 1)


def _returns(rng: np.random.Generator, sold: _Lines) -> _Lines:
    """Bring lines back within 30 days, for what was paid."""
    chosen = np.flatnonzero(rng.random(len(sold.time)) < RETURNED)
    back = sold.taken(chosen)
    back = replace(
        back,
        time=back.time + rng.integers(1, RETURN_SECONDS, len(chosen)),
        amount=-back.amount,
        discount=np.zeros_like(back.amount),
        is_return=np.ones_like(back.amount),
    )
    return back.taken(np.flatnonzero(back.time < SECONDS))


def _table(lines: _Lines) -> pa.Table:
    labels = pa.array([f"category{number:02d}" for number in range(CATEGORIES)])
    category = pa.DictionaryArray.from_arrays(pa.array(lines.category, mask=lines.category < 0), labels)
    channel = pa.DictionaryArray.from_arrays(pa.array(lines.web), pa.array(["store", "web"]))
    return pa.table(
        {
            "customer_id": _numbered(np.full(len(lines.time), ord("C")), lines.customer, digits=7),
            "time": pa.array((START + lines.time).astype("datetime64[us]")),
            "order_id": _numbered(np.where(lines.is_return, ord("R"), ord("O")), lines.order, digits=8),
            "category": category.cast(pa.string()),
            "quantity": pa.array(lines.quantity.astype(np.int32)),
            "amount": pa.array(lines.amount),
            "discount": pa.array(lines.discount),
            "channel": channel.cast(pa.string()),
            "is_return": pa.array(lines.is_return.astype(np.bool_)),
        }
    )


def _numbered(letter: Ints, number: Ints, *, digits: int) -> pa.Array:
    """Write texts of a letter and digits, such as C0001234, byte by byte."""
    width = 1 + digits
    text = np.empty((len(number), width), dtype=np.uint8)
    text[:, 0] = letter
    for place in range(digits):
        text[:, width - 1 - place] = ord("0") + number // 10**place % 10
    offsets = np.arange(0, (len(number) + 1) * width, width, dtype=np.int32)
    return pa.StringArray.from_buffers(len(number), pa.py_buffer(offsets), pa.py_buffer(text.tobytes()))
