"""What is learned from and what is tested on: rolling origins for dated data, folds for tables without dates."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedKFold

from features.cutoffs import check_cutoffs, every
from features.engine.run import check_horizon
from models.contract import Model, eligible
from training.task import Examples, Task

FEWEST = 200
"""Rows that a block of inner test cutoffs has at least, where there are so many."""
FOLDS = 4
"""Folds of which inner splits of a table are the first."""


@dataclass(frozen=True)
class Split:
    """Examples to learn from and others to be tested on, under the name of the origin, or of the repeat of a fold.

    Of a rolling origin the outcomes of `train` are those that had come, and were known, by the origin. `closes_in` is
    how long an outcome that is learned from takes to come; None for a table without dates.
    """

    name: str
    train: Examples
    test: Examples
    closes_in: pd.Timedelta | None

    @property
    def first_test(self) -> pd.Timestamp:
        """The earliest test cutoff: nothing at or after it may be learned from."""
        return pd.Timestamp(self.test.X["cutoff"].min())

    def learned_by(self, model: Model) -> Examples:
        """Give what a model is fitted on: the training rows, the past of those at the first test cutoff, or both.

        Of both, those at the test cutoff come last, and their outcomes are NaN.
        """
        if model.learns == "outcome":
            return self.train
        asked = self.test.where(self.test.X["cutoff"] == self.first_test)
        return asked if model.learns == "past" else self.train.and_past_of(asked)

    def inner(self, count: int, *, seed: int = 0) -> list["Split"]:
        """Split what is learned from once more, latest first: for tuning and calibration, which may not see the test.

        Each of the `count` latest training cutoffs (with those just before it, where it has fewer than `FEWEST` rows)
        is tested by what had closed by then; fewer where there are not so many. A table without dates gives `count`
        of its folds.
        """
        if self.closes_in is None:
            return list(_folds(self.train, parts=max(count, FOLDS), seed=seed, name="inner"))[:count]
        cutoffs, found = self.train.X["cutoff"], []
        for since, until in _blocks(cutoffs, count):
            closed = (cutoffs + self.closes_in <= since).to_numpy()
            if closed.any():
                tested = self.train.where(cutoffs.between(since, until))
                found.append(Split(f"{until:%Y-%m-%d}", self.train.where(closed), tested, self.closes_in))
        return found


@dataclass(frozen=True)
class Splits:
    """How models are judged (`parts`, in order), and what the model that is kept learns from (`final`).

    After rolling origins it is that of the latest origin, which is so judged itself; after folds all there is.
    """

    parts: tuple[Split, ...]
    final: Split

    @property
    def names(self) -> list[str]:
        """Names of the parts, each once: of the origins, or of the repeats of folds."""
        return list(dict.fromkeys(part.name for part in self.parts))

    @property
    def rolling(self) -> bool:
        """Whether these are rolling origins."""
        return self.final.closes_in is not None


def training_cutoffs(
    *, first: pd.Timestamp, step_days: int, origin: pd.Timestamp, closes_in: pd.Timedelta
) -> pd.DatetimeIndex:
    """List the cutoffs to learn at: `step_days` apart, from the last whose horizon closes by the origin.

    Where nothing is predicted nothing closes: the latest is then a step before the origin.
    """
    return every(first, origin - (closes_in or pd.Timedelta(days=step_days)), step_days=step_days)


def rolling(task: Task, *, first: pd.Timestamp, step_days: int, tests: Sequence[pd.Timestamp]) -> Splits:
    """Split at rolling origins (Tashman 2000, "Out-of-sample tests of forecasting accuracy"): each test cutoff is
    predicted from training cutoffs whose horizon had closed by then.

    Outcomes are learned from over the task's `learned_days`, and tested over its horizon. Of an anchored population an
    origin tests the rows up to the next origin, the last one those up to where the
    horizon can still be seen. Raises `ValueError` where a test cutoff or its horizon lies beyond the data, or nothing
    is left to train on.
    """
    if not task.dated:
        raise ValueError("a column of customers has no time, so no origin can be before it: use folds")
    origins = sorted(pd.Timestamp(test) for test in tests)
    _check(task, origins)
    if task.population.anchored:
        parts = _anchored(task, first, origins)
    else:
        parts = _at_cutoffs(task, first, step_days, origins)
    return Splits(tuple(parts), parts[-1])


def folds(task: Task, *, count: int, repeats: int, seed: int) -> Splits:
    """Split a table without dates into `count` folds of customers with alike shares of the label, `repeats` times.

    A repeat's folds are parts of one name: each customer is predicted once a repeat, by a model that has not seen them.
    """
    data = task.examples([task.history.end])
    if task.kind == "binary" and data.y.min() == data.y.max():
        alike = f"the label is {data.y.min():g} for all {len(data.y)} customers"
        raise ValueError(f"{alike}; look at the spelling of the target's value")
    if len(data.X) < count:
        raise ValueError(f"{task.history.name} has {len(data.X)} labelled rows, which make no {count} folds")
    parts = [
        part
        for repeat in range(repeats)
        for part in _folds(data, parts=count, seed=seed + repeat, name=f"repeat {repeat + 1}")
    ]
    return Splits(tuple(parts), Split("all", data, data, None))


def _check(task: Task, origins: Sequence[pd.Timestamp]) -> None:
    cutoffs = pd.DatetimeIndex(list(origins))
    check_cutoffs(task.history, cutoffs)
    if task.target is not None:
        check_horizon(task.history, cutoffs, horizon_days=task.horizon_days, lead_days=task.lead_days)


def _blocks(cutoffs: pd.Series, count: int) -> Iterator[tuple[pd.Timestamp, pd.Timestamp]]:
    """Give the first and last cutoff of the latest blocks of at least `FEWEST` rows, the latest block first."""
    rows, until, sizes = 0, None, cutoffs.value_counts().sort_index(ascending=False)
    for cutoff, size in zip(pd.DatetimeIndex(sizes.index), sizes, strict=True):
        rows, until = rows + int(size), cutoff if until is None else until
        if rows >= FEWEST and count > 0:
            yield cutoff, until
            rows, until, count = 0, None, count - 1
    if until is not None and count > 0:
        yield cutoffs.min(), until


def _at_cutoffs(task: Task, first: pd.Timestamp, step_days: int, origins: Sequence[pd.Timestamp]) -> list[Split]:
    learned = {
        origin: training_cutoffs(first=first, step_days=step_days, origin=origin, closes_in=task.learned_in)
        for origin in origins
    }
    for origin, cutoffs in learned.items():
        if cutoffs.empty:
            raise ValueError(_nothing_closed(task, first, origin))
    asked = sorted({*origins, *(cutoff for cutoffs in learned.values() for cutoff in cutoffs)})
    made = _Made.of(task, task.observe(asked))
    at = made.observed["cutoff"]
    return [made.split(at.isin(cutoffs), at == origin, origin=origin) for origin, cutoffs in learned.items()]


def _anchored(task: Task, first: pd.Timestamp, origins: Sequence[pd.Timestamp]) -> list[Split]:
    last = task.history.end - task.closes_in
    end = last + pd.Timedelta(microseconds=1)
    made = _Made.of(task, task.observe([first, end]))
    at, splits = made.observed["cutoff"], []
    for origin, until in zip(origins, [*origins[1:], end], strict=True):
        splits.append(made.split(at + task.learned_in <= origin, (at >= origin) & (at < until), origin=origin))
    return splits


@dataclass(frozen=True)
class _Made:
    """All rows that origins share, and their outcomes as they are known in the end: over the horizon, and over the time
    that is learned from.
    """

    task: Task
    observed: pd.DataFrame
    actual: pd.Series
    learned: pd.Series

    @classmethod
    def of(cls, task: Task, observed: pd.DataFrame) -> "_Made":
        actual = task.outcome(observed)
        return cls(task, observed, actual, task.outcome(observed, learned=True) if task.carried else actual)

    def split(self, train: "pd.Series[bool]", test: "pd.Series[bool]", *, origin: pd.Timestamp) -> Split:
        asked = eligible(self.observed)
        for kept, what in ((train, "to learn from by"), (test, "to test at")):
            if not (kept & asked).any():
                raise ValueError(f"nobody is {self.task.population.name!r} {what} {origin}; choose other test cutoffs")
        learned = self._learned(train, known_by=origin) if self.task.told_late else self._examples(train, self.learned)
        return Split(f"{origin:%Y-%m-%d}", learned, self._examples(test, self.actual), self.task.learned_in)

    def _examples(self, kept: "pd.Series[bool]", outcomes: pd.Series) -> Examples:
        return self.task.told(self.observed[kept].reset_index(drop=True), outcomes[kept].reset_index(drop=True))

    def _learned(self, kept: "pd.Series[bool]", *, known_by: pd.Timestamp) -> Examples:
        rows = self.observed[kept].reset_index(drop=True)
        return self.task.told(rows, self.task.outcome(rows, known_by=known_by, learned=True))


def _folds(data: Examples, *, parts: int, seed: int, name: str) -> Iterator[Split]:
    strata = data.y if data.y.nunique() == 2 else pd.qcut(data.y.rank(method="first"), 10, labels=False)
    cut = StratifiedKFold(parts, shuffle=True, random_state=seed).split(data.X, strata)
    for _, test in cut:
        tested = np.zeros(len(data.X), dtype=bool)
        tested[test] = True
        yield Split(name, data.where(~tested), data.where(tested), None)


def _nothing_closed(task: Task, first: pd.Timestamp, origin: pd.Timestamp) -> str:
    ahead = f"{task.learned_days}-day horizon" + (f" after {task.lead_days} days" if task.lead_days else "")
    return (
        f"no training cutoff from {first:%Y-%m-%d} on has a {ahead} that closes by the test cutoff "
        f"{origin:%Y-%m-%d}; set an earlier `first`, a later test cutoff or a shorter horizon"
        + (" to learn from (learn_days)" if task.kind in ("count", "amount") else "")
    )
