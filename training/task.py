"""A task: whom a model is asked about, what it predicts and from what; and its examples at given cutoffs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from features.cutoffs import check_cutoffs, closed, every
from features.declaration import Declaration
from features.engine.run import check_horizon, outcome
from features.frame import frame
from features.history import History
from models.contract import TargetKind


@dataclass(frozen=True)
class Task:
    """What is predicted for whom. No target: customers are described (segments), nothing is predicted."""

    history: History
    population: Declaration
    features: Sequence[Declaration]
    target: Declaration | None = None
    horizon_days: int = 0
    categories: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Refuse texts: no model can be made of them."""
        texts = [each.name for each in self.features if each.text]
        if texts:
            raise ValueError(
                f"the features {texts} are texts for people to read, and models need numbers; leave them out"
            )

    @property
    def kind(self) -> TargetKind:
        """What the target measures."""
        return "none" if self.target is None else self.target.kind

    def examples(self, cutoffs: Iterable[pd.Timestamp], *, known_by: pd.Timestamp | None = None) -> "Examples":
        """Give the frame at some cutoffs and, where there is a target, its value for each row.

        `known_by` leaves out of the target's horizon what became known only then or later.
        """
        X = frame(self.history, cutoffs, population=self.population, features=self.features, categories=self.categories)
        if self.target is None:
            return Examples(X, pd.Series(0.0, index=X.index, name="target"))
        keys = [key for key in ("customer_id", "cutoff", self.target.by) if key]
        asked = outcome(self.history, X[keys], [self.target], horizon_days=self.horizon_days, known_by=known_by)
        return Examples(X, asked[self.target.name])


@dataclass(frozen=True)
class Examples:
    """A frame and the target's value for each of its rows."""

    X: pd.DataFrame
    y: pd.Series


@dataclass(frozen=True)
class Split:
    """Examples to learn from and later ones to be tested on."""

    train: Examples
    test: Examples

    @property
    def first_test(self) -> pd.Timestamp:
        """The earliest test cutoff: nothing at or after it may be learned from."""
        return pd.Timestamp(self.test.X["cutoff"].min())


def training_cutoffs(
    *, first: pd.Timestamp, step_days: int, test: Sequence[pd.Timestamp], horizon_days: int
) -> pd.DatetimeIndex:
    """List the cutoffs to learn at: `step_days` apart, from the last whose horizon closes by the first test cutoff.

    Where nothing is predicted there is no horizon (0): the latest is then a step before the first test cutoff.
    """
    start = pd.Timestamp(min(test))
    latest = start - pd.Timedelta(days=horizon_days or step_days)
    return closed(every(first, latest, step_days=step_days), horizon_days=horizon_days, by=start)


def split(task: Task, *, first: pd.Timestamp, step_days: int, test: Sequence[pd.Timestamp]) -> Split:
    """Make the examples: those of the test cutoffs, and of the training cutoffs before them.

    Raises `ValueError` where a test cutoff or its horizon lies beyond the data, or nothing is left to train on.
    """
    tests = pd.DatetimeIndex(list(test))
    check_cutoffs(task.history, tests)
    if task.target is not None:
        check_horizon(task.history, tests, horizon_days=task.horizon_days)
    start = pd.Timestamp(tests.min())
    cutoffs = training_cutoffs(first=first, step_days=step_days, test=test, horizon_days=task.horizon_days)
    if cutoffs.empty:
        raise ValueError(
            f"no training cutoff from {first:%Y-%m-%d} on has a {task.horizon_days}-day horizon that closes by the "
            f"first test cutoff {start:%Y-%m-%d}; set an earlier `first`, a later test cutoff or a shorter horizon"
        )
    return Split(task.examples(cutoffs, known_by=start), task.examples(test))
