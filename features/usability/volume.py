"""How many rows a day usually has, and runs of days that have fewer than chance explains.

What is usual on a day is the median of the last eight (or next eight) days of the same weekday. Counts scatter more
than Poisson's law says, since orders have several lines: their dispersion is measured and divided out.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from scipy.stats import poisson

WEEKS, FEWEST_WEEKS = 8, 3
MEDIAN_CHI2: Final = 0.4549
"""Median of a squared standard normal variable."""
RARE: Final = 1e-5
RARE_END: Final = 1e-3
"""How often chance alone may give a run of days, of which a feed has many, or its end, of which it has one."""
CHANCE: Final = 0.01
"""How often chance alone may empty a run of days anywhere in a feed."""
FALLEN: Final = 0.2
"""Share of the usual below which a day has fallen."""
LOW: Final = 0.5
"""Share of the usual below which the last days are incomplete."""
SLUMP, HALF, NEARLY = 0.4, 0.5, 0.8
"""Shares of the usual that so few rows must be rare for: fallen days, a fallen end, a low end."""
LONGEST_CLOSED: Final = 7
"""So many days without a row may be a shop's week; more of them are none."""
LAST_DAYS: Final = 3
DENSE: Final = 0.95
"""Share of the days on which rows are usual that must have rows before an empty day is a gap."""


@dataclass(frozen=True)
class Run:
    """Days in a row: the first, the last, how many, and how many rows they have together."""

    first: pd.Timestamp
    last: pd.Timestamp
    days: int
    rows: int

    def line(self) -> str:
        """Name the days."""
        return f"{self.first:%Y-%m-%d}" + (f" to {self.last:%Y-%m-%d}" if self.days > 1 else "")


@dataclass(frozen=True)
class Volume:
    """Rows by day, what is usual before and after each day, and how much more than Poisson's law they scatter."""

    rows: pd.Series
    before: pd.Series
    after: pd.Series
    dispersion: float


def volume(rows: pd.Series) -> Volume:
    """Measure what is usual. Days of an empty run that is longer than a week say nothing about it."""
    empty = rows == 0
    length = empty.groupby((empty != empty.shift()).cumsum()).transform("size")
    telling = rows.where(~empty | (length <= LONGEST_CLOSED))
    before, after = _usual(telling), _usual(telling[::-1])[::-1]
    told = before > 0
    scatter = ((telling[told] - before[told]) ** 2 / before[told]).median()
    return Volume(rows, before, after, max(1.0, float(scatter) / MEDIAN_CHI2) if told.any() else 1.0)


def gaps(given: Volume) -> list[Run]:
    """Find days without a row where rows are usual both before and after, up to the last day that has any.

    Of the other days on which rows are usual, nearly all must have some.
    """
    usual = pd.concat([given.before, given.after], axis=1).min(axis=1).fillna(0)
    last = given.rows[given.rows > 0].index.max()
    empty = (given.rows == 0) & (usual > 0)
    needed = given.dispersion * np.log(len(given.rows) / CHANCE)
    within = empty & (given.rows.index < last)
    runs = [run for run in _runs(within, given.rows) if usual[run.first : run.last].sum() > needed]
    days, without = int((usual > 0).sum()), int(within.sum())
    return [run for run in runs if without - run.days <= (1 - DENSE) * (days - run.days)]


def falls(given: Volume) -> list[Run]:
    """Find two days or more with some rows, each fewer than a fifth of the usual, but for the last days."""
    low = (given.rows < FALLEN * given.before) & (given.rows > 0)
    end = ending(given)
    if end is not None:
        low &= given.rows.index < end.first
    return [run for run in _runs(low, given.rows) if run.days > 1 and _rare(given, run, SLUMP, RARE)]


def ending(given: Volume) -> Run | None:
    """Find the last days, where they have too few rows: up to three below half, or any number below a fifth."""
    found = [_last(given, FALLEN, len(given.rows)), _last(given, LOW, LAST_DAYS)]
    runs = [run for run, share in zip(found, (HALF, NEARLY), strict=True) if run and _rare(given, run, share, RARE_END)]
    return max(runs, key=lambda run: run.days, default=None)


def _usual(telling: pd.Series) -> pd.Series:
    """Give the median of the last days of the same weekday that tell something, in the order given."""
    weekday = pd.DatetimeIndex(telling.index).day_of_week
    return telling.groupby(weekday).transform(_last_medians)


def _last_medians(same: pd.Series) -> pd.Series:
    medians = same.dropna().rolling(WEEKS, min_periods=FEWEST_WEEKS).median()
    return medians.reindex(same.index).ffill().shift(1)


def _last(given: Volume, share: float, most: int) -> Run | None:
    low = (given.rows < share * given.before).to_numpy()[::-1]
    days = min(int(np.argmin(low)) if not low.all() else len(low), most)
    return _run(given.rows.iloc[-days:]) if days else None


def _rare(given: Volume, run: Run, share: float, chance: float) -> bool:
    """Whether so few rows are rarer than some chance even if only a share of the usual were to be expected."""
    expected = share * given.before[run.first : run.last].sum()
    return bool(poisson.cdf(run.rows / given.dispersion, expected / given.dispersion) < chance)


def _runs(where: pd.Series, rows: pd.Series) -> Iterator[Run]:
    number = (where != where.shift()).cumsum()
    for _, days in rows[where].groupby(number[where]):
        yield _run(days)


def _run(days: pd.Series) -> Run:
    return Run(pd.Timestamp(days.index[0]), pd.Timestamp(days.index[-1]), len(days), int(days.sum()))
