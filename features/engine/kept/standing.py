"""What stands: numbers of a customer's whole past that no later cutoff changes, unless a row of theirs is added."""

from collections.abc import Iterable

import numpy as np

from features.declaration import Declaration
from features.engine.kernel.loops import Ints
from features.engine.kernel.store import Store
from features.expression import Aggregate, columns

LONG_AGO = np.iinfo(np.int64).min


def stands(declaration: Declaration) -> bool:
    """Whether a declaration gives the same at every cutoff after the last of a customer's events."""
    return not declaration.text and not any(_moves(each) for each in declaration.aggregates)


def _moves(aggregate: Aggregate) -> bool:
    windowed = aggregate.window_days is not None or aggregate.until_days or aggregate.half_life_days is not None
    return bool(windowed) or "age_days" in columns(aggregate)


def settled(stores: Iterable[Store], customers: int) -> Ints:
    """Say when each customer's last event was there and known: what stands does so at cutoffs after that."""
    last = np.full(customers, LONG_AGO)
    for store in stores:
        some = np.flatnonzero(np.diff(store.starts))
        if some.size:
            last[some] = np.maximum(last[some], np.maximum.reduceat(store.seen, store.starts[some]))
    return last
