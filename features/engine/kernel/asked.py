"""What is asked: entities and cutoffs in their order, and which of a store's events each may see."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from features.engine.kernel import loops
from features.engine.kernel.loops import Array, Bools, Ints
from features.engine.kernel.store import MICROSECONDS, Store
from features.expression import Aggregate

FOREVER = np.iinfo(np.int64).min // 4


@dataclass(frozen=True)
class Asked:
    """Entities and cutoffs (µs), in order. With a horizon its events count, else those of the past."""

    entity: Ints
    cutoff: Ints
    horizon_days: int | None = None

    @property
    def size(self) -> int:
        """How many rows are asked."""
        return len(self.entity)

    @cached_property
    def midnight(self) -> bool:
        """Whether every cutoff lies at 00:00, so that days can be compared instead of instants."""
        return not (self.cutoff % MICROSECONDS).any()

    @cached_property
    def today(self) -> Ints:
        """The cutoffs' days."""
        return self.cutoff // MICROSECONDS

    def some(self, chosen: Bools) -> "Asked":
        """Keep some rows."""
        return replace(self, entity=self.entity[chosen], cutoff=self.cutoff[chosen])

    def block(self, first: int, end: int) -> "Asked":
        """Take the rows from `first` to `end`."""
        return replace(self, entity=self.entity[first:end], cutoff=self.cutoff[first:end])

    def alone(self) -> "Asked":
        """Ask of a store in which every row is an entity of its own."""
        return replace(self, entity=np.arange(self.size))

    def bounds(self, store: Store, aggregate: Aggregate | None = None) -> tuple[Ints, Ints]:
        """Find each row's events: those of the period, or of the aggregate's window in it."""
        unit = 1 if self.midnight else MICROSECONDS
        now = self.today if self.midnight else self.cutoff
        first, end = self._period(now, unit)
        if aggregate is not None and aggregate.window_days is not None:
            first = np.maximum(first, now - aggregate.window_days * unit)
        if aggregate is not None and aggregate.until_days:
            end = np.minimum(end, now - aggregate.until_days * unit)
        at: Array = store.day if self.midnight else store.time
        lo, hi = np.empty(self.size, np.int64), np.empty(self.size, np.int64)
        loops.bounds(at, store.starts, self.entity, first, end, lo, hi)
        return lo, hi

    def _period(self, now: Ints, unit: int) -> tuple[Ints, Ints]:
        if self.horizon_days is None:
            return np.full(self.size, FOREVER), now
        return now, now + self.horizon_days * unit

    def late(self, store: Store) -> Bools:
        """Mark the rows one of whose past events was not yet known at the cutoff."""
        marked = np.zeros(self.size, np.bool_)
        if store.known.size and self.horizon_days is None:
            loops.late(store.known, *self.bounds(store), self.cutoff, marked)
        return marked
