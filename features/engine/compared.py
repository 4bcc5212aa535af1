"""Targets that compare the horizon with the past: taken apart into numbers of one period each, and put together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, reduce

import numpy as np
import pandas as pd

from features.declaration import Declaration
from features.engine.kernel.arithmetic import evaluate
from features.engine.kernel.loops import Floats
from features.expression import Aggregate, Constant, Node, Operation, PastAggregate, over


def told(declared: Declaration, horizon_days: int) -> Declaration:
    """Say in a target how long the horizon is."""
    return replace(declared, node=over(declared.node, horizon_days)) if declared.of_horizon else declared


@dataclass(frozen=True)
class Compared:
    """Targets, and what they are made of: `horizon` and `past` are to be computed, each of its own period.

    Of each target and period there is a mark too: whether there were events for it. A target has its `empty` where
    there were none of either period.
    """

    targets: Sequence[Declaration]

    @cached_property
    def horizon(self) -> list[Declaration]:
        """Declare what is asked of the horizon."""
        return list(self._parts(past=False))

    @cached_property
    def past(self) -> list[Declaration]:
        """Declare what is asked of the past."""
        return list(self._parts(past=True))

    def part(self, target: Declaration, aggregate: Aggregate) -> str:
        """Name the column of an aggregate."""
        return self._names[_key(target, aggregate)]

    def marks(self, target: Declaration) -> list[str]:
        """Name the columns that mark whether there are events."""
        return [name for past, name in _marks(target).items() if _own(target, past=past)]

    def whole(self, target: Declaration, answers: pd.DataFrame) -> Floats:
        """Put a target together."""

        def leaf(node: Node) -> Floats:
            if not isinstance(node, Aggregate):
                raise TypeError("a declaration is made of aggregates: write e['amount'].sum(), not e['amount']")
            return answers[self.part(target, node)].to_numpy(np.float64)

        made = np.broadcast_to(evaluate(target.node, leaf), len(answers))
        if target.empty is None:
            return made
        marked = (answers[self.marks(target)] == 1).any(axis=1).to_numpy()
        return np.where(marked & ~np.isnan(made), made, float(target.empty))

    @cached_property
    def _names(self) -> dict[str, str]:
        keys = dict.fromkeys(_key(target, each) for target in self.targets for each in target.aggregates)
        return {key: f"part {number}" for number, key in enumerate(keys)}

    def _parts(self, *, past: bool) -> Iterator[Declaration]:
        made: dict[str, Declaration] = {}
        for target in self.targets:
            own = _own(target, past=past)
            for each in own:
                name = self.part(target, each)
                made[name] = replace(target, name=name, node=_plain(each), empty=None)
            if own and target.empty is not None:
                name = _marks(target)[past]
                made[name] = replace(target, name=name, node=_there(own), empty=0.0)
        yield from made.values()


def _own(target: Declaration, *, past: bool) -> list[Aggregate]:
    return [each for each in target.aggregates if isinstance(each, PastAggregate) == past]


def _key(target: Declaration, aggregate: Aggregate) -> str:
    return repr((target.by, aggregate))


def _marks(target: Declaration) -> dict[bool, str]:
    return {False: f"horizon of {target.name}", True: f"past of {target.name}"}


def _plain(aggregate: Aggregate) -> Aggregate:
    """Take an aggregate without saying of which period it is: it is asked of that period alone."""
    return Aggregate(**vars(aggregate))


def _there(aggregates: Sequence[Aggregate]) -> Node:
    """Write what always holds, over aggregates: with an `empty` of 0 it tells whether there are events for them."""
    always = [Operation("or", (Operation("=", (each, each)), Constant(True))) for each in map(_plain, aggregates)]
    return reduce(lambda one, other: Operation("or", (one, other)), always)
