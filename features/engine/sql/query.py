"""The query of a set of declarations: what to prepare once, and what to ask for each batch of the spine.

Preparing sums a view to one row per customer (and category) and instant, so that many cutoffs cost one pass over the
rows and one small grouping each. Few cutoffs of many customers are asked one by one: each is a constant of its batch,
`$cutoff`, and rows are grouped by customer. Else the rows are joined with those who are asked about, and when.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

from sqlglot import exp

from features.declaration import Declaration
from features.engine.instants import CUTOFF
from features.engine.period import Period
from features.engine.render import double, render
from features.engine.sql.group import COUNTS, Asked, Group
from features.engine.sql.labels import Beside
from features.expression import Aggregate, Node


@dataclass(frozen=True)
class Query:
    """All declarations asked at once: `prepare` is run once, `batch` for each batch of the spine."""

    prepare: dict[str, exp.Select]
    batch: exp.Select


def write(
    declarations: Sequence[Declaration],
    *,
    period: Period,
    midnight: bool,
    known_views: frozenset[str],
    carried: Sequence[str],
    cutoffs: int = 0,
) -> Query:
    """Write the query. `carried` are the spine's columns; `known_views` those with a `known_time`.

    `midnight` says that every cutoff (and `known_by`) lies at 00:00, so that a day is one instant. With `cutoffs` the
    query is for so many that are parameters: all of them, `$cutoff_0` and so on, of what is prepared, and one of a
    batch, `$cutoff`, which is the `$number`th.
    """
    asked = Asked(period, midnight, known_views, Beside(cutoffs) if cutoffs else None)
    groups: dict[tuple[str, str | None], Group] = {}

    def group(aggregate: Aggregate, by: str | None) -> Group:
        return groups.setdefault((aggregate.view, by), Group(f"g{len(groups)}", aggregate.view, by, asked))

    batch = exp.select(*(exp.column(name, "s", quoted=True) for name in carried)).from_("spine AS s")
    batch = batch.select(*(exp.alias_(_number(each, group), each.name, quoted=True) for each in declarations))
    for made in groups.values():
        for name, part in made.selects().items():
            same = (exp.EQ(this=exp.column(key, "s"), expression=exp.column(key, name)) for key in made.keys)
            batch = batch.join(part.subquery(name), on=exp.and_(*same), join_type="left")
    prepare = {name: table for made in groups.values() for name, table in made.prepared().items()}
    if not cutoffs:
        return Query(prepare, batch)
    now = exp.cast(exp.Placeholder(this="cutoff"), "DATE" if midnight else "TIMESTAMP")
    alone = cast("exp.Select", batch.transform(lambda node: now.copy() if node == CUTOFF else node))
    return Query(prepare, alone.where(exp.EQ(this=CUTOFF, expression=now)))


def _number(declaration: Declaration, group: Callable[[Aggregate, str | None], Group]) -> exp.Expr:
    """Render a declaration over the parts, and its `empty` where they give nothing or there are no events."""

    def leaf(node: Node) -> exp.Expr:
        if not isinstance(node, Aggregate):
            raise TypeError("a declaration is made of aggregates: write e['amount'].sum(), not e['amount']")
        return group(node, declaration.by).number(node)

    rendered = render(declaration.node, leaf)
    rendered = rendered if declaration.text else double(rendered)
    counts = isinstance(declaration.node, Aggregate) and declaration.node.kind in COUNTS
    if declaration.empty is None or (counts and declaration.empty == 0):
        return rendered
    markers = dict.fromkeys(group(each, declaration.by).marker(each) for each in declaration.aggregates)
    given = exp.Case().when(exp.or_(*(marker.is_(exp.null()).not_() for marker in markers)), rendered)
    return exp.Coalesce(this=given, expressions=[exp.convert(float(declaration.empty))])
