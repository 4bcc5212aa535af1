"""The vocabulary of declarations: a small expression over a customer's events, as plain data.

A declaration is called once with a symbolic `Events` and gives a `Number`. Nothing here knows a cutoff, so nothing
declared here can look past one: only the engine puts time and cutoff together.
"""

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, Self

Operator = Literal["+", "-", "*", "/", "%", "=", "<>", "<", "<=", ">", ">=", "and", "or", "not", "fill", "log1p"]
Kind = Literal[
    "count", "sum", "mean", "std", "min", "max", "first", "last", "distinct", "top", "top_share", "entropy", "sql"
]
Source = Literal["rows", "days"]

LABELS = frozenset({"distinct", "top", "top_share", "entropy"})
"""Kinds that ask which values there are, and how often."""
OF_ROWS = frozenset({"age_days", "weekday", "hour"})
"""Columns that the engine computes for a row: its age, and the day of the week (0 is Monday) and hour of its time."""
OF_DAYS = frozenset({"age_days", "gap_days", "lines"})
"""Columns that it computes for a purchase day: its age, the days since the one before, and how many rows it has."""
COMPUTED = OF_ROWS | OF_DAYS


class _Algebra:
    """Python's operators build nodes; one class for values of a row and numbers of a customer."""

    node: "Node"

    def _node(self, operator: Operator, *others: Any) -> Self:
        operation = Operation(operator, (self.node, *map(_plain, others)))
        return replace(self, node=operation)  # type: ignore[type-var]  # both subclasses are dataclasses

    def _reflected(self, operator: Operator, other: Any) -> Self:
        operation = Operation(operator, (_plain(other), self.node))
        return replace(self, node=operation)  # type: ignore[type-var]  # both subclasses are dataclasses

    def __add__(self, other: Any) -> Self:
        return self._node("+", other)

    def __sub__(self, other: Any) -> Self:
        return self._node("-", other)

    def __mul__(self, other: Any) -> Self:
        return self._node("*", other)

    def __radd__(self, other: Any) -> Self:
        return self._reflected("+", other)

    def __rsub__(self, other: Any) -> Self:
        return self._reflected("-", other)

    def __rmul__(self, other: Any) -> Self:
        return self._reflected("*", other)

    def __rtruediv__(self, other: Any) -> Self:
        return self._reflected("/", other)

    def __truediv__(self, other: Any) -> Self:
        """Divide; nothing where the divisor is 0."""
        return self._node("/", other)

    def __mod__(self, other: Any) -> Self:
        """Take the remainder of a division, of the sign of what is divided; nothing where the divisor is 0."""
        return self._node("%", other)

    def __eq__(self, other: object) -> Self:  # type: ignore[override]
        return self._node("=", other)

    def __ne__(self, other: object) -> Self:  # type: ignore[override]
        return self._node("<>", other)

    def __lt__(self, other: Any) -> Self:
        return self._node("<", other)

    def __le__(self, other: Any) -> Self:
        return self._node("<=", other)

    def __gt__(self, other: Any) -> Self:
        return self._node(">", other)

    def __ge__(self, other: Any) -> Self:
        return self._node(">=", other)

    def __and__(self, other: Any) -> Self:
        return self._node("and", other)

    def __or__(self, other: Any) -> Self:
        return self._node("or", other)

    def __invert__(self) -> Self:
        return self._node("not")

    def __bool__(self) -> bool:
        raise TypeError("a declaration is an expression, not a value: write & | ~ instead of and, or, not, if")

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True, eq=False)
class Constant:
    """A constant."""

    value: float | str | bool


@dataclass(frozen=True, eq=False)
class Column:
    """A column of the events table."""

    name: str


@dataclass(frozen=True, eq=False)
class Operation:
    """An operator over nodes of the same level: rows with rows, numbers with numbers."""

    operator: Operator
    arguments: tuple["Node", ...]


@dataclass(frozen=True, eq=False)
class Sql:
    """An aggregate in DuckDB's SQL over the rows of a view; only the SQL engines know it."""

    text: str


@dataclass(frozen=True, eq=False)
class Aggregate:
    """One number from a customer's events: `kind` of `value` over the rows that pass `where`, within the window.

    `view` is where the rows come from; empty means the declaration's own. `source` is `rows` (each row of the view) or
    `days` (rows summed to days first). The window reaches from `window_days` (None: the beginning) to `until_days`
    before the cutoff. `half_life_days` weighs a row by 2^(−age / half-life), its age in whole days.
    """

    kind: Kind
    value: "Node | None"
    view: str = ""
    source: Source = "rows"
    where: "Node | None" = None
    window_days: int | None = None
    until_days: int = 0
    half_life_days: int | None = None


