"""Rows that came after the base was written: whoever they are about is answered from base and new rows together."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from features.engine.kernel import loops
from features.engine.kernel.asked import Asked
from features.engine.kernel.columns import Columns
from features.engine.kernel.load import Rows, arranged
from features.engine.kernel.loops import Array
from features.engine.kernel.source import Part, Source
from features.engine.kernel.store import Store, Values


@dataclass(frozen=True)
class Extended(Source):
    """A base, and a source of its own for those who have new rows: `place` is their number in it, −1 for others."""

    extra: Source
    place: npt.NDArray[np.int64]

    def parts(self, asked: Asked) -> Iterator[Part]:
        """Split what is asked into those without and those with new rows."""
        place = np.where(asked.entity < 0, -1, self.place[asked.entity])
        if not (place >= 0).any():
            yield from super().parts(asked)
            return
        base = Source(self.columns, self.texts)
        for chosen, source, entity in ((place < 0, base, asked.entity), (place >= 0, self.extra, place)):
            some = Asked(entity[chosen], asked.cutoff[chosen], asked.horizon_days)
            for rows, answers, texts in source.parts(some):
                yield _within(chosen, rows), answers, texts


def extended(base: Source, rows: Rows, added: pa.Table, customers: pa.Array) -> Source:
    """Let new rows of a view take part; `customers` are all, those of the base first."""
    if not added.num_rows:
        return base
    new = arranged(added, rows, [customers])
    counts = np.diff(new.columns.store.starts)
    touched = np.flatnonzero(counts)
    place = np.full(len(customers), -1, np.int64)
    place[touched] = np.arange(len(touched))
    joined, texts = _joined(base, new, touched)
    return Extended(base.columns, base.texts, Source(Columns(joined), texts), place)


def _joined(base: Source, new: Source, touched: Array) -> tuple[Store, Mapping[str, Sequence[str]]]:
    """Merge the touched customers' events of both."""
    texts = {name: sorted({*base.texts[name], *new.texts[name]}) for name in new.texts}
    parts = [_of(source, touched, texts) for source in (base, new)]
    codes = np.concatenate([np.repeat(np.arange(len(touched)), np.diff(each.starts)) for each in parts])
    time = np.concatenate([each.time for each in parts])
    starts, slots = loops.order(codes, time, len(touched))
    order = np.argsort(slots)
    values = {name: _concatenated([each.values[name] for each in parts]) for name in new.columns.store.values}
    day, known = (np.concatenate([getattr(each, name) for each in parts]) for name in ("day", "known"))
    return Store(starts, time, day, known, values).take(order, starts), texts


def _of(source: Source, touched: Array, texts: Mapping[str, Sequence[str]]) -> Store:
    """Take some customers' events, with codes that stand for other texts."""
    store = source.columns.store
    inside = touched < len(store.starts) - 1
    lo = np.where(inside, store.starts[np.where(inside, touched, 0)], 0)
    hi = np.where(inside, store.starts[np.where(inside, touched, 0) + 1], 0)
    starts, chosen = loops.spread(lo, hi, np.empty(0, np.int64), lo)
    taken = store.take(chosen, starts)
    values = dict(taken.values)
    for name, labels in texts.items():
        where = {text: number for number, text in enumerate(labels)}
        codes = np.array([where[text] for text in source.texts[name]] or [0], np.int64)
        values[name] = Values(codes[values[name].data], values[name].valid)
    return Store(starts, taken.time, taken.day, taken.known, values)


def _concatenated(parts: list[Values]) -> Values:
    whole = len({each.scale for each in parts}) == 1
    data = np.concatenate([each.data if whole else each.data / each.scale for each in parts])
    given = None if all(each.valid is None for each in parts) else np.concatenate([each.given for each in parts])
    return Values(data, given, parts[0].scale if whole else 1.0)


def _within(chosen: npt.NDArray[np.bool_], rows: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Mark some of the chosen among all."""
    marked = np.zeros(len(chosen), np.bool_)
    marked[np.flatnonzero(chosen)[rows]] = True
    return marked
