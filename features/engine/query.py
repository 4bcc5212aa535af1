"""The query of a set of declarations: what to prepare once, and what to ask for each batch of the spine.

Preparing sums a view to one row per customer (and category) and instant, so that many cutoffs cost one pass over the
rows and one small grouping each.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pandas as pd
from sqlglot import exp

from features.declaration import Declaration
from features.engine.daily import AT, CUTOFF, KNOWN, Daily, column, of_row, window
from features.engine.named import Named
from features.engine.parts import Days, Labels, Part, Raw, Rows
from features.engine.render import both, call, days, double, render
from features.expression import LABELS, Aggregate, Node, Sql

Key = tuple[str, ...]


@dataclass(frozen=True)
class Period:
    """Which instants count at a cutoff: the past (no horizon), or a horizon of so many days.

    Of a horizon `known_by` leaves out what became known only at that instant or later.
    """

    horizon_days: int | None = None
    known_by: pd.Timestamp | None = None

    def holds(self, *, known: bool) -> exp.Expr:
        """At or after the cutoff is the future; of the past, only what was known by the cutoff."""
        inside: list[exp.Expr] = [exp.LT(this=AT, expression=CUTOFF)]
        if self.horizon_days is not None:
            end = exp.Add(this=CUTOFF, expression=days(self.horizon_days))
            inside = [exp.GTE(this=AT, expression=CUTOFF), exp.LT(this=AT, expression=end)]
        if known:
            inside.append(exp.LT(this=KNOWN, expression=self._known_by()))
        return exp.and_(*inside)

    def _known_by(self) -> exp.Expr:
        return CUTOFF if self.known_by is None else exp.cast(exp.Literal.string(str(self.known_by)), "TIMESTAMP")


@dataclass
class Group:
    """The aggregates of one view and one `by`: they share the daily sums."""

    name: str
    view: str
    by: str | None
    period: Period
    midnight: bool
    known: bool
    daily: Daily = field(default_factory=Daily)
    parts: dict[Key, Part] = field(default_factory=dict)
    chosen: dict[Key, Named] = field(default_factory=dict)
    valued: dict[Key, Aggregate] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """What the parts are grouped by: the spine's row, or for numbers of a customer who is asked about, and when."""
        return "row_id" if self.by else "who_id"

    def number(self, aggregate: Aggregate) -> exp.Expr:
        """Write an aggregate into its part, and give the column that holds it: 0 where there are no rows to count."""
        key = self._key(aggregate)
        part = self.parts.setdefault(key, self._made(key[0], aggregate))
        name = self.chosen.setdefault(key, Named("a")).of(part.expression(aggregate))
        rendered = exp.column(name, self._name(key))
        counts = aggregate.kind in ("count", "sum", "distinct")
        return exp.Coalesce(this=rendered, expressions=[exp.convert(0)]) if counts else rendered

    def marker(self, aggregate: Aggregate) -> exp.Expr:
        """Give a column that is null where the aggregate's part has no rows."""
        return exp.column(self.key, self._name(self._key(aggregate)))

    def prepared(self) -> dict[str, exp.Select]:
        """Give the tables to build once: the daily sums, and how often there is which value."""
        tables: dict[str, exp.Select] = {}
        if any(isinstance(part, Rows | Days) for part in self.parts.values()):
            tables[self._daily] = self._rows().select(*self.daily.measures.aliases()).group_by(exp.var("ALL"))
        for key, aggregate in self.valued.items():
            value = render(aggregate.value, column) if aggregate.value is not None else exp.null()
            passed = None if aggregate.where is None else render(aggregate.where, column)
            inside = both(passed, value.copy().is_(exp.null()).not_())
            counted = self._rows().select(exp.alias_(value, "value"), exp.alias_(call("COUNT", exp.Star()), "n"))
            tables[self._name(key)] = counted.where(inside).group_by(exp.var("ALL"))
        return tables

    def selects(self) -> dict[str, exp.Select]:
        """Give the grouped parts: one row per spine row that has events, one column an aggregate."""
        return {self._name(key): self._select(key, part) for key, part in self.parts.items()}

    def _select(self, key: Key, part: Part) -> exp.Select:
        columns = self.chosen[key].aliases()
        return part.source(self._matched(self._read(key, part))).select(self.key, *columns).group_by(self.key)

    def _read(self, key: Key, part: Part) -> exp.Expr:
        """Give what a part reads: the rows themselves, the values, or the daily sums."""
        if isinstance(part, Raw):
            instants = [f"{time} AS {name}" for name, time in self._instants().items()]
            return exp.select("*", *instants, dialect="duckdb").from_(self.view).subquery("d")
        return exp.to_table(self._name(key) if key in self.valued else self._daily).as_("d")

    def _key(self, aggregate: Aggregate) -> Key:
        """Name the part that an aggregate belongs to: those that read the same rows share one."""
        if aggregate.kind == "sql":
            return ("raw", repr(aggregate.where), str(aggregate.window_days), str(aggregate.until_days))
        if aggregate.kind in LABELS:
            return ("values", repr(aggregate.value), repr(aggregate.where))
        counted = aggregate.kind == "count" and aggregate.half_life_days is None
        if aggregate.source == "rows" or counted:
            return ("rows",)
        return ("days", repr(aggregate.where), str(aggregate.window_days), str(aggregate.until_days))

    def _made(self, sort: str, aggregate: Aggregate) -> Part:
        if isinstance(aggregate.value, Sql):
            condition = None if aggregate.where is None else render(aggregate.where, of_row)
            return Raw(both(condition, window(aggregate)))
        if sort == "values":
            self.valued.setdefault(self._key(aggregate), aggregate)
            return Labels(self.key)
        if sort == "rows":
            return Rows(self.daily)
        return Days(self.daily, self.key, aggregate.where, window(aggregate))

    def _name(self, key: Key) -> str:
        return f"{self.name}_{key[0]}{list(self.parts).index(key)}"

    @property
    def _daily(self) -> str:
        return f"{self.name}_daily"

    def _matched(self, read: exp.Expr) -> exp.Select:
        keys = ["customer_id"] + ([self.by] if self.by else [])
        same = [exp.EQ(this=exp.column(key, "s"), expression=exp.column(key, "d")) for key in keys]
        return (
            exp.select()
            .from_(f"{'spine' if self.by else 'who'} AS s")
            .join(read, on=exp.and_(*same, self.period.holds(known=self.known)))
        )

    def _rows(self) -> exp.Select:
        """Select the keys of a view's rows, at their instants."""
        floor = "DATE_TRUNC('day', {})" if self.midnight else "{}"
        keys = ["customer_id", *([self.by] if self.by else [])]
        instants = (f"CAST({floor.format(time)} AS TIMESTAMP) AS {name}" for name, time in self._instants().items())
        return exp.select(*keys, *instants, dialect="duckdb").from_(self.view)

    def _instants(self) -> dict[str, str]:
        return {"at": "time", "known": "COALESCE(known_time, time)"} if self.known else {"at": "time"}


