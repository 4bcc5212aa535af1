"""Targets that compare the horizon with the past, put together on Spark from the numbers of both."""

from collections.abc import Sequence

from sqlglot import exp

from features.declaration import Declaration
from features.engine.compared import Compared
from features.engine.render import double, number, render
from features.engine.spark.text import in_doubles, template
from features.expression import Aggregate, Node


def put_together(targets: Sequence[Declaration], compared: Compared, *, carried: Sequence[str]) -> str:
    """Write targets over the frame `{answers}`, which has the columns carried, the plain targets and all parts."""
    taken = [exp.column(name, quoted=True) for name in carried]
    made = [
        exp.alias_(_whole(each, compared), each.name, quoted=True)
        if each in compared.targets
        else exp.column(each.name, quoted=True)
        for each in targets
    ]
    question = exp.select(*taken, *made).from_("parts")
    return f"WITH parts AS (SELECT * FROM {{answers}}) {template(question)}"


def _whole(target: Declaration, compared: Compared) -> exp.Expr:
    """Write a target, and its `empty` where it gives nothing or there are no events of either period."""

    def leaf(node: Node) -> exp.Expr:
        if not isinstance(node, Aggregate):
            raise TypeError("a declaration is made of aggregates: write e['amount'].sum(), not e['amount']")
        return exp.column(compared.part(target, node), quoted=True)

    rendered = double(in_doubles(render(target.node, leaf)))
    if target.empty is None:
        return rendered
    marks = (exp.EQ(this=exp.column(name, quoted=True), expression=number(1)) for name in compared.marks(target))
    given = exp.Case().when(exp.or_(*marks), rendered)
    return exp.Coalesce(this=given, expressions=[double(exp.convert(float(target.empty)))])
