"""What aggregates are grouped from: sums over rows, purchase days, the values of a column, and SQL over raw rows.

Each part joins a table `d` with the spine `s` and groups by the spine's row. Rows and days read the daily sums of a
view (`daily.py`); the formulas above totals (mean, standard deviation) are in `formula.py`.
"""

from dataclasses import dataclass, field
from typing import Protocol

from sqlglot import exp

from features.engine.daily import AGE, DAY, Daily, column, window
from features.engine.formula import decayed, formula
from features.engine.named import Named
from features.engine.render import arg, both, call, number, render
from features.engine.sql_text import parsed
from features.expression import Aggregate, Column, Node, Sql


class Part(Protocol):
    """A grouped part of the query: what an aggregate is over it, and the rows that it groups."""

    def expression(self, aggregate: Aggregate) -> exp.Expr:
        """Write an aggregate over the part's rows."""

    def source(self, matched: exp.Select) -> exp.Select:
        """Select the part's rows from what was matched with the spine; they are then grouped by its key."""


@dataclass(frozen=True)
class Rows:
    """Aggregates over rows, read off the daily sums."""

    daily: Daily

    def expression(self, aggregate: Aggregate) -> exp.Expr:
        """Write an aggregate; of purchase days only their number."""
        if aggregate.source == "days":
            return call("COUNT", exp.Distinct(expressions=[DAY]), where=self._inside(aggregate))
        return formula(self, aggregate)

    def source(self, matched: exp.Select) -> exp.Select:
        """Group the daily sums as they are."""
        return matched

    def total(self, aggregate: Aggregate, value: Node | None) -> exp.Expr:
        """Sum a value; count rows where it is None."""
        measure = self.daily.measure("COUNT" if value is None else "SUM", value, aggregate.where)
        if aggregate.half_life_days:
            measure = decayed(measure, AGE, aggregate.half_life_days)
        return call("SUM", measure, where=window(aggregate))

    def counted(self, aggregate: Aggregate) -> exp.Expr:
        """Count the rows whose value is not null."""
        return call("SUM", self.daily.measure("COUNT", aggregate.value, aggregate.where), where=window(aggregate))

    def picked(self, aggregate: Aggregate) -> exp.Expr:
        """Take the least, greatest, first or last value; of `age_days` the least is the age of the latest row."""
        if isinstance(aggregate.value, Column) and aggregate.value.name == "age_days":
            return call(aggregate.kind, AGE, where=self._inside(aggregate))
        measure = self.daily.measure(aggregate.kind, aggregate.value, aggregate.where)
        if aggregate.kind in ("min", "max"):
            return call(aggregate.kind, measure, where=window(aggregate))
        given = both(window(aggregate), measure.is_(exp.null()).not_())
        moment = self.daily.moment(aggregate.kind, aggregate.value, aggregate.where)
        return arg(aggregate.kind, measure, exp.Tuple(expressions=[moment, measure.copy()]), where=given)

    def _inside(self, aggregate: Aggregate) -> exp.Expr | None:
        return both(window(aggregate), self.daily.any(aggregate.where))


@dataclass
class Days:
    """Aggregates over purchase days: the rows of a filter and window summed to one row a day."""

    daily: Daily
    key: str
    where: Node | None
    window: exp.Expr | None
    columns: dict[str, exp.Expr] = field(default_factory=dict)

    def expression(self, aggregate: Aggregate) -> exp.Expr:
        """Write an aggregate over days."""
        return formula(self, aggregate)

    def source(self, matched: exp.Select) -> exp.Select:
        """Give one row per spine row and day, with the gap to the day before."""
        sums = [exp.alias_(expression, name) for name, expression in self.columns.items() if name != "gap_days"]
        inner = matched.select(self.key, exp.alias_(DAY, "day"), exp.alias_(AGE, "age_days"), *sums, append=False)
        inside = both(self.window, self.daily.any(self.where))
        inner = (inner.where(inside) if inside else inner).group_by(self.key, DAY, AGE)
        if "gap_days" not in self.columns:
            return exp.select().from_(inner.subquery("d"))
        gap = exp.alias_(self.columns["gap_days"], "gap_days")
        return exp.select().from_(exp.select("*", gap).from_(inner.subquery("g")).subquery("d"))

    def total(self, aggregate: Aggregate, value: Node | None) -> exp.Expr:
        """Sum a value over days; count days where it is None."""
        summed = number(1) if value is None else render(value, self._column)
        if aggregate.half_life_days:
            summed = decayed(summed, exp.column("age_days"), aggregate.half_life_days)
        return call("SUM", summed)

    def counted(self, aggregate: Aggregate) -> exp.Expr:
        """Count the days whose value is not null."""
        return call("COUNT", self._value(aggregate))

    def picked(self, aggregate: Aggregate) -> exp.Expr:
        """Take the least, greatest, first or last value."""
        value = self._value(aggregate)
        if aggregate.kind in ("min", "max"):
            return call(aggregate.kind, value)
        return arg(aggregate.kind, value, exp.column("day"), where=value.is_(exp.null()).not_())

    def _value(self, aggregate: Aggregate) -> exp.Expr:
        return number(1) if aggregate.value is None else render(aggregate.value, self._column)

    def _column(self, node: Node) -> exp.Expr:
        name = column(node).name
        if name == "gap_days":
            before = f"LAG(day) OVER (PARTITION BY {self.key} ORDER BY day)"
            self.columns[name] = exp.maybe_parse(f"DATE_DIFF('day', {before}, day)", dialect="duckdb")
        elif name == "lines":
            self.columns[name] = call("SUM", self.daily.measure("COUNT", None, self.where))
        elif name != "age_days":
            self.columns[name] = call("SUM", self.daily.measure("SUM", node, self.where))
        return exp.column(name)