@dataclass(frozen=True, eq=False)
class PastAggregate(Aggregate):
    """In a target an aggregate of what was known before the cutoff; every other one there is of the horizon."""


@dataclass(frozen=True, eq=False)
class HorizonDays:
    """How long the horizon is, in days: a number as soon as a target is asked for."""


Node = Constant | Column | Operation | Sql | Aggregate | HorizonDays


def _plain(thing: Any) -> Node:
    """Unwrap what a user combines: one of ours, or a Python constant."""
    if isinstance(thing, Values | Number):
        return thing.node
    if isinstance(thing, bool | int | float | str):
        return Constant(thing)
    raise TypeError(f"cannot use {thing!r} in a declaration; use columns of the events, numbers, text or truth values")


@dataclass(frozen=True, eq=False)
class Number(_Algebra):
    """A number of a customer: what a declaration returns."""

    node: Node

    def fill(self, value: float) -> "Number":
        """Take `value` where there is none."""
        return self._node("fill", value)

    def log1p(self) -> "Number":
        """Natural logarithm of one plus the number."""
        return self._node("log1p")


@dataclass(frozen=True)
class Text:
    """A text of a customer, such as what they buy most: to be read by people, and not for models."""

    node: Node


@dataclass(frozen=True, eq=False)
class Values(_Algebra):
    """A value for each row (or purchase day) of the events it was taken from."""

    events: "Events"
    node: Node

    def sum(self, *, half_life_days: int | None = None) -> Number:
        """Sum; 0 over no rows. With a half-life each row counts 2^(−age / half-life)."""
        return self.events._aggregate("sum", self.node, half_life_days)

    def mean(self) -> Number:
        """Arithmetic mean; nothing over no rows."""
        return self.events._aggregate("mean", self.node)

    def std(self) -> Number:
        """Sample standard deviation (n − 1); nothing over fewer than two rows."""
        return self.events._aggregate("std", self.node)

    def min(self) -> Number:
        """Least value; nothing over no rows."""
        return self.events._aggregate("min", self.node)

    def max(self) -> Number:
        """Greatest value; nothing over no rows."""
        return self.events._aggregate("max", self.node)

    def first(self) -> Number:
        """Value of the first row (the least one of that instant), or first day; nothing over no rows."""
        return self.events._aggregate("first", self.node)

    def last(self) -> Number:
        """Value of the last row (the greatest one of that instant), or last day; nothing over no rows."""
        return self.events._aggregate("last", self.node)

    def distinct(self) -> Number:
        """How many different values, nulls apart; 0 over no rows."""
        return self.events._aggregate("distinct", self.node)

    def top_share(self) -> Number:
        """Share of the most frequent value among the rows that have one; nothing over none."""
        return self.events._aggregate("top_share", self.node)

    def entropy(self) -> Number:
        """Shannon's entropy −Σ p ln p of the values' shares of the rows, in nats; nothing over none."""
        return self.events._aggregate("entropy", self.node)

    def top(self) -> Text:
        """Give the most frequent value, of several the least; nothing over no rows."""
        return Text(self.events._aggregate("top", self.node).node)


