"""Which columns an expression counts with, and which texts it compares columns to."""

from collections.abc import Iterator
from typing import Final

from features.expression import COMPUTED, LABELS, Aggregate, Column, Constant, Node, Operation

_COMPARED: Final = frozenset({"=", "<>", "<", "<=", ">", ">="})
_TRUTHS: Final = _COMPARED | {"and", "or", "not"}
"""Operators that take columns of any sort."""


def numbers(aggregate: Aggregate) -> set[str]:
    """Name the columns whose values must be numbers or truth values for an aggregate to be a number."""
    label = aggregate.kind in LABELS and isinstance(aggregate.value, Column)
    found = set() if label else set(_counted(aggregate.value))
    return (found | set(_within(aggregate.where))) - COMPUTED


def texts(aggregate: Aggregate) -> set[tuple[str, str]]:
    """Pair columns with the texts that they are compared to."""
    return {*_texts(aggregate.value), *_texts(aggregate.where)}


def _counted(node: Node | None) -> Iterator[str]:
    """Name the columns that are numbers where the node itself is one."""
    if isinstance(node, Column):
        yield node.name
    yield from _within(node)


def _within(node: Node | None) -> Iterator[str]:
    """Name the columns that are counted with inside an operation."""
    if isinstance(node, Operation):
        inside = _within if node.operator in _TRUTHS else _counted
        for argument in node.arguments:
            yield from inside(argument)


def _texts(node: Node | None) -> Iterator[tuple[str, str]]:
    if not isinstance(node, Operation):
        return
    for argument in node.arguments:
        yield from _texts(argument)
    if node.operator in _COMPARED:
        words = [each.value for each in node.arguments if isinstance(each, Constant) and isinstance(each.value, str)]
        named = [each.name for each in node.arguments if isinstance(each, Column)]
        yield from ((column, word) for column in named for word in words)
