"""The grouped parts of a query: sums over rows, purchase days, and different values.

Each part joins a prepared table `d` with the spine `s` and groups by the spine's row. What an aggregate needs of a
part is a *total* (a sum that does not depend on the order of rows) and an *extreme*; the formulas above them
(mean, standard deviation, …) are written once, in `formula`.
"""

from dataclasses import dataclass, field
from typing import Protocol

from sqlglot import exp

from features.engine.render import both, call, days, double, number, ratio, render
from features.expression import Aggregate, Column, Node, Operation

WEIGHTED = "DECIMAL(38, 9)"
"""Terms of decayed sums are rounded to 1e-9, so that they too add up the same in any order."""

AT, KNOWN, CUTOFF = exp.column("at", "d"), exp.column("known", "d"), exp.column("cutoff", "s")
DAY = exp.cast(AT, "DATE")
AGE = exp.paren(exp.Sub(this=exp.cast(CUTOFF, "DATE"), expression=DAY))


def column(node: Node) -> exp.Expr:
    """Render a column of the rows themselves."""
    if not isinstance(node, Column):
        raise TypeError("an aggregate of an aggregate is not a declaration; combine aggregates by arithmetic")
    return exp.column(node.name)


def window(aggregate: Aggregate) -> exp.Expr | None:
    """Hold for instants inside the aggregate's window."""
    if aggregate.window_days is None:
        return None
    return exp.GTE(this=AT, expression=exp.Sub(this=CUTOFF, expression=days(aggregate.window_days)))


def decayed(value: exp.Expr, age: exp.Expr, half_life_days: int) -> exp.Expr:
    """Weigh by 2^(−age / half-life)."""
    weight = exp.Pow(this=number(2.0), expression=exp.Neg(this=exp.paren(ratio(age, number(half_life_days)))))
    return exp.cast(exp.Mul(this=exp.paren(double(value)), expression=weight), WEIGHTED)


class Part(Protocol):
    """What the formulas ask of a part."""

    def total(self, aggregate: Aggregate, value: Node | None) -> exp.Expr:
        """Sum a value over the aggregate's rows; count them where the value is None."""

    def counted(self, aggregate: Aggregate) -> exp.Expr:
        """Count the rows whose value is not null."""

    def extreme(self, aggregate: Aggregate) -> exp.Expr:
        """Take the least, greatest, first or last value."""


def formula(part: Part, aggregate: Aggregate) -> exp.Expr:
    """Write an aggregate over its part."""
    match aggregate.kind:
        case "count" | "sum":
            return part.total(aggregate, aggregate.value)
        case "mean":
            return ratio(part.total(aggregate, aggregate.value), part.counted(aggregate))
        case "std":
            return _deviation(part, aggregate)
        case _:
            return part.extreme(aggregate)


def _deviation(part: Part, aggregate: Aggregate) -> exp.Expr:
    if aggregate.value is None:
        raise TypeError("a standard deviation needs a value")
    square = Operation("*", (aggregate.value, aggregate.value))
    total, counted = double(part.total(aggregate, aggregate.value)), double(part.counted(aggregate))
    spread = exp.Sub(
        this=double(part.total(aggregate, square)), expression=ratio(exp.Pow(this=total, expression=number(2)), counted)
    )
    variance = ratio(exp.paren(spread), exp.paren(exp.Sub(this=counted, expression=number(1))))
    return exp.Sqrt(this=exp.Case().when(exp.LT(this=variance, expression=number(0)), number(0)).else_(variance))


@dataclass
class Daily:
    """A view summed to one row per customer (and category) and instant: what all parts but values read."""

    measures: dict[str, exp.Expr] = field(default_factory=dict)

    def measure(self, function: str, value: Node | None, where: Node | None) -> exp.Expr:
        """Name the sum of a value over an instant's rows, made once for all who ask."""
        argument = exp.Star() if value is None else render(value, column)
        condition = None if where is None else render(where, column)
        made = call(function, argument, where=condition)
        names = {expression.sql(): name for name, expression in self.measures.items()}
        name = names.get(made.sql()) or f"m{len(self.measures)}"
        self.measures[name] = made
        return exp.column(name, "d")

    def any(self, where: Node | None) -> exp.Expr | None:
        """Hold for instants at which a row passes `where`."""
        return None if where is None else exp.GT(this=self.measure("COUNT", None, where), expression=number(0))