@dataclass(frozen=True, eq=False)
class Events:
    """A customer's events, symbolically: past ones for a feature, those of the horizon for a target.

    `e["amount"]` is a column; `e["weekday"]` (0 is Monday) and `e["hour"]` are those of a row's time, and
    `e["age_days"]` counts whole days back from the cutoff (min, max). `e.by_day()` gives purchase days, with their
    `age_days`, the `gap_days` since the purchase day before and the number of their `lines`. `e.of("touches")` are the
    same customer's events of another view.
    """

    source: Source = "rows"
    filter: Node | None = None
    window_days: int | None = None
    until_days: int = 0
    view: str = ""
    _made: ClassVar[type[Aggregate]] = Aggregate

    def __getitem__(self, column: str) -> Values:
        """Take a column."""
        if column in ("time", "known_time"):
            raise ValueError("time is the engine's alone: write e['age_days'], e.within(days) or e.by_day()")
        if column in OF_DAYS - OF_ROWS and self.source != "days":
            raise ValueError(f"{column} is a number of purchase days: write e.by_day()[{column!r}]")
        if column in OF_ROWS - OF_DAYS and self.source != "rows":
            raise ValueError(f"{column} is a number of rows: write e[{column!r}]")
        return Values(self, Column(column))

    def of(self, view: str) -> Self:
        """Take the same customer's events of another view, within the same window."""
        return replace(self, source="rows", filter=None, view=view)

    def where(self, condition: Values) -> Self:
        """Keep rows for which the condition holds (a null does not hold)."""
        computed = sorted(columns(condition.node) & {"age_days", "gap_days", "lines"})
        if computed:
            raise ValueError(f"rows cannot be filtered by {computed}: write e.within(days) for their age")
        if self.source == "days":
            raise ValueError("filter rows before they become days: write e.where(...).by_day()")
        node = condition.node if self.filter is None else Operation("and", (self.filter, condition.node))
        return replace(self, filter=node)

    def within(self, days: int) -> Self:
        """Keep rows of the last `days` days: cutoff − days ≤ time."""
        if days < 1:
            raise ValueError(f"a window must be at least 1 day long, not {days}")
        return replace(self, window_days=days if self.window_days is None else min(days, self.window_days))

    def before(self, days: int) -> Self:
        """Keep rows older than `days` days: time < cutoff − days."""
        if days < 1:
            raise ValueError(f"what lies before must lie at least 1 day before the cutoff, not {days}")
        return replace(self, until_days=max(days, self.until_days))

    def by_day(self) -> Self:
        """Sum the rows to one per day on which there are any."""
        return replace(self, source="days")

    def count(self, *, half_life_days: int | None = None) -> Number:
        """Count rows (or days); 0 over none. With a half-life each counts 2^(−age / half-life)."""
        return self._aggregate("count", None, half_life_days)

    def sql(self, aggregate: str) -> Number:
        """Take what the vocabulary cannot say as an aggregate in DuckDB's SQL, such as `median(amount)`.

        It sees the same rows as any other aggregate, with the column `age_days`, and runs on the SQL engines only.
        """
        if self.source == "days":
            raise ValueError("an SQL aggregate is over rows: write e.sql(...)")
        return self._aggregate("sql", Sql(aggregate))

    def _aggregate(self, kind: Kind, value: Node | None, half_life_days: int | None = None) -> Number:
        if kind in LABELS and self.source != "rows":
            raise ValueError(f"different values are counted over rows: write e[column].{kind}()")
        if half_life_days is not None and half_life_days <= 0:
            raise ValueError(f"a half-life must be longer than 0 days, not {half_life_days}")
        if self.window_days is not None and self.until_days >= self.window_days:
            raise ValueError(f"no time lies within {self.window_days} and before {self.until_days} days")
        if self.source == "rows" and "age_days" in columns(value) and not _is_extreme_age(kind, value):
            raise ValueError("of the age of rows there is only min and max; write e.by_day()['age_days'] for more")
        made = self._made(
            kind,
            value,
            view=self.view,
            source=self.source,
            where=self.filter,
            window_days=self.window_days,
            until_days=self.until_days,
            half_life_days=half_life_days,
        )
        return Number(made)


@dataclass(frozen=True, eq=False)
class Horizon(Events):
    """What happens within the horizon, and how long that is: what a target is given."""

    @property
    def horizon_days(self) -> Number:
        """The horizon's length. Unit: days."""
        return Number(HorizonDays())


@dataclass(frozen=True, eq=False)
class Past(Events):
    """What was known before the cutoff: what a target is given to compare the horizon with."""

    _made: ClassVar[type[Aggregate]] = PastAggregate


def _is_extreme_age(kind: Kind, value: Node | None) -> bool:
    return kind in ("min", "max") and isinstance(value, Column)


def aggregates(node: Node) -> list[Aggregate]:
    """List the aggregates of an expression, each once, in order."""
    if isinstance(node, Aggregate):
        return [node]
    found: dict[str, Aggregate] = {}
    for argument in node.arguments if isinstance(node, Operation) else ():
        found.update({repr(each): each for each in aggregates(argument)})
    return list(found.values())


def columns(node: Node | None) -> set[str]:
    """Name the columns that an expression reads."""
    if isinstance(node, Column):
        return {node.name}
    if isinstance(node, Aggregate):
        return columns(node.value) | columns(node.where)
    if isinstance(node, Operation):
        return {name for argument in node.arguments for name in columns(argument)}
    return set()


def of_horizon(node: Node) -> bool:
    """Whether a number can only be told of a horizon: it asks how long that is, or compares it with the past."""
    if isinstance(node, Operation):
        return any(map(of_horizon, node.arguments))
    return isinstance(node, HorizonDays | PastAggregate)


def over(node: Node, horizon_days: int) -> Node:
    """Say how long the horizon is."""
    if isinstance(node, Operation):
        return Operation(node.operator, tuple(over(argument, horizon_days) for argument in node.arguments))
    return Constant(horizon_days) if isinstance(node, HorizonDays) else node
