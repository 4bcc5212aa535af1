"""Aggregates over purchase days, wherever their columns lie."""

from dataclasses import dataclass

from sqlglot import exp

from features.engine.instants import AT
from features.engine.render import Leaf, arg, both, call, counting, number, render
from features.engine.sql.formula import decayed
from features.expression import Aggregate, Column, Node


@dataclass(frozen=True)
class Days:
    """Totals over rows of which each is a day: how its columns are rendered, its age, and which days count.

    `always` are columns of which every day has a value.
    """

    column: Leaf
    age: exp.Expr
    inside: exp.Expr | None
    always: frozenset[str]
    day: exp.Expr = AT

    def total(self, aggregate: Aggregate, value: Node | None) -> exp.Expr:
        """Sum a value over days; count days where it is None."""
        if value is None and not aggregate.half_life_days:
            return self._count()
        summed = number(1) if value is None else counting(value, render(value, self.column))
        if aggregate.half_life_days:
            summed = decayed(summed, self.age, aggregate.half_life_days)
        return call("SUM", summed, where=self.inside)

    def counted(self, aggregate: Aggregate) -> exp.Expr:
        """Count the days whose value is not null."""
        if isinstance(aggregate.value, Column) and aggregate.value.name in self.always:
            return self._count()
        return call("COUNT", self._value(aggregate), where=self.inside)

    def picked(self, aggregate: Aggregate) -> exp.Expr:
        """Take the least, greatest, first or last value."""
        value = self._value(aggregate)
        if aggregate.kind in ("min", "max"):
            return call(aggregate.kind, value, where=self.inside)
        return arg(aggregate.kind, value, self.day, where=both(self.inside, value.copy().is_(exp.null()).not_()))

    def _count(self) -> exp.Expr:
        return call("COUNT", exp.Star(), where=self.inside)

    def _value(self, aggregate: Aggregate) -> exp.Expr:
        return number(1) if aggregate.value is None else render(aggregate.value, self.column)
