"""The engine's queries in Spark's dialect: what sqlglot writes, and where Spark would mean something else by it."""

from collections.abc import Callable

from sqlglot import exp

from features.engine.render import double, number


def spark_text(query: exp.Expr) -> str:
    """Write a query for Spark. Every name is quoted, so that none is a keyword, whatever the session's settings."""
    return _rewritten(query, _portable).sql(dialect="spark", identify=True)


def in_doubles(numbers: exp.Expr) -> exp.Expr:
    """Multiply numbers of a customer as DOUBLE: of a product of decimals Spark may keep but 6 decimals."""
    return _rewritten(numbers, _double)


def name(column: str) -> str:
    """Quote a name for a template: SQL text in which `{...}` stands for a frame."""
    return _escaped(exp.to_identifier(column, quoted=True).sql(dialect="spark"))


def literal(text: str) -> str:
    """Quote a string for a template."""
    return _escaped(exp.Literal.string(text).sql(dialect="spark"))


def template(query: exp.Expr) -> str:
    """Write a query as a template in which no frame is named."""
    return _escaped(spark_text(query))


def _escaped(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _rewritten(tree: exp.Expr, rule: Callable[[exp.Expr], exp.Expr]) -> exp.Expr:
    """Apply a rule to every node, to the inner ones first."""
    made = tree.copy()
    for node in reversed(list(made.walk())):
        made = _put(made, node, rule(node))
    return made


def _put(tree: exp.Expr, node: exp.Expr, new: exp.Expr) -> exp.Expr:
    if node is tree:
        return new
    if new is not node:
        node.replace(new)
    return tree


def _portable(node: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.DataType) and node.is_type(exp.DType.TIMESTAMP):
        return exp.DataType.build("TIMESTAMPNTZ")  # TIMESTAMP is an instant, shown in the session's zone
    if isinstance(node, exp.DateDiff):
        return exp.func("DATE_DIFF", node.this, node.expression, dialect="spark")  # with a unit it compares instants
    if isinstance(node, exp.DayOfWeekIso):
        return exp.paren(exp.Add(this=exp.func("WEEKDAY", node.this), expression=number(1)))  # sqlglot's is a day off
    if isinstance(node, exp.GenerateSeries):
        return _sequence(node)
    if isinstance(node, exp.PercentileCont):
        return exp.func("PERCENTILE", node.this, node.expression)
    if isinstance(node, exp.Div):
        return exp.Div(this=double(node.this), expression=double(node.expression))  # of decimals it would be a decimal
    if isinstance(node, exp.Group):
        return _grouped(node)
    if isinstance(node, exp.Mul) and node.this == node.expression:
        return _square(node)
    return node


def _sequence(series: exp.GenerateSeries) -> exp.Expr:
    """Give an empty list where the end lies before the start, for which SEQUENCE raises."""
    start, end, step = series.args["start"], series.args["end"], series.args["step"]
    made = exp.func("SEQUENCE", start, end, step, dialect="spark")
    return exp.Case().when(exp.LTE(this=start.copy(), expression=end.copy()), made).else_(exp.array())


def _grouped(group: exp.Group) -> exp.Group:
    """Write out GROUP BY ALL, a word that is reserved where names are checked strictly."""
    if group.expressions != [exp.var("ALL")] or not isinstance(group.parent, exp.Select):
        return group
    keys = [each.unalias().copy() for each in group.parent.expressions if not each.find(exp.AggFunc)]
    return exp.Group(expressions=keys)


def _square(product: exp.Mul) -> exp.Expr:
    """Square amounts of 4 decimals: of the square of a sum, a DECIMAL(38, 4), Spark would keep 6 decimals of 8."""
    amount = exp.cast(product.this, "DECIMAL(18, 4)")
    return exp.Mul(this=amount, expression=amount.copy())


def _double(node: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.Mul):
        return exp.Mul(this=double(node.this), expression=double(node.expression))
    if isinstance(node, exp.Literal) and not node.is_string and not node.is_int:
        return double(node)
    return node
