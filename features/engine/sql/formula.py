"""Aggregates above totals: what a part of the query must give, and the formulas over it, written once."""

from math import log
from typing import Protocol

from sqlglot import exp

from features.engine.render import double, number, ratio
from features.expression import Aggregate, Node, Operation

WEIGHTED = "DECIMAL(38, 9)"
"""Terms of decayed sums are rounded to 1e-9, so that they too add up the same in any order."""


class Totals(Protocol):
    """What the formulas ask of a part: totals (which do not depend on the order of rows), and picked values."""

    def total(self, aggregate: Aggregate, value: Node | None) -> exp.Expr:
        """Sum a value over the aggregate's rows; count them where the value is None."""

    def counted(self, aggregate: Aggregate) -> exp.Expr:
        """Count the rows whose value is not null."""

    def picked(self, aggregate: Aggregate) -> exp.Expr:
        """Take the least, greatest, first or last value."""


def formula(part: Totals, aggregate: Aggregate) -> exp.Expr:
    """Write an aggregate over its part."""
    match aggregate.kind:
        case "count" | "sum":
            return part.total(aggregate, aggregate.value)
        case "mean":
            return ratio(part.total(aggregate, aggregate.value), part.counted(aggregate))
        case "std":
            return _deviation(part, aggregate)
        case _:
            return part.picked(aggregate)


def decayed(value: exp.Expr, age: exp.Expr, half_life_days: int) -> exp.Expr:
    """Weigh by 2^(−age / half-life)."""
    rate = exp.Mul(this=double(age), expression=number(repr(-log(2) / half_life_days)))
    return exp.cast(exp.Mul(this=exp.paren(double(value)), expression=exp.Exp(this=rate)), WEIGHTED)


def _deviation(part: Totals, aggregate: Aggregate) -> exp.Expr:
    """Write √((n Σx² − (Σx)²) / (n (n − 1))).

    Its numerator is taken exactly where in doubles most of it would cancel, as of near-equal values.
    """
    if aggregate.value is None:
        raise TypeError("a standard deviation needs a value")
    square = Operation("*", (aggregate.value, aggregate.value))
    n = part.counted(aggregate)
    total, squares = part.total(aggregate, aggregate.value), part.total(aggregate, square)
    exact = exp.Sub(
        this=exp.Mul(this=_units(n, 0), expression=_units(squares, 8)),
        expression=exp.Mul(this=_units(total, 4), expression=_units(total, 4)),
    )
    whole = exp.Mul(this=double(n), expression=double(squares))
    near = exp.Sub(this=whole, expression=exp.Mul(this=double(total), expression=double(total)))
    above = (
        exp.Case()
        .when(exp.LT(this=n, expression=number(2)), exp.null())
        .when(exp.GT(this=exp.paren(near), expression=exp.Mul(this=whole.copy(), expression=number("1e-5"))), near)
        .else_(exp.Div(this=double(exp.paren(exact)), expression=number("1e8")))
    )
    pairs = exp.Mul(this=double(n), expression=exp.paren(exp.Sub(this=double(n), expression=number(1))))
    return exp.Sqrt(this=ratio(above, exp.paren(pairs)))


def _units(amount: exp.Expr, decimals: int) -> exp.Expr:
    """Count in units of 10^−decimals, as a whole number."""
    scaled = exp.Mul(this=exp.paren(amount), expression=number(10**decimals)) if decimals else amount
    return exp.cast(scaled, "DECIMAL(38, 0)")
