"""Aggregates over the values of a column: which there are, and in how many rows of each window.

Asked at a few known cutoffs, the rows are read once for all of them: a value's rows are counted for each cutoff beside
each other, and an aggregate is the list of what it is at one cutoff after the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from features.engine.instants import CUTOFF
from features.engine.render import arg, both, call, number
from features.engine.sql.daily import window
from features.engine.sql.named import Named
from features.expression import Aggregate


@dataclass
class Labels:
    """One row per key and value, with its numbers of rows; of those that are `seen`, where others are read too."""

    seen: exp.Expr | None
    counts: Named = field(default_factory=lambda: Named("n"))

    def expression(self, aggregate: Aggregate) -> exp.Expr:
        """Write an aggregate over one row a value, with its number of rows `n`."""
        n = self._counted(aggregate)
        given = exp.GT(this=n, expression=number(0))
        match aggregate.kind:
            case "distinct":
                return call("COUNT", exp.Star(), where=given)
            case "top":
                return _top(n, given)
            case "top_share":
                return exp.Div(this=exp.cast(call("MAX", n), "DOUBLE"), expression=_positive(call("SUM", n)))
            case _:
                return _entropy(n, given)

    def marker(self, aggregate: Aggregate) -> exp.Expr | None:
        """Count the values that there are, in a window or not."""
        ever = exp.column(self.counts.of(_rows(self.seen)), "d")
        return call("COUNT", exp.Star(), where=exp.GT(this=ever, expression=number(0)))

    def source(self, seen: exp.Select) -> exp.Select:
        """Give one row per key and value; the keys are selected already."""
        value = exp.column("value", "d")
        inner = seen.select(value, *self.counts.aliases()).group_by(*seen.expressions, value)
        return exp.select().from_(inner.subquery("d"))

    def _counted(self, aggregate: Aggregate) -> exp.Expr:
        return exp.column(self.counts.of(_rows(both(self.seen, window(aggregate)))), "d")


@dataclass(frozen=True)
class Beside:
    """The cutoffs that are asked one by one, `$cutoff_0` and so on, in their order."""

    count: int

    def at(self, place: int, expression: exp.Expr) -> exp.Expr:
        """Write an expression for one of the cutoffs."""
        return expression.transform(_named, f"_{place}")

    def each(self, aliased: Sequence[exp.Expr]) -> list[exp.Expr]:
        """Write named columns for every cutoff, each under a name of its own."""
        return [
            exp.alias_(self.at(place, column.this), f"{column.alias}_{place}")
            for column in aliased
            for place in range(self.count)
        ]

    def lists(self, aliased: Sequence[exp.Expr]) -> list[exp.Expr]:
        """Write named columns as lists over the cutoffs."""
        return [
            exp.alias_(exp.Array(expressions=[self.at(place, each.this) for place in range(self.count)]), each.alias)
            for each in aliased
        ]


def _named(node: exp.Expr, suffix: str) -> exp.Expr:
    if node == CUTOFF:
        return exp.cast(exp.Placeholder(this=f"cutoff{suffix}"), "TIMESTAMP")
    if isinstance(node, exp.Column) and node.table == "d" and node.name.startswith("n"):
        return exp.column(f"{node.name}{suffix}", "d")
    return node


def _rows(seen: exp.Expr | None) -> exp.Expr:
    return call("COUNT", exp.Star(), where=seen)


def _top(n: exp.Expr, given: exp.Expr) -> exp.Expr:
    """Take the value with the most rows; of several the least, by its place in the alphabet."""
    value = exp.column("value", "d")
    return arg("first", value, exp.Tuple(expressions=[exp.Neg(this=n.copy()), value]), where=given)


def _positive(count: exp.Expr) -> exp.Expr:
    return exp.Nullif(this=exp.cast(count, "DOUBLE"), expression=number(0))


def _entropy(n: exp.Expr, given: exp.Expr) -> exp.Expr:
    """Write −Σ p ln p as ln N − Σ n ln n / N; terms are rounded, so that they add up the same in any order."""
    logarithm = exp.Ln(this=exp.cast(exp.Greatest(this=n, expressions=[number(1)]), "DOUBLE"))
    terms = exp.cast(exp.Mul(this=exp.cast(n, "DOUBLE"), expression=logarithm), "DECIMAL(38, 12)")
    rows = _positive(call("SUM", n))
    inner = exp.Div(this=exp.cast(call("SUM", terms), "DOUBLE"), expression=rows)
    values = call("COUNT", exp.Star(), where=given)
    alone = exp.Case().when(exp.EQ(this=values, expression=number(1)), number(0))
    return alone.else_(exp.Sub(this=exp.Ln(this=rows.copy()), expression=inner))
