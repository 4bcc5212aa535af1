"""What aggregates read of a store, each made once for all who ask: masked values, numbered labels, purchase days."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from features.engine.kernel import loops
from features.engine.kernel.loops import Bools, Floats, Ints
from features.engine.kernel.store import Store, Values
from features.expression import Aggregate, Column, Node

Codes = npt.NDArray[np.int32]


def condition(where: Node) -> str:
    """Name what a condition holds for: not as the value that the same expression has, which may be nothing."""
    return f"where {where!r}"


@dataclass
class Columns:
    """A store, and what was made of it. Of a store of days `rows` are the events, which start at `firsts`."""

    store: Store
    rows: Store | None = None
    firsts: Ints | None = None
    made: dict[str, Values] = field(default_factory=dict)
    codes: dict[str, Codes] = field(default_factory=dict)
    days: dict[str, "Columns"] = field(default_factory=dict)
    decay: dict[int, Floats] = field(default_factory=dict)

    def values(self, node: Node | None, where: Node | None) -> Values:
        """Give the value of each event that passes a condition; 1 where events are counted."""
        key = repr((node, where))
        if key not in self.made:
            self.made[key] = self._value(node).where(self.passed(where))
        return self.made[key]

    def passed(self, where: Node | None) -> Bools | None:
        """Mark the events that pass a condition; None if there is none."""
        return None if where is None else self.store.values[condition(where)].data.view(np.bool_)

    def passing(self, where: Node | None) -> Store:
        """Keep the events that pass a condition."""
        passed = self.passed(where)
        return self.store if passed is None else self.store.passing(passed)

    def coded(self, aggregate: Aggregate) -> tuple[Values, Codes]:
        """Give the values whose labels are counted, and number each entity's own."""
        name = f"{'text' if aggregate.kind == 'top' else 'label'} {aggregate.value!r}"
        key = f"{name} {aggregate.where!r}"
        if key not in self.codes:
            values = self.store.values[name].where(self.passed(aggregate.where))
            self.made[key] = values
            self.codes[key] = loops.localised(values.data.view(np.uint64), values.given, self.store.starts)
        return self.made[key], self.codes[key]

    def by_day(self, where: Node | None) -> "Columns":
        """Sum the events that pass a condition to one a day."""
        key = repr(where)
        if key not in self.days:
            rows = self.passing(where)
            firsts, starts = loops.grouped(rows.day, rows.starts)
            nothing = np.empty(0, np.int64)
            days = Store(starts, nothing, rows.day[firsts[:-1]], nothing, {})
            self.days[key] = Columns(days, rows, firsts)
        return self.days[key]

    def weights(self, half_life_days: int) -> Floats:
        """Give 2^(−age / half-life) by age in days, for every age there can be among the events."""
        if half_life_days not in self.decay:
            day = self.store.day
            span = int(day.max()) - int(day.min()) if day.size else 0
            self.decay[half_life_days] = loops.weights(span + 1, half_life_days)
        return self.decay[half_life_days]

    def _value(self, node: Node | None) -> Values:
        if node is None:
            return Values(np.ones(self.store.size, np.int8))
        if self.rows is None or self.firsts is None:
            return self.store.values[repr(node)]
        if isinstance(node, Column) and node.name == "lines":
            return Values(np.diff(self.firsts))
        if isinstance(node, Column) and node.name == "gap_days":
            return Values(*loops.gaps(self.store.day, self.store.starts))
        return _summed(self.rows.values[repr(node)], self.firsts)


def _summed(values: Values, firsts: Ints) -> Values:
    """Sum the values of each day; none where the day has none."""
    out = np.empty(len(firsts) - 1, np.float64 if values.data.dtype == np.float64 else np.int64)
    loops.total(values.data, firsts[:-1], firsts[1:], out)
    if values.valid is None:
        return Values(out, None, values.scale)
    given = np.empty(len(firsts) - 1, np.int64)
    loops.total(values.valid, firsts[:-1], firsts[1:], given)
    return Values(out, given > 0, values.scale)