@dataclass(frozen=True)
class Rows:
    """Aggregates over rows, read off the daily sums."""

    daily: Daily

    def total(self, aggregate: Aggregate, value: Node | None) -> exp.Expr:
        """Sum a value; count rows where it is None."""
        measure = self.daily.measure("COUNT" if value is None else "SUM", value, aggregate.where)
        if aggregate.half_life_days:
            measure = decayed(measure, AGE, aggregate.half_life_days)
        return call("SUM", measure, where=window(aggregate))

    def counted(self, aggregate: Aggregate) -> exp.Expr:
        """Count the rows whose value is not null."""
        return call("SUM", self.daily.measure("COUNT", aggregate.value, aggregate.where), where=window(aggregate))

    def extreme(self, aggregate: Aggregate) -> exp.Expr:
        """Take the least or greatest value; of `age_days` the least is the age of the latest row."""
        if isinstance(aggregate.value, Column) and aggregate.value.name == "age_days":
            inside = both(window(aggregate), self.daily.any(aggregate.where))
            return call(aggregate.kind, AGE, where=inside)
        measure = self.daily.measure(aggregate.kind, aggregate.value, aggregate.where)
        return call(aggregate.kind, measure, where=window(aggregate))

    def days(self, aggregate: Aggregate) -> exp.Expr:
        """Count the days on which there is a row."""
        inside = both(window(aggregate), self.daily.any(aggregate.where))
        return call("COUNT", exp.Distinct(expressions=[DAY]), where=inside)


@dataclass
class Days:
    """Aggregates over purchase days: the rows of a filter and window summed to one row a day."""

    daily: Daily
    key: str
    where: Node | None
    window: exp.Expr | None
    columns: dict[str, exp.Expr] = field(default_factory=dict)

    def total(self, aggregate: Aggregate, value: Node | None) -> exp.Expr:
        """Sum a value over days; count days where it is None."""
        summed = number(1) if value is None else render(value, self._column)
        if aggregate.half_life_days:
            summed = decayed(summed, exp.column("age_days"), aggregate.half_life_days)
        return call("SUM", summed)

    def counted(self, aggregate: Aggregate) -> exp.Expr:
        """Count the days whose value is not null."""
        return call("COUNT", self._value(aggregate))

    def extreme(self, aggregate: Aggregate) -> exp.Expr:
        """Take the least, greatest, first or last value."""
        if aggregate.kind in ("first", "last"):
            pick = "ARG_MIN" if aggregate.kind == "first" else "ARG_MAX"
            return call(pick, self._value(aggregate), exp.column("day"))
        return call(aggregate.kind, self._value(aggregate))

    def source(self, matched: exp.Select) -> exp.Select:
        """Give one row per spine row and day, with the gap to the day before."""
        sums = [exp.alias_(expression, name) for name, expression in self.columns.items() if name != "gap_days"]
        inner = matched.select(self.key, exp.alias_(DAY, "day"), exp.alias_(AGE, "age_days"), *sums, append=False)
        inside = both(self.window, self.daily.any(self.where))
        inner = (inner.where(inside) if inside else inner).group_by(self.key, DAY, AGE)
        if "gap_days" not in self.columns:
            return inner
        gap = exp.alias_(self.columns["gap_days"], "gap_days")
        return exp.select("*", gap).from_(inner.subquery("g"))

    def _value(self, aggregate: Aggregate) -> exp.Expr:
        return number(1) if aggregate.value is None else render(aggregate.value, self._column)

    def _column(self, node: Node) -> exp.Expr:
        name = column(node).name
        if name == "gap_days":
            self.columns[name] = exp.maybe_parse(
                f"day - LAG(day) OVER (PARTITION BY {self.key} ORDER BY day)", dialect="duckdb"
            )
        elif name != "age_days":
            self.columns[name] = call("SUM", self.daily.measure("SUM", node, self.where))
        return exp.column(name)
