"""What aggregates are grouped from: sums over rows, purchase days, the values of a column, and SQL over raw rows.

Each part is made of rows `d` that a cutoff may see, and groups them by who is asked about. Rows and days read the daily
sums of a view (`daily.py`); the formulas above totals (mean, standard deviation) are in `formula.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sqlglot import exp

from features.engine.instants import AGE, AT, CUTOFF, DAY
from features.engine.render import arg, both, call, column
from features.engine.sql.daily import Daily, window
from features.engine.sql.days import Days
from features.engine.sql.formula import decayed, formula
from features.engine.sql_text import parsed
from features.expression import Aggregate, Column, Node, Sql


class Part(Protocol):
    """A grouped part of the query: what an aggregate is over it, and the rows that it groups."""

    def expression(self, aggregate: Aggregate) -> exp.Expr:
        """Write an aggregate over the part's rows."""

    def marker(self, aggregate: Aggregate) -> exp.Expr | None:
        """Count the rows that the aggregate has at all; None where it has all of the part."""

    def source(self, seen: exp.Select) -> exp.Select:
        """Select the part's rows from those that are seen; they are then grouped by their keys."""


@dataclass(frozen=True)
class Rows:
    """Aggregates over rows, read off the daily sums; over days too if each of their rows is a `whole` day.

    `ahead` says that the cutoff begins the period, instead of ending it.
    """

    daily: Daily
    whole: bool
    ahead: bool

    def expression(self, aggregate: Aggregate) -> exp.Expr:
        """Write an aggregate; of purchase days that are not whole only their number."""
        if aggregate.source == "rows":
            return formula(self, aggregate)
        inside = self._inside(aggregate)
        if self.whole:
            days = Days(lambda node: self._of_day(node, aggregate), AGE, inside, self.daily.always)
            return formula(days, aggregate)
        return call("COUNT", exp.Distinct(expressions=[DAY]), where=inside)

    def marker(self, aggregate: Aggregate) -> exp.Expr | None:
        """Count the days of a filter and window."""
        if aggregate.source == "rows" or counts_days(aggregate):
            return None
        return call("COUNT", exp.Star(), where=self._inside(aggregate))

    def source(self, seen: exp.Select) -> exp.Select:
        """Group the daily sums as they are."""
        return seen

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

    def _of_day(self, node: Node, aggregate: Aggregate) -> exp.Expr:
        """Render a column of whole days; the first of a window or horizon has no gap, whatever lies before it."""
        name = column(node).name
        if name == "age_days":
            return AGE.copy()
        if name == "lines":
            return self.daily.measure("COUNT", None, aggregate.where)
        if name != "gap_days":
            return self.daily.measure("SUM", node, aggregate.where)
        before = self.daily.previous(aggregate.where)
        gap = exp.paren(
            exp.DateDiff(this=exp.cast(AT, "DATE"), expression=exp.cast(before, "DATE"), unit=exp.var("DAY"))
        )
        inside = exp.GTE(this=before.copy(), expression=CUTOFF) if self.ahead else window(aggregate, before.copy())
        return gap if inside is None else exp.Case().when(inside, gap)


def counts_days(aggregate: Aggregate) -> bool:
    """Whether an aggregate asks of days only how many there are."""
    return aggregate.source == "days" and aggregate.kind == "count" and aggregate.half_life_days is None


@dataclass
class Apart:
    """Aggregates over purchase days of a part of their own: the rows of a filter and window summed to one a day."""

    daily: Daily
    keys: Sequence[exp.Expr]
    where: Node | None
    window: exp.Expr | None
    columns: dict[str, exp.Expr] = field(default_factory=dict)

    def expression(self, aggregate: Aggregate) -> exp.Expr:
        """Write an aggregate over days."""
        days = Days(self._column, exp.column("age_days"), None, self.daily.always, exp.column("day"))
        return formula(days, aggregate)

    def marker(self, aggregate: Aggregate) -> exp.Expr | None:
        """All days are the aggregate's."""
        return None

    def source(self, seen: exp.Select) -> exp.Select:
        """Give one row per key and day, with the gap to the day before."""
        sums = [exp.alias_(expression, name) for name, expression in self.columns.items() if name != "gap_days"]
        inner = seen.select(*self.keys, exp.alias_(DAY, "day"), exp.alias_(AGE, "age_days"), *sums, append=False)
        inside = both(self.window, self.daily.any(self.where))
        inner = (inner.where(inside) if inside else inner).group_by(*self.keys, DAY, AGE)
        if "gap_days" not in self.columns:
            return exp.select().from_(inner.subquery("d"))
        gap = exp.alias_(self.columns["gap_days"], "gap_days")
        return exp.select().from_(exp.select("*", gap).from_(inner.subquery("g")).subquery("d"))

    def _column(self, node: Node) -> exp.Expr:
        name = column(node).name
        if name == "gap_days":
            keys = ", ".join(key.name for key in self.keys)
            before = f"LAG(day) OVER (PARTITION BY {keys} ORDER BY day)"
            self.columns[name] = exp.maybe_parse(f"DATE_DIFF('day', {before}, day)", dialect="duckdb")
        elif name == "lines":
            self.columns[name] = call("SUM", self.daily.measure("COUNT", None, self.where))
        elif name != "age_days":
            self.columns[name] = call("SUM", self.daily.measure("SUM", node, self.where))
        return exp.column(name)


@dataclass(frozen=True)
class Raw:
    """Aggregates in SQL, over the rows of the view themselves."""

    inside: exp.Expr | None

    def expression(self, aggregate: Aggregate) -> exp.Expr:
        """Write it as it was said."""
        if not isinstance(aggregate.value, Sql):
            raise TypeError(f"{aggregate.kind} is not said in SQL")
        return parsed(aggregate.value.text)

    def marker(self, aggregate: Aggregate) -> exp.Expr | None:
        """All rows are the aggregate's."""
        return None

    def source(self, seen: exp.Select) -> exp.Select:
        """Keep the rows of the filter and window."""
        return seen.where(self.inside) if self.inside is not None else seen
