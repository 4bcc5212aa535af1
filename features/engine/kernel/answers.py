"""One view's aggregates over a store, for the rows that are asked."""

from dataclasses import dataclass, field

import numpy as np

from features.engine.kernel import loops
from features.engine.kernel.arithmetic import evaluate
from features.engine.kernel.asked import Asked
from features.engine.kernel.columns import Columns
from features.engine.kernel.loops import Array, Bools, Floats, Ints
from features.engine.kernel.store import Values
from features.expression import LABELS, Aggregate, Column, Node, columns

Bounds = tuple[Ints, Ints]
_LABELS = {"distinct": loops.DISTINCT, "top_share": loops.TOP_SHARE, "entropy": loops.ENTROPY, "top": loops.TOP}


@dataclass
class Answers:
    """Aggregates of the events of a store: a double a row asked, NaN where there is none."""

    columns: Columns
    asked: Asked
    bounds: dict[tuple[int | None, int], Bounds] = field(default_factory=dict)
    days: dict[str, "Answers"] = field(default_factory=dict)

    def number(self, aggregate: Aggregate) -> Floats:
        """Aggregate."""
        if aggregate.source == "days":
            return self._of_days(aggregate)
        lo, hi = self._bounds(aggregate)
        if aggregate.kind in LABELS:
            return self._labels(aggregate, lo, hi)
        if aggregate.value is not None and "age_days" in columns(aggregate.value):
            return self._age(self.columns.passed(aggregate.where), aggregate.kind, lo, hi)
        return self._number(aggregate, self.columns.values(aggregate.value, aggregate.where), lo, hi)

    def marked(self, aggregate: Aggregate) -> Bools:
        """Mark the rows for which the aggregate has events at all, as its part of the SQL has them."""
        whole = self._bounds(Aggregate("count", None))
        if aggregate.kind in LABELS:
            return self._counted(self.columns.coded(aggregate)[0], *whole) > 0
        if aggregate.source == "rows" or (aggregate.kind == "count" and aggregate.half_life_days is None):
            return whole[1] > whole[0]
        return self._counted(self.columns.values(None, aggregate.where), *self._bounds(aggregate)) > 0

    def _bounds(self, aggregate: Aggregate) -> Bounds:
        key = (aggregate.window_days, aggregate.until_days)
        if key not in self.bounds:
            self.bounds[key] = self.asked.bounds(self.columns.store, aggregate)
        return self.bounds[key]

    def _number(self, aggregate: Aggregate, values: Values, lo: Ints, hi: Ints) -> Floats:
        """Aggregate the values of the events `[lo, hi)`."""
        out = np.empty(self.asked.size)
        match aggregate.kind:
            case "count" if aggregate.half_life_days is None:
                return self._counted(values, lo, hi)
            case "count" | "sum" if aggregate.half_life_days is not None:
                weights = self.columns.weights(aggregate.half_life_days)
                loops.decayed(
                    values.data,
                    self.columns.store.day,
                    lo,
                    hi,
                    self.asked.today,
                    aggregate.half_life_days,
                    weights,
                    out,
                )
            case "sum":
                return self._total(values.data, lo, hi) / values.scale
            case "mean":
                with np.errstate(invalid="ignore"):
                    return self._total(values.data, lo, hi) / values.scale / self._counted(values, lo, hi)
            case "std":
                loops.deviation(values.data, values.given, lo, hi, out)
            case "min" | "max":
                loops.extreme(values.data, values.given, lo, hi, out, aggregate.kind == "max")
            case _:
                loops.picked(values.data, values.given, self.columns.store.at, lo, hi, out, aggregate.kind == "last")
        return out / values.scale

    def _total(self, data: Array, lo: Ints, hi: Ints) -> Array:
        out = np.empty(self.asked.size, np.float64 if data.dtype == np.float64 else np.int64)
        loops.total(data, lo, hi, out)
        return out

    def _counted(self, values: Values, lo: Ints, hi: Ints) -> Floats:
        """Count the values that there are."""
        return (hi - lo if values.valid is None else self._total(values.valid, lo, hi)).astype(np.float64)

    def _age(self, passed: Bools | None, kind: str, lo: Ints, hi: Ints) -> Floats:
        """Give the age of the last event, the least, or of the first."""
        place = np.where(hi > lo, hi - 1 if kind == "min" else lo, -1)
        if passed is not None:
            loops.place(passed, lo, hi, place, kind == "min")
        day = self.columns.store.day
        if not day.size:
            return np.full(self.asked.size, np.nan)
        return np.where(place < 0, np.nan, self.asked.today - day[place])

    def _labels(self, aggregate: Aggregate, lo: Ints, hi: Ints) -> Floats:
        """Aggregate over different values. Of the top one gives the place of its text."""
        values, codes = self.columns.coded(aggregate)
        out = np.empty(self.asked.size)
        if aggregate.kind == "distinct" and self._whole(aggregate):
            loops.different(codes, lo, hi, out)
            return out
        texts = values.data.astype(np.float64) if aggregate.kind == "top" else np.empty(0)
        logs = loops.surprise(int((hi - lo).max(initial=0))) if aggregate.kind == "entropy" else np.empty(0)
        loops.labels(codes, texts, logs, lo, hi, out, _LABELS[aggregate.kind])
        return out

    def _whole(self, aggregate: Aggregate) -> bool:
        """Whether all the past counts, from an entity's first event on."""
        return aggregate.window_days is None and self.asked.horizon_days is None

    def _of_days(self, aggregate: Aggregate) -> Floats:
        """Aggregate over days."""
        if not self._shareable(aggregate):
            return self._alone(aggregate)
        key = repr(aggregate.where)
        days = self.days.setdefault(key, Answers(self.columns.by_day(aggregate.where), self.asked))
        lo, hi = days._bounds(aggregate)
        begun = aggregate.window_days is not None or self.asked.horizon_days is not None
        if "gap_days" in columns(aggregate.value) and begun:
            lo = np.minimum(lo + 1, hi)
        return days._over_days(aggregate, lo, hi)

    def _shareable(self, aggregate: Aggregate) -> bool:
        """Whether days mean the same to all cutoffs: they are whole, and nothing in them depends on the cutoff."""
        read = columns(aggregate.value)
        plain = isinstance(aggregate.value, Column) and (read == {"gap_days"} or aggregate.kind in ("min", "max"))
        return self.asked.midnight and (plain or not read & {"age_days", "gap_days"})

    def _alone(self, aggregate: Aggregate) -> Floats:
        """Aggregate over days that each row asked has for itself."""
        store = self.columns.passing(aggregate.where)
        alone = Columns(store.spread(*self.asked.bounds(store, aggregate), self.asked.cutoff)).by_day(None)
        starts = alone.store.starts
        return Answers(alone, self.asked.alone())._over_days(aggregate, starts[:-1], starts[1:])

    def _over_days(self, aggregate: Aggregate, lo: Ints, hi: Ints) -> Floats:
        """Aggregate the days `[lo, hi)` of a store of days."""
        aged = isinstance(aggregate.value, Column) and aggregate.value.name == "age_days"
        if aged and aggregate.kind in ("min", "max"):
            return self._age(None, aggregate.kind, lo, hi)
        if aggregate.value is None or (isinstance(aggregate.value, Column) and not aged):
            return self._number(aggregate, self.columns.values(aggregate.value, None), lo, hi)
        made = evaluate(aggregate.value, self._day_column)
        return self._number(aggregate, Values(np.nan_to_num(made), ~np.isnan(made)), lo, hi)

    def _day_column(self, node: Node) -> Floats:
        if isinstance(node, Column) and node.name == "age_days":
            sizes = np.diff(self.columns.store.starts)
            return (np.repeat(self.asked.today, sizes) - self.columns.store.day).astype(np.float64)
        values = self.columns.values(node, None)
        return np.where(values.given, values.data / values.scale, np.nan)
