"""Declarations in words: `sum(amount) of purchases within 28 days where discount > 0`."""

from dataclasses import dataclass
from typing import Final

from features.declaration import Declaration
from features.expression import Aggregate, Column, Constant, HorizonDays, Node, Operation, PastAggregate, Sql

_BINDING: Final = {
    "or": 1,
    "and": 2,
    "not": 3,
    **dict.fromkeys(("=", "<>", "<", "<=", ">", ">="), 4),
    **dict.fromkeys(("+", "-"), 5),
    **dict.fromkeys(("*", "/", "%"), 6),
}
"""How tightly operators bind; calls, columns and constants bind tighter than all of them."""
_TIGHTEST: Final = 9
_WORDS: Final = frozenset({"and", "or", "not", "true", "false"})


def readable(declared: Declaration) -> str:
    """Write a declaration in words; two that compute something else of the same customers are written differently.

    What all its aggregates have in common (the view, the window, the condition) is said once, at the end.
    """
    scopes = {scope(each, declared.by) for each in declared.aggregates}
    if declared.anchored:
        return scopes.pop()
    if len(scopes) != 1:
        return _Words(declared.by, shared=False).of(declared.node)
    said = _Words(declared.by, shared=True).of(declared.node)
    return f"{f'({said})' if _binding(declared.node) < _TIGHTEST else said} of {scopes.pop()}"


def readable_aggregate(aggregate: Aggregate, by: str | None = None) -> str:
    """Write one aggregate in words."""
    return f"{_Words(by, shared=True).of(aggregate)} of {scope(aggregate, by)}"


def scope(aggregate: Aggregate, by: str | None = None) -> str:
    """Say over which rows an aggregate is: their view, window and condition."""
    words = ["days of"] if aggregate.source == "days" else []
    words += ["past"] if isinstance(aggregate, PastAggregate) else []
    words.append(f"{aggregate.view} of the {by}" if by else aggregate.view)
    if aggregate.window_days is not None:
        words.append(f"within {aggregate.window_days} days")
    if aggregate.until_days:
        words.append(f"older than {aggregate.until_days} days")
    if aggregate.where is not None:
        words.append(f"where {_Words(by, shared=False).of(aggregate.where)}")
    return " ".join(words)


@dataclass(frozen=True)
class _Words:
    """Writes nodes; `shared` leaves out of aggregates what is said once for all of them."""

    by: str | None
    shared: bool

    def of(self, node: Node) -> str:
        match node:
            case Constant(value):
                return _constant(value)
            case Column(name):
                return _column(name)
            case Sql(text):
                return f"sql({_constant(text)})"
            case HorizonDays():
                return "horizon_days"
            case Aggregate():
                said = self._aggregate(node)
                return said if self.shared else f"({said} of {scope(node, self.by)})"
        return self._operation(node)

    def _aggregate(self, each: Aggregate) -> str:
        inside = [] if each.value is None else [self.of(each.value)]
        if each.kind == "sql":
            return inside[0]
        if each.half_life_days is not None:
            inside.append(f"half-life {each.half_life_days} days")
        return f"{each.kind}({', '.join(inside)})" if inside else each.kind

    def _operation(self, node: Operation) -> str:
        binding = _binding(node)
        if binding == _TIGHTEST:
            return f"{node.operator}({', '.join(map(self.of, node.arguments))})"
        if len(node.arguments) == 1:
            return f"{node.operator} {self._operand(node.arguments[0], binding)}"
        left, right = node.arguments
        chained = binding != _BINDING["="]
        return f"{self._operand(left, binding + (not chained))} {node.operator} {self._operand(right, binding + 1)}"

    def _operand(self, node: Node, least: int) -> str:
        """Write an operand, in brackets where it binds less tightly than it must."""
        said = self.of(node)
        return f"({said})" if _binding(node) < least else said


def _column(name: str) -> str:
    plain = name.isidentifier() and name.lower() not in _WORDS
    return name if plain else '"' + name.replace('"', '""') + '"'


def _constant(value: float | str | bool) -> str:
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _binding(node: Node) -> int:
    return _BINDING.get(node.operator, _TIGHTEST) if isinstance(node, Operation) else _TIGHTEST
