"""`@feature`, `@target` and `@population`: a function of a customer's events becomes data, once."""

import hashlib
import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal

from configs.registry import Registry
from features.expression import (
    COMPUTED,
    Aggregate,
    Events,
    Horizon,
    Node,
    Number,
    Past,
    Sql,
    Text,
    aggregates,
    columns,
    of_horizon,
)
from features.numeric import numbers
from features.tables import TABLES, VIEWS

QUESTION: Final = "question"
"""What the columns of the row that asks are declared of, which is no view: no engine computes them."""
Drift = Literal["level", "elapsed"]
TargetKind = Literal["binary", "count", "amount"]


@dataclass(frozen=True)
class Declaration:
    """A number of a customer at a cutoff (`by` a column: of a customer and one of its values), as data.

    `empty` is the value where the events give none. `drift` says how the number moves in healthy times: `level`
    stays, `elapsed` grows with the calendar. `kind` is what a target measures. `anchored` says of a population that
    each row of `of` is a question of its own, asked at the row's time. `text` says that it is no number.
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
    anchored: bool = False
    text: bool = False

    @cached_property
    def aggregates(self) -> list[Aggregate]:
        """The aggregates that the number is made of."""
        return aggregates(self.node)

    @cached_property
    def reads(self) -> dict[str, set[str]]:
        """The columns it reads, by view. An SQL aggregate's columns are the engine's to find."""
        read: dict[str, set[str]] = {}
        for each in self.aggregates:
            by = {self.by} if self.by else set()
            read.setdefault(each.view, set()).update((columns(each) - COMPUTED) | by)
        return read

    @property
    def sql_only(self) -> bool:
        """Whether it is said in SQL, so that only the SQL engines can compute it."""
        return any(isinstance(each.value, Sql) for each in self.aggregates)

    @property
    def of_horizon(self) -> bool:
        """Whether it can only be told of a horizon: it asks how long that is, or compares it with the past."""
        return of_horizon(self.node)

    @property
    def of_question(self) -> bool:
        """Whether it is a column of the row that asks, which is there without any engine."""
        return self.of == QUESTION

    @property
    def unit(self) -> str:
        """The unit, as its docstring ends: `Unit: days.`"""
        found = re.search(r"Unit: (.+?)\.", self.meaning)
        return found.group(1) if found else ""

    @cached_property
    def fingerprint(self) -> str:
        """Hash of what is computed; two declarations with the same one give the same numbers."""
        text = repr((self.node, self.of, self.by, self.empty, self.anchored))
        return hashlib.sha256(text.encode()).hexdigest()[:16]


FEATURES: Registry[Declaration] = Registry("feature")
TARGETS: Registry[Declaration] = Registry("target")
POPULATIONS: Registry[Declaration] = Registry("population")

Function = Callable[..., Number | Text | Events]


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
        for name, number in _variants(function, of, window_days, half_life_days):
            made = _declaration(function, name, number, of=of, by=by, empty=empty, drift=drift)
            if not made.unit:
                raise ValueError(f"feature {name!r}: end its docstring with the unit, as in 'Unit: days.'")
            FEATURES.add(name, made)
        return function

    return declare


def target(
    *,
    kind: TargetKind,
    by: str | None = None,
    of: str = "purchases",
    empty: float = 0.0,
    percent: tuple[int, ...] = (),
) -> Callable[[Function], Function]:
    """Declare a target over the events of the horizon; `kind` chooses its metrics and its models.

    A function that takes `past` compares with what was known before the cutoff. With percentages there is one target
    each, named `name_50`.
    """

    def declare(function: Function) -> Function:
        for name, number in _compared(function, of, percent):
            TARGETS.add(name, _declaration(function, name, number, of=of, by=by, empty=empty, kind=kind))
        return function

    return declare


def population(
    *,
    window_days: tuple[int, ...] = (),
    by: str | None = None,
    of: str = "purchases",
    empty: float = 0.0,
    anchored: bool = False,
) -> Callable[[Function], Function]:
    """Declare who is asked about: customers with a row of the view before the cutoff for whom the expression holds.

    `by="category"` asks about pairs of customer and category. With `anchored` the function gives events, and each of
    them is a question whose cutoff is its time.
    """

    def declare(function: Function) -> Function:
        for name, number in _variants(function, of, window_days, ()):
            options: dict[str, Any] = {"of": of, "by": by, "empty": empty, "kind": "binary", "anchored": anchored}
            POPULATIONS.add(name, _declaration(function, name, number, **options))
        return function

    return declare


def _variants(
    function: Function, of: str, windows: tuple[int, ...], half_lives: tuple[int, ...]
) -> Iterator[tuple[str, Number | Text | Events]]:
    name, events = function.__name__, Events(view=of)
    for days in windows:
        yield f"{name}_{days}d", function(events.within(days))
    for days in half_lives:
        yield f"{name}_{days}d", function(events, half_life_days=days)
    if not windows and not half_lives:
        yield name, function(events)


def _compared(function: Function, of: str, percent: tuple[int, ...]) -> Iterator[tuple[str, Number | Text | Events]]:
    """Call a target's function with the horizon, and with the past if it takes it."""
    given = [Horizon(view=of), *([Past(view=of)] if "past" in inspect.signature(function).parameters else [])]
    for each in percent:
        yield f"{function.__name__}_{each}", function(*given, percent=each)
    if not percent:
        yield function.__name__, function(*given)


def _declaration(function: Function, name: str, made: Number | Text | Events, *, of: str, **rest: Any) -> Declaration:
    if rest.get("anchored") and isinstance(made, Events):
        made = made.count()
    if not isinstance(made, Number | Text):
        raise TypeError(f"{name!r} must return a number of the customer, such as e.count(), not {made!r}")
    meaning = inspect.cleandoc(function.__doc__ or "")
    family = function.__module__.rpartition(".")[2]
    declared = Declaration(
        name=name, family=family, node=made.node, of=of, meaning=meaning, text=isinstance(made, Text), **rest
    )
    _check(declared)
    return declared


def _check(declared: Declaration) -> None:
    """Refuse views that there are not, time where a view has none, and texts taken as numbers."""
    unknown = sorted({declared.of, *declared.reads} - set(VIEWS))
    if unknown:
        raise ValueError(f"{declared.name!r} is declared of {unknown[0]!r}; declarations may be of {', '.join(VIEWS)}")
    for each in declared.aggregates:
        timed = each.window_days or each.until_days or each.half_life_days or each.source == "days"
        if VIEWS[each.view].timeless and (timed or columns(each) & COMPUTED):
            raise ValueError(f"{declared.name!r}: rows of {each.view} have no time; take their columns as they are")
        known = TABLES[VIEWS[each.view].table].columns
        wrong = sorted(name for name in numbers(each) if name in known and known[name].type in ("VARCHAR", "TIMESTAMP"))
        if wrong:
            mend = f"count rows with it, as in e.where(e[{wrong[0]!r}] == ...).count(), or its distinct() values"
            raise ValueError(
                f"{declared.name!r} takes {wrong[0]!r} of {each.view} as a number, which it is not; {mend}"
            )
