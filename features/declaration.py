"""`@feature`, `@target` and `@population`: a function of a customer's events becomes data, once."""

import hashlib
import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from configs.registry import Registry
from features.expression import Aggregate, Events, Node, Number, aggregates, columns
from features.tables import VIEWS

Drift = Literal["level", "elapsed"]
TargetKind = Literal["binary", "count", "amount"]
COMPUTED = frozenset({"age_days", "gap_days"})
"""Columns that the engine computes from time and cutoff."""


@dataclass(frozen=True)
class Declaration:
    """A number of a customer at a cutoff (`by` a column: of a customer and one of its values), as data.

    `empty` is the value where the events give none. `drift` says how the number moves in healthy times: `level`
    stays, `elapsed` grows with the calendar. `kind` is what a target measures.
    """

    name: str
    family: str
    node: Node
    of: str
    by: str | None
    empty: float | None
    meaning: str
    drift: Drift = "level"
    kind: TargetKind = "amount"

    @cached_property
    def aggregates(self) -> list[Aggregate]:
        """The aggregates that the number is made of."""
        return aggregates(self.node)

    @property
    def columns(self) -> set[str]:
        """Columns of the table that it reads."""
        read = {name for each in self.aggregates for name in columns(each)} - COMPUTED
        return read | ({self.by} if self.by else set())

    @property
    def unit(self) -> str:
        """The unit, as its docstring ends: `Unit: days.`"""
        found = re.search(r"Unit: (.+?)\.", self.meaning)
        return found.group(1) if found else ""

    @cached_property
    def fingerprint(self) -> str:
        """Hash of what is computed; two declarations with the same one give the same numbers."""
        text = repr((self.node, self.of, self.by, self.empty))
        return hashlib.sha256(text.encode()).hexdigest()[:16]


FEATURES: Registry[Declaration] = Registry("feature")
TARGETS: Registry[Declaration] = Registry("target")
POPULATIONS: Registry[Declaration] = Registry("population")

Function = Callable[..., Number]


def feature(
    *,
    window_days: tuple[int, ...] = (),
    half_life_days: tuple[int, ...] = (),
    by: str | None = None,
    of: str = "purchases",
    empty: float | None = None,
    drift: Drift = "level",
) -> Callable[[Function], Function]:
    """Declare a feature; with windows or half-lives one of each, named `name_30d`.

    Raises `ValueError` where the docstring names no unit, the view is unknown or the name is taken.
    """

    def declare(function: Function) -> Function:
        for name, number in _variants(function, window_days, half_life_days):
            made = _declaration(function, name, number, of=of, by=by, empty=empty, drift=drift)
            if not made.unit:
                raise ValueError(f"feature {name!r}: end its docstring with the unit, as in 'Unit: days.'")
            FEATURES.add(name, made)
        return function

    return declare


def target(
    *, kind: TargetKind, by: str | None = None, of: str = "purchases", empty: float = 0.0
) -> Callable[[Function], Function]:
    """Declare a target over the events of the horizon; `kind` chooses its metrics and its models."""

    def declare(function: Function) -> Function:
        name, number = next(_variants(function, (), ()))
        TARGETS.add(name, _declaration(function, name, number, of=of, by=by, empty=empty, kind=kind))
        return function

    return declare


def population(
    *, window_days: tuple[int, ...] = (), by: str | None = None, of: str = "purchases", empty: float = 0.0
) -> Callable[[Function], Function]:
    """Declare who is asked about: customers known at the cutoff for whom the expression holds.

    `by="category"` asks about pairs of customer and category.
    """

    def declare(function: Function) -> Function:
        for name, number in _variants(function, window_days, ()):
            POPULATIONS.add(name, _declaration(function, name, number, of=of, by=by, empty=empty, kind="binary"))
        return function

    return declare


def _variants(
    function: Function, windows: tuple[int, ...], half_lives: tuple[int, ...]
) -> Iterator[tuple[str, Number]]:
    name, events = function.__name__, Events()
    for days in windows:
        yield f"{name}_{days}d", function(events.within(days))
    for days in half_lives:
        yield f"{name}_{days}d", function(events, half_life_days=days)
    if not windows and not half_lives:
        yield name, function(events)


def _declaration(function: Function, name: str, number: Number, *, of: str, **rest: Any) -> Declaration:
    if not isinstance(number, Number):
        raise TypeError(f"{name!r} must return a number of the customer, such as e.count(), not {number!r}")
    if of not in VIEWS:
        raise ValueError(f"{name!r} is declared of {of!r}; declarations may be of {', '.join(VIEWS)}")
    meaning = inspect.cleandoc(function.__doc__ or "")
    family = function.__module__.rpartition(".")[2]
    return Declaration(name=name, family=family, node=number.node, of=of, meaning=meaning, **rest)
