"""A view summed to one row per customer (and category) and instant: what the rows and days of a query are read from.

The grid of instants holds every cutoff's time of day, so comparing instants with cutoffs, windows and horizons equals
comparing times.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from features.engine.instants import AT, CUTOFF
from features.engine.render import arg, both, call, column, days, number, render
from features.engine.sql.named import Named
from features.expression import Aggregate, Column, Node


def of_row(node: Node) -> exp.Expr:
    """Render a column of the rows that are matched with the spine."""
    return column(node, "d")


def window(aggregate: Aggregate, at: exp.Expr = AT) -> exp.Expr | None:
    """Hold for instants inside the aggregate's window."""
    first = exp.GTE(this=at, expression=_ago(aggregate.window_days)) if aggregate.window_days else None
    end = exp.LT(this=at, expression=_ago(aggregate.until_days)) if aggregate.until_days else None
    return both(first, end)


def _ago(count: int) -> exp.Expr:
    return exp.Sub(this=CUTOFF, expression=days(count))


@dataclass
class Daily:
    """The sums that are asked for of a view, per `keys` and instant.

    `always` are columns without a null: to count their values is to count rows.
    """

    keys: Sequence[str]
    always: frozenset[str] = frozenset()
    measures: Named = field(default_factory=lambda: Named("m"))
    earlier: Named = field(default_factory=lambda: Named("p"))

    def measure(self, function: str, value: Node | None, where: Node | None) -> exp.Expr:
        """Name an aggregate of a value over an instant's rows, made once for all who ask."""
        if function == "COUNT" and isinstance(value, Column) and value.name in self.always:
            value = None
        argument = exp.Star() if value is None else render(value, column)
        condition = None if where is None else render(where, column)
        if function in ("first", "last"):
            return self._named(self._at_the_end(function, argument, condition))
        return self._named(call(function, argument, where=condition))

    def moment(self, kind: str, value: Node | None, where: Node | None) -> exp.Expr:
        """Name the time of the first or last row that has the value: an instant of the grid may have several rows."""
        given = exp.null() if value is None else render(value, column)
        condition = None if where is None else render(where, column)
        inside = both(condition, given.is_(exp.null()).not_())
        return self._named(call("MIN" if kind == "first" else "MAX", exp.column("time"), where=inside))

    def any(self, where: Node | None) -> exp.Expr | None:
        """Hold for instants at which a row passes `where`."""
        return None if where is None else exp.GT(this=self.measure("COUNT", None, where), expression=number(0))

    def previous(self, where: Node | None) -> exp.Expr:
        """Name the instant before at which a row passes `where`; of use where an instant is a day."""
        passing = self.any(where)
        given = AT.copy() if passing is None else exp.Case().when(passing, AT.copy())
        before = exp.Window(
            this=exp.IgnoreNulls(this=exp.Lag(this=given)) if passing else exp.Lag(this=given),
            partition_by=[exp.column(key, "d") for key in self.keys],
            order=exp.Order(expressions=[exp.Ordered(this=AT.copy())]),
        )
        return exp.column(self.earlier.of(before), "d")

    def of(self, rows: exp.Select) -> exp.Select:
        """Sum the rows of a view, given their keys and instants."""
        summed = rows.select(*self.measures.aliases()).group_by(exp.var("ALL"))
        if not self.earlier.names:
            return summed
        return exp.select("*", *self.earlier.aliases()).from_(summed.subquery("d"))

    def _named(self, made: exp.Expr) -> exp.Expr:
        return exp.column(self.measures.of(made), "d")

    def _at_the_end(self, function: str, value: exp.Expr, condition: exp.Expr | None) -> exp.Expr:
        """Take the first row's value, the least of its time; or the last row's, the greatest of its time."""
        order = exp.Tuple(expressions=[exp.column("time"), value.copy()])
        return arg(function, value, order, where=both(condition, value.copy().is_(exp.null()).not_()))
