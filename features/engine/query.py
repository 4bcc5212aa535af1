"""The query of a set of declarations: what to prepare once, and what to ask for each batch of the spine.

Preparing sums a view to one row per customer (and category) and *instant*: the grid instant at or before a row's
time. The grid holds every cutoff's time of day, so comparing instants with cutoffs, windows and horizons equals
comparing times, and many cutoffs cost one pass over the rows and one small grouping each.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd
from sqlglot import exp

from features.declaration import Declaration
from features.engine.parts import AT, CUTOFF, KNOWN, Daily, Days, Rows, column, formula, window
from features.engine.render import call, days, double, render
from features.expression import Aggregate, Node

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
    """The declarations of one view and one `by`: they share the daily sums."""

    name: str
    view: str
    by: str | None
    period: Period
    midnight: bool
    known: bool
    daily: Daily = field(default_factory=Daily)
    selected: dict[Key, dict[str, exp.Expr]] = field(default_factory=dict)
    spans: dict[Key, Days] = field(default_factory=dict)
    values: dict[Key, Aggregate] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """What the parts are grouped by: the spine's row, or for numbers of a customer who is asked about, and when."""
        return "row_id" if self.by else "who_id"

    def number(self, declaration: Declaration) -> exp.Expr:
        """Render a declaration over the parts, and its `empty` where they give nothing or there are no events."""
        rendered = double(render(declaration.node, self._leaf))
        if declaration.empty is None:
            return rendered
        empty = exp.convert(float(declaration.empty))
        parts = dict.fromkeys(self._part(self._placed(each)[0]) for each in declaration.aggregates)
        events = exp.func("COALESCE", *(exp.column(self.key, part) for part in parts))
        given = exp.Case().when(events.is_(exp.null()).not_(), rendered)
        return exp.Coalesce(this=given, expressions=[empty])

    def prepared(self) -> dict[str, exp.Select]:
        """Give the tables to build once: the daily sums, and the different values that are counted."""
        measures = [exp.alias_(expression, name) for name, expression in self.daily.measures.items()]
        tables = {f"{self.name}_daily": self._rows(None).select(*measures).group_by(exp.var("ALL"))}
        for key, aggregate in self.values.items():
            value = render(aggregate.value, column) if aggregate.value is not None else exp.null()
            tables[self._part(key)] = self._rows(aggregate.where).select(exp.alias_(value, "value")).distinct()
        return tables

    def parts(self) -> dict[str, exp.Select]:
        """Give the grouped parts: one row per spine row that has events, one column an aggregate."""
        return {self._part(key): self._select(key, chosen) for key, chosen in self.selected.items()}

    def _select(self, key: Key, chosen: dict[str, exp.Expr]) -> exp.Select:
        if key in self.spans:
            source = exp.select().from_(self.spans[key].source(self._matched(f"{self.name}_daily")).subquery("d"))
        else:
            source = self._matched(self._part(key) if key in self.values else f"{self.name}_daily")
        return source.select(self.key, *(exp.alias_(e, name) for name, e in chosen.items())).group_by(self.key)

    def _matched(self, table: str) -> exp.Select:
        keys = ["customer_id"] + ([self.by] if self.by else [])
        same = [exp.EQ(this=exp.column(key, "s"), expression=exp.column(key, "d")) for key in keys]
        return (
            exp.select()
            .from_(f"{'spine' if self.by else 'who'} AS s")
            .join(f"{table} AS d", on=exp.and_(*same, self.period.holds(known=self.known)))
        )

    def _rows(self, where: Node | None) -> exp.Select:
        floor = "DATE_TRUNC('day', {})" if self.midnight else "{}"
        instants = {"at": "time", "known": "COALESCE(known_time, time)"} if self.known else {"at": "time"}
        keys = ["customer_id", *([self.by] if self.by else [])]
        rows = exp.select(
            *keys, *(f"{floor.format(time)} AS {name}" for name, time in instants.items()), dialect="duckdb"
        )
        rows = rows.from_(self.view)
        return rows if where is None else rows.where(render(where, column))

    def _leaf(self, node: Node) -> exp.Expr:
        if not isinstance(node, Aggregate):
            raise TypeError("a declaration is made of aggregates: write e['amount'].sum(), not e['amount']")
        key, made = self._placed(node)
        chosen = self.selected.setdefault(key, {})
        names = {expression.sql(): name for name, expression in chosen.items()}
        name = names.get(made.sql()) or f"a{len(chosen)}"
        chosen[name] = made
        rendered = exp.column(name, self._part(key))
        return exp.Coalesce(this=rendered, expressions=[exp.convert(0)]) if _is_zero_over_none(node) else rendered

    def _placed(self, aggregate: Aggregate) -> tuple[Key, exp.Expr]:
        """Choose the part that an aggregate belongs to, and write it there."""
        if aggregate.kind == "distinct":
            key = ("values", repr(aggregate.value), repr(aggregate.where))
            self.values[key] = aggregate
            return key, call("COUNT", exp.Distinct(expressions=[exp.column("value", "d")]), where=window(aggregate))
        if aggregate.source == "rows":
            return ("rows",), formula(Rows(self.daily), aggregate)
        if aggregate.kind == "count" and aggregate.half_life_days is None:
            return ("rows",), Rows(self.daily).days(aggregate)
        key = ("days", repr(aggregate.where), str(aggregate.window_days))
        span = self.spans.setdefault(key, Days(self.daily, self.key, aggregate.where, window(aggregate)))
        return key, formula(span, aggregate)

    def _part(self, key: Key) -> str:
        return f"{self.name}_{key[0]}{list(self.selected).index(key) if key in self.selected else len(self.selected)}"


def _is_zero_over_none(aggregate: Aggregate) -> bool:
    return aggregate.kind in ("count", "sum", "distinct")


@dataclass(frozen=True)
class Query:
    """All declarations asked at once: `prepare` is run once, `batch` for each batch of the spine."""

    prepare: dict[str, str]
    batch: str


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
    numbers: list[exp.Expr] = []
    for each in declarations:
        name = f"g{len(groups)}"
        known = each.of in known_views and (period.horizon_days is None or period.known_by is not None)
        group = groups.setdefault((each.of, each.by), Group(name, each.of, each.by, period, midnight, known))
        numbers.append(exp.alias_(group.number(each), each.name, quoted=True))
    batch = exp.select(*(exp.column(name, "s", quoted=True) for name in carried), *numbers).from_("spine AS s")
    for group in groups.values():
        for name, part in group.parts().items():
            batch = batch.join(part.subquery(name), using=group.key, join_type="left")
    prepare = {name: table for group in groups.values() for name, table in group.prepared().items()}
    return Query(
        prepare={name: table.sql(dialect="duckdb") for name, table in prepare.items()},
        batch=batch.order_by(exp.column("row_id", "s")).sql(dialect="duckdb"),
    )
