"""Events of the same customers from several sources, put into one order."""

from collections.abc import Mapping, Sequence

import numpy as np

from features.engine.kernel import loops
from features.engine.kernel.columns import Columns
from features.engine.kernel.loops import Array, Ints
from features.engine.kernel.source import Source
from features.engine.kernel.store import Store, Values

Part = tuple[Source, Ints, Ints]
"""A source, which of its customers are taken, and the places that these have in what is made."""


def merged(parts: Sequence[Part], customers: int) -> Source:
    """Put the events of so many customers together; of those at one time the earlier part's come first.

    A part without events says nothing of what values there could be.
    """
    parts = [part for part in parts if part[0].columns.store.size] or parts[:1]
    names = parts[0][0].texts
    texts = {name: sorted({text for source, *_ in parts for text in source.texts[name]}) for name in names}
    stores = [_taken(source, chosen, texts) for source, chosen, _ in parts]
    places = [np.repeat(place, np.diff(store.starts)) for (*_, place), store in zip(parts, stores, strict=True)]
    time = np.concatenate([each.time for each in stores])
    starts, slots = loops.order(np.concatenate(places), time, customers)
    order = np.empty(len(slots), np.int64)
    order[slots] = np.arange(len(slots))
    values = {name: _concatenated([each.values[name] for each in stores]) for name in stores[0].values}
    day, known = (np.concatenate([getattr(each, name) for each in stores]) for name in ("day", "known"))
    return Source(Columns(Store(starts, time, day, known, values).take(order, starts)), texts)


def _taken(source: Source, chosen: Ints, texts: Mapping[str, Sequence[str]]) -> Store:
    """Take some customers' events, with codes that stand for other texts."""
    store = source.columns.store
    lo, hi = store.starts[chosen], store.starts[chosen + 1]
    starts, events = loops.spread(lo, hi, np.empty(0, np.int64), lo)
    taken = store.take(events, starts)
    values = dict(taken.values)
    for name, labels in texts.items():
        values[name] = Values(_codes(source.texts[name], labels)[values[name].data], values[name].valid)
    return Store(starts, taken.time, taken.day, taken.known, values)


def _codes(texts: Sequence[str], labels: Sequence[str]) -> Array:
    """Give the place of each text among others; without any a place for what is nothing."""
    where = {text: number for number, text in enumerate(labels)}
    return np.array([where[text] for text in texts] or [0], np.int64)


def _concatenated(parts: Sequence[Values]) -> Values:
    whole = len({each.scale for each in parts}) == 1
    data = np.concatenate([each.data if whole else each.data / each.scale for each in parts])
    given = None if all(each.valid is None for each in parts) else np.concatenate([each.given for each in parts])
    return Values(data, given, parts[0].scale if whole else 1.0)