@dataclass
class Labels:
    """Aggregates over the values of a column: which there are, and in how many rows of each window."""

    key: str
    counts: Named = field(default_factory=lambda: Named("n"))

    def expression(self, aggregate: Aggregate) -> exp.Expr:
        """Write an aggregate over one row a value, with its number of rows `n`."""
        n = self._counted(aggregate)
        given = exp.GT(this=n, expression=number(0))
        match aggregate.kind:
            case "distinct":
                return call("COUNT", exp.Star(), where=given)
            case "top":
                return self._top(n, given)
            case "top_share":
                return exp.Div(this=exp.cast(call("MAX", n), "DOUBLE"), expression=_positive(call("SUM", n)))
            case _:
                return _entropy(n, given)

    def source(self, matched: exp.Select) -> exp.Select:
        """Give one row per spine row and value."""
        inner = matched.select(self.key, exp.column("value", "d"), *self.counts.aliases()).group_by(self.key, "d.value")
        return exp.select().from_(inner.subquery("d"))

    def _counted(self, aggregate: Aggregate) -> exp.Expr:
        made = call("SUM", exp.column("n", "d"), where=window(aggregate))
        return exp.column(self.counts.of(made), "d")

    def _top(self, n: exp.Expr, given: exp.Expr) -> exp.Expr:
        """Take the value with the most rows; of several the least, by its place in the alphabet."""
        value = exp.column("value", "d")
        return arg("first", value, exp.Tuple(expressions=[exp.Neg(this=n.copy()), value]), where=given)


def _positive(count: exp.Expr) -> exp.Expr:
    return exp.Nullif(this=exp.cast(count, "DOUBLE"), expression=number(0))


def _entropy(n: exp.Expr, given: exp.Expr) -> exp.Expr:
    """Write −Σ p ln p as ln N − Σ n ln n / N; terms are rounded, so that they add up the same in any order."""
    each = exp.cast(n, "DOUBLE")
    terms = exp.cast(exp.Mul(this=each, expression=exp.Ln(this=each)), "DECIMAL(38, 12)")
    rows = _positive(call("SUM", n))
    inner = exp.Div(this=exp.cast(call("SUM", terms, where=given), "DOUBLE"), expression=rows)
    exact = exp.Sub(this=exp.Ln(this=rows), expression=inner)
    return (
        exp.Case()
        .when(exp.GT(this=call("COUNT", exp.Star(), where=given), expression=number(1)), exact)
        .else_(exp.Case().when(exp.GT(this=call("COUNT", exp.Star(), where=given), expression=number(0)), number(0)))
    )


@dataclass(frozen=True)
class Raw:
    """Aggregates in SQL, over the rows of the view themselves."""

    inside: exp.Expr | None

    def expression(self, aggregate: Aggregate) -> exp.Expr:
        """Write it as it was said."""
        if not isinstance(aggregate.value, Sql):
            raise TypeError(f"{aggregate.kind} is not said in SQL")
        return parsed(aggregate.value.text)

    def source(self, matched: exp.Select) -> exp.Select:
        """Keep the rows of the filter and window."""
        return matched.where(self.inside) if self.inside is not None else matched
