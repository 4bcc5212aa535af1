"""The operators of the vocabulary over arrays of doubles, in which NaN is nothing: as SQL has it, to the null rules."""

from collections.abc import Callable
from functools import reduce

import numpy as np

from features.engine.kernel.loops import Bools, Floats
from features.expression import Constant, Node, Operation

Leaf = Callable[[Node], Floats]


def evaluate(node: Node, leaf: Leaf) -> Floats:
    """Evaluate an expression; `leaf` gives columns and aggregates."""
    if isinstance(node, Constant):
        return np.asarray(float(node.value))
    if not isinstance(node, Operation):
        return leaf(node)
    arguments = [evaluate(argument, leaf) for argument in node.arguments]
    with np.errstate(all="ignore"):
        made: Floats = _OPERATORS[node.operator](*arguments)
    return made


def _truth(holds: Bools, *arguments: Floats) -> Floats:
    """Give 1, 0, or nothing where an argument is nothing."""
    missing = reduce(np.logical_or, (np.isnan(argument) for argument in arguments))
    return np.where(missing, np.nan, holds)


def _and(a: Floats, b: Floats) -> Floats:
    return np.where((a == 0) | (b == 0), 0.0, _truth(a * b != 0, a, b))


def _or(a: Floats, b: Floats) -> Floats:
    return _not(_and(_not(a), _not(b)))


def _not(a: Floats) -> Floats:
    return _truth(a == 0, a)


def _divided(a: Floats, b: Floats) -> Floats:
    return np.divide(a, np.where(b == 0, np.nan, b))


def _remainder(a: Floats, b: Floats) -> Floats:
    return np.fmod(a, np.where(b == 0, np.nan, b))


def _filled(a: Floats, b: Floats) -> Floats:
    return np.where(np.isnan(a), b, a)


def _logarithm(a: Floats) -> Floats:
    return np.log1p(np.where(a > -1, a, np.nan))


_OPERATORS: dict[str, Callable[..., Floats]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": _divided,
    "%": _remainder,
    "=": lambda a, b: _truth(a == b, a, b),
    "<>": lambda a, b: _truth(a != b, a, b),
    "<": lambda a, b: _truth(a < b, a, b),
    "<=": lambda a, b: _truth(a <= b, a, b),
    ">": lambda a, b: _truth(a > b, a, b),
    ">=": lambda a, b: _truth(a >= b, a, b),
    "and": _and,
    "or": _or,
    "not": _not,
    "fill": _filled,
    "log1p": _logarithm,
}
