"""A group of aggregates: those of one view, which share its daily sums, each in the part that reads the same rows."""

from dataclasses import dataclass, field
from functools import cached_property

from sqlglot import exp

from features.engine.instants import AT, CUTOFF, KNOWN
from features.engine.period import Period
from features.engine.render import both, column, days, render
from features.engine.sql.daily import Daily, of_row, window
from features.engine.sql.labels import Beside, Labels
from features.engine.sql.named import Named
from features.engine.sql.parts import Apart, Part, Raw, Rows, counts_days
from features.expression import LABELS, Aggregate, Sql
from features.tables import TABLES, VIEWS

Key = tuple[str, ...]
COUNTS = ("count", "sum", "distinct")
"""Kinds that give 0 over no rows."""


@dataclass(frozen=True)
class Asked:
    """What is asked of every group: of which period, and at which cutoffs.

    `midnight` says that every cutoff (and `known_by`) lies at 00:00, so that a day is one instant; `known_views` are
    those with a `known_time`. The cutoffs are asked one by one if they are known, `beside` each other.
    """

    period: Period
    midnight: bool
    known_views: frozenset[str]
    beside: Beside | None


@dataclass
class Group:
    """The aggregates of one view and one `by`: they share the daily sums."""

    name: str
    view: str
    by: str | None
    asked: Asked
    parts: dict[Key, Part] = field(default_factory=dict)
    chosen: dict[Key, Named] = field(default_factory=dict)
    valued: dict[Key, Aggregate] = field(default_factory=dict)

    @cached_property
    def daily(self) -> Daily:
        """The daily sums."""
        return Daily(self._grain, frozenset(TABLES[VIEWS[self.view].table].required))

    @property
    def keys(self) -> list[str]:
        """What the parts are grouped by: the customer (and category), and the cutoff unless it is a constant."""
        return [*self._grain, *([] if self.asked.beside else ["cutoff"])]

    def number(self, aggregate: Aggregate) -> exp.Expr:
        """Write an aggregate into its part, and give the column that holds it: 0 where there are no rows to count."""
        rendered = self._column(aggregate, self._part(aggregate).expression(aggregate))
        return exp.Coalesce(this=rendered, expressions=[exp.convert(0)]) if aggregate.kind in COUNTS else rendered

    def marker(self, aggregate: Aggregate) -> exp.Expr:
        """Give a column that is null where there are no rows for the aggregate."""
        marker = self._part(aggregate).marker(aggregate)
        if marker is None:
            return exp.column("customer_id", self._name(self._key(aggregate)))
        return exp.Nullif(this=self._column(aggregate, marker), expression=exp.convert(0))

    def prepared(self) -> dict[str, exp.Select]:
        """Give the tables to build once: the daily sums, and for known cutoffs the numbers of values."""
        tables: dict[str, exp.Select] = {}
        if any(isinstance(part, Rows | Apart) for part in self.parts.values()):
            tables[self._daily] = self.daily.of(self._rows())
        if self.asked.beside:
            parts = ((key, part) for key, part in self.parts.items() if isinstance(part, Labels))
            tables.update({self._name(key): self._valued(key, part, self.asked.beside) for key, part in parts})
        return tables

    def selects(self) -> dict[str, exp.Select]:
        """Give the grouped parts: one row per spine row that has events, one column an aggregate."""
        return {self._name(key): self._select(key, part) for key, part in self.parts.items()}

    def _select(self, key: Key, part: Part) -> exp.Select:
        if self.asked.beside and isinstance(part, Labels):
            place = exp.cast(exp.Placeholder(this="number"), "BIGINT")
            names = self.chosen[key].names.values()
            taken = [exp.alias_(exp.Bracket(this=exp.column(name), expressions=[place.copy()]), name) for name in names]
            return exp.select(*self.keys, *taken).from_(self._name(key))
        seen = self._seen(self._read(key, part))
        if isinstance(part, Labels):
            seen = seen.select(*self._keyed("s"))
        inner = isinstance(part, Labels | Apart) or self.asked.beside
        keys = self._keyed("d" if inner else "s")
        columns, sums = self.chosen[key].aliases(), Named("b")
        if isinstance(part, Raw) or not any(column.find(exp.Case) for column in columns):
            return part.source(seen).select(*keys, *columns).group_by(*keys)
        columns = [column.transform(_summed, sums) for column in columns]
        summed = part.source(seen).select(*keys, *sums.aliases()).group_by(*keys)
        return exp.select(*self.keys, *columns).from_(summed.subquery("b"))

    def _valued(self, key: Key, part: Labels, beside: Beside) -> exp.Select:
        """Count the values of rows for every known cutoff, and take the aggregates of each as lists."""
        latest = exp.or_(*(beside.at(place, self._holds) for place in reversed(range(beside.count))))
        keys, value = self._keyed("d"), exp.column("value", "d")
        inner = exp.select(*keys, value, *beside.each(part.counts.aliases())).from_(self._read(key, part)).where(latest)
        lists = beside.lists(self.chosen[key].aliases())
        return exp.select(*keys, *lists).from_(inner.group_by(*keys, value).subquery("d")).group_by(*keys)

    def _read(self, key: Key, part: Part) -> exp.Expr:
        """Give what a part reads: the rows themselves, their values, or the daily sums."""
        instants = [f"{time} AS {name}" for name, time in self._instants().items()]
        if isinstance(part, Raw):
            return exp.select("*", *instants, dialect="duckdb").from_(self.view).subquery("d")
        if not isinstance(part, Labels):
            return exp.to_table(self._daily).as_("d")
        aggregate = self.valued[key]
        value = exp.null() if aggregate.value is None else render(aggregate.value, column)
        passed = None if aggregate.where is None else render(aggregate.where, column)
        rows = exp.select(*self._grain, *instants, exp.alias_(value, "value"), dialect="duckdb").from_(self.view)
        return rows.where(both(passed, value.copy().is_(exp.null()).not_())).subquery("d")

    def _key(self, aggregate: Aggregate) -> Key:
        """Name the part that an aggregate belongs to: those that read the same rows share one."""
        if aggregate.kind == "sql":
            return ("raw", repr(aggregate.where), str(aggregate.window_days), str(aggregate.until_days))
        if aggregate.kind in LABELS:
            return ("values", repr(aggregate.value), repr(aggregate.where))
        if aggregate.source == "rows" or counts_days(aggregate) or self._whole:
            return ("rows",)
        return ("days", repr(aggregate.where), str(aggregate.window_days), str(aggregate.until_days))

    def _part(self, aggregate: Aggregate) -> Part:
        key = self._key(aggregate)
        return self.parts.get(key) or self.parts.setdefault(key, self._made(key, aggregate))

    def _made(self, key: Key, aggregate: Aggregate) -> Part:
        if isinstance(aggregate.value, Sql):
            condition = None if aggregate.where is None else render(aggregate.where, of_row)
            return Raw(both(condition, window(aggregate)))
        if key[0] == "values":
            self.valued[key] = aggregate
            return Labels(self._holds if self.asked.beside else None)
        if key[0] == "rows":
            return Rows(self.daily, self._whole, self.asked.period.horizon_days is not None)
        keys = self._keyed("d" if self.asked.beside else "s")
        return Apart(self.daily, keys, aggregate.where, window(aggregate))

    def _column(self, aggregate: Aggregate, expression: exp.Expr) -> exp.Expr:
        key = self._key(aggregate)
        return exp.column(self.chosen.setdefault(key, Named("a")).of(expression), self._name(key))

    def _name(self, key: Key) -> str:
        return f"{self.name}_{key[0]}{list(self.parts).index(key)}"

    @property
    def _daily(self) -> str:
        return f"{self.name}_daily"

    @property
    def _grain(self) -> list[str]:
        return ["customer_id", *([self.by] if self.by else [])]

    @property
    def _known(self) -> bool:
        """Whether it matters when a row became known."""
        return self.view in self.asked.known_views and self.asked.period.asks_when_known

    @property
    def _whole(self) -> bool:
        """Whether a daily sum is that of a whole day, of which a cutoff sees all or nothing."""
        return self.asked.midnight and not self._known

    @property
    def _holds(self) -> exp.Expr:
        return holds(self.asked.period, known=self._known)

    def _keyed(self, table: str) -> list[exp.Expr]:
        return [exp.column(key, table) for key in self.keys]

    def _seen(self, read: exp.Expr) -> exp.Select:
        """Select the rows that the asked may see.

        Spark runs what is spread over its machines by the same keys in one go, for which the parts are too many: by
        `today` who is asked is spread otherwise.
        """
        if self.asked.beside:
            return exp.select().from_(read).where(self._holds)
        today = exp.alias_(exp.cast(exp.column("cutoff"), "DATE"), "today")
        who = exp.select(*self.keys, today).distinct().from_("spine").subquery("s")
        same = [exp.EQ(this=exp.column(key, "s"), expression=exp.column(key, "d")) for key in self._grain]
        return exp.select().from_(who).join(read, on=exp.and_(*same, self._holds))

    def _rows(self) -> exp.Select:
        """Select the keys of a view's rows, at their instants."""
        type_ = "DATE" if self.asked.midnight else "TIMESTAMP"
        instants = (f"CAST({time} AS {type_}) AS {name}" for name, time in self._instants().items())
        return exp.select(*self._grain, *instants, dialect="duckdb").from_(self.view)

    def _instants(self) -> dict[str, str]:
        return {"at": "time", "known": "COALESCE(known_time, time)"} if self._known else {"at": "time"}


def holds(period: Period, *, known: bool) -> exp.Expr:
    """Write the condition of a period: at or after the cutoff is the future; of the past, what was known by then."""
    inside: list[exp.Expr] = [exp.LT(this=AT, expression=CUTOFF)]
    if period.horizon_days is not None:
        end = exp.Add(this=CUTOFF, expression=days(period.horizon_days))
        inside = [exp.GTE(this=AT, expression=CUTOFF), exp.LT(this=AT, expression=end)]
    if known:
        by = CUTOFF if period.known_by is None else exp.cast(exp.Literal.string(str(period.known_by)), "TIMESTAMP")
        inside.append(exp.LT(this=KNOWN, expression=by))
    return exp.and_(*inside)


def _summed(node: exp.Expr, sums: Named) -> exp.Expr:
    """Name what is summed up, and its value as a double, so that a CASE over it does not compute it again."""
    inner = node.this if isinstance(node, exp.Cast) and node.is_type("DOUBLE") else node
    return exp.column(sums.of(node), "b") if isinstance(inner, exp.AggFunc | exp.Filter) else node