@dataclass(frozen=True)
class Query:
    """All declarations asked at once: `prepare` is run once, `batch` for each batch of the spine."""

    prepare: dict[str, exp.Select]
    batch: exp.Select

    def texts(self, dialect: str) -> tuple[dict[str, str], str]:
        """Write it in a dialect: the tables to prepare, and the query of a batch."""
        return {name: table.sql(dialect=dialect) for name, table in self.prepare.items()}, self.batch.sql(
            dialect=dialect
        )


def write(
    declarations: Sequence[Declaration],
    *,
    period: Period,
    midnight: bool,
    known_views: frozenset[str],
    carried: Sequence[str],
) -> Query:
    """Write the query. `carried` are the spine's columns; `known_views` those with a `known_time`.

    `midnight` says that every cutoff (and `known_by`) lies at 00:00, so that a day is one instant.
    """
    groups: dict[tuple[str, str | None], Group] = {}

    def group(aggregate: Aggregate, by: str | None) -> Group:
        known = aggregate.view in known_views and (period.horizon_days is None or period.known_by is not None)
        made = Group(f"g{len(groups)}", aggregate.view, by, period, midnight, known)
        return groups.setdefault((aggregate.view, by), made)

    batch = exp.select(*(exp.column(name, "s", quoted=True) for name in carried)).from_("spine AS s")
    batch = batch.select(*(exp.alias_(_number(each, group), each.name, quoted=True) for each in declarations))
    for made in groups.values():
        for name, part in made.selects().items():
            batch = batch.join(part.subquery(name), using=made.key, join_type="left")
    return Query(
        prepare={name: table for made in groups.values() for name, table in made.prepared().items()},
        batch=batch.order_by(exp.column("row_id", "s")),
    )


def _number(declaration: Declaration, group: Callable[[Aggregate, str | None], Group]) -> exp.Expr:
    """Render a declaration over the parts, and its `empty` where they give nothing or there are no events."""

    def leaf(node: Node) -> exp.Expr:
        if not isinstance(node, Aggregate):
            raise TypeError("a declaration is made of aggregates: write e['amount'].sum(), not e['amount']")
        return group(node, declaration.by).number(node)

    rendered = render(declaration.node, leaf)
    rendered = rendered if declaration.text else double(rendered)
    if declaration.empty is None:
        return rendered
    markers = dict.fromkeys(group(each, declaration.by).marker(each) for each in declaration.aggregates)
    given = exp.Case().when(exp.func("COALESCE", *markers).is_(exp.null()).not_(), rendered)
    return exp.Coalesce(this=given, expressions=[exp.convert(float(declaration.empty))])
