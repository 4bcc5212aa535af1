"""Expressions of the vocabulary as SQL, through sqlglot's builder (DuckDB's dialect where text is parsed)."""

from collections.abc import Callable
from functools import cache

from sqlglot import exp

from features.expression import Column, Node, Operation
from features.expression import Constant as ConstantNode

Leaf = Callable[[Node], exp.Expr]
CLOCK = {"weekday": "ISODOW(time) - 1", "hour": "EXTRACT(hour FROM time)"}
"""Columns made of a row's time."""

_BINARY: dict[str, type[exp.Binary]] = {
    "+": exp.Add,
    "-": exp.Sub,
    "*": exp.Mul,
    "=": exp.EQ,
    "<>": exp.NEQ,
    "<": exp.LT,
    "<=": exp.LTE,
    ">": exp.GT,
    ">=": exp.GTE,
    "and": exp.And,
    "or": exp.Or,
}


TRUTHS = frozenset({"=", "<>", "<", "<=", ">", ">=", "and", "or", "not"})
"""Operators that give a truth."""


def render(node: Node, leaf: Leaf) -> exp.Expr:
    """Turn an expression into SQL; `leaf` renders columns and aggregates."""
    if isinstance(node, ConstantNode):
        return exp.convert(node.value)
    if not isinstance(node, Operation):
        return leaf(node)
    arguments = [exp.paren(render(argument, leaf)) for argument in node.arguments]
    match node.operator:
        case "/":
            return ratio(*arguments)
        case "%":
            divisor = exp.Nullif(this=double(arguments[1]), expression=number(0))
            return exp.paren(exp.Mod(this=double(arguments[0]), expression=divisor))
        case "not":
            return exp.Not(this=arguments[0])
        case "fill":
            return exp.Coalesce(this=arguments[0], expressions=arguments[1:])
        case "log1p":
            above = exp.GT(this=arguments[0], expression=number(-1))
            return exp.Case().when(above, exp.Ln(this=exp.Add(this=number(1), expression=arguments[0].copy())))
        case operator:
            return _BINARY[operator](this=arguments[0], expression=arguments[1])


def counting(node: Node, rendered: exp.Expr) -> exp.Expr:
    """Give what can be summed: of a condition 1 where it holds, for Spark adds up no truths."""
    truths = isinstance(node, Operation) and node.operator in TRUTHS
    return exp.cast(exp.paren(rendered), "INT") if truths else rendered


def column(node: Node, table: str | None = None) -> exp.Expr:
    """Render a column of the rows themselves."""
    if not isinstance(node, Column):
        raise TypeError("an aggregate of an aggregate is not a declaration; combine aggregates by arithmetic")
    if node.name in CLOCK:
        return exp.paren(exp.maybe_parse(CLOCK[node.name], dialect="duckdb"))
    return exp.column(node.name, table, quoted=True)


def number(value: float | str) -> exp.Expr:
    """Write a numeric literal."""
    return exp.Literal.number(value)


def double(expression: exp.Expr) -> exp.Expr:
    """Cast to DOUBLE."""
    return exp.cast(expression, "DOUBLE")


def ratio(above: exp.Expr, below: exp.Expr) -> exp.Expr:
    """Divide as DOUBLE; NULL where the divisor is 0."""
    return exp.Div(this=double(above), expression=exp.Nullif(this=double(below), expression=number(0)))


def call(name: str, *arguments: exp.Expr, where: exp.Expr | None = None) -> exp.Expr:
    """Call an aggregate function, over the rows that pass `where`."""
    called = exp.func(name, *arguments, dialect="duckdb")
    return called if where is None else exp.Filter(this=called, expression=exp.Where(this=where))


def arg(kind: str, value: exp.Expr, order: exp.Expr, *, where: exp.Expr | None) -> exp.Expr:
    """Take the value that comes first or last in an order, over the rows that pass `where`."""
    picked = (exp.ArgMin if kind == "first" else exp.ArgMax)(this=value, expression=order)
    return picked if where is None else exp.Filter(this=picked, expression=exp.Where(this=where))


def both(*conditions: exp.Expr | None) -> exp.Expr | None:
    """Join the conditions there are by AND; None if there are none."""
    given = [condition for condition in conditions if condition is not None]
    return exp.and_(*given) if given else None


def days(count: int) -> exp.Expr:
    """Write an interval of whole days."""
    return exp.Interval(this=exp.Literal.string(str(count)), unit=exp.var("DAY"))


@cache
def identifier(name: str) -> str:
    """Quote a name for SQL text."""
    return exp.to_identifier(name, quoted=True).sql(dialect="duckdb")


def text(value: str) -> str:
    """Quote a string for SQL text."""
    return exp.Literal.string(value).sql(dialect="duckdb")
