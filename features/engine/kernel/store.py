"""Events sorted by entity (a customer, or a pair) and time: the arrays that the loops go over."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from features.engine.kernel import loops
from features.engine.kernel.loops import Array, Bools, Ints

MICROSECONDS = 86_400_000_000
"""Of a day."""
NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Values:
    """A value for each event. Whole numbers count units of 1 / `scale`; where `valid` is False there is none, but 0.

    `valid` is None where every event has a value.
    """

    data: Array
    valid: Bools | None = None
    scale: float = 1.0

    def take(self, chosen: Ints) -> "Values":
        """Keep some events."""
        return Values(self.data[chosen], None if self.valid is None else self.valid[chosen], self.scale)

    def where(self, passed: Bools | None) -> "Values":
        """Let there be a value only where the condition holds."""
        if passed is None:
            return self
        data = np.where(passed, self.data, self.data.dtype.type(0))
        return Values(data, passed if self.valid is None else self.valid & passed, self.scale)

    @cached_property
    def given(self) -> Bools:
        """Where there is a value."""
        return np.ones(len(self.data), np.bool_) if self.valid is None else self.valid


@dataclass(frozen=True)
class Store:
    """Events of entities: entity `e` owns `[starts[e], starts[e + 1])`, in the order of `time` (µs) and `day`.

    `time` is empty where days are all that is asked for, `known` (when an event became known) where all were at once.
    `values` are named by what they are.
    """

    starts: Ints
    time: Ints
    day: npt.NDArray[np.int32]
    known: Ints
    values: Mapping[str, Values]

    @property
    def size(self) -> int:
        """How many events there are."""
        return len(self.day)

    @property
    def at(self) -> Array:
        """When events were: to the microsecond where that is asked for, or their day."""
        return self.time if self.time.size else self.day

    @property
    def seen(self) -> Ints:
        """When events were there and known (µs); at their midnight where days are all that is asked for."""
        at = self.time if self.time.size else self.day.astype(np.int64) * MICROSECONDS
        return np.maximum(at, self.known) if self.known.size else at

    @property
    def first_seen(self) -> Ints:
        """When each entity's first event was seen; `NEVER` for one without events."""
        first = np.full(len(self.starts) - 1, NEVER)
        some = np.flatnonzero(np.diff(self.starts))
        if some.size:
            first[some] = np.minimum.reduceat(self.seen, self.starts[some])
        return first

    def take(self, chosen: Ints, starts: Ints) -> "Store":
        """Keep some events, which start anew."""
        time = self.time[chosen] if self.time.size else self.time
        known = self.known[chosen] if self.known.size else self.known
        values = {name: each.take(chosen) for name, each in self.values.items()}
        return Store(starts, time, self.day[chosen], known, values)

    def passing(self, passed: Bools) -> "Store":
        """Keep the events for which a condition holds."""
        before = np.concatenate([[0], np.cumsum(passed)])
        return self.take(np.flatnonzero(passed), before[self.starts])

    def spread(self, lo: Ints, hi: Ints, cutoff: Ints) -> "Store":
        """Make every asked row an entity of its own, that has the events it may see."""
        starts, chosen = loops.spread(lo, hi, self.known, cutoff)
        alone = self.take(chosen, starts)
        return Store(alone.starts, alone.time, alone.day, np.empty(0, np.int64), alone.values)
