"""Ways to calibrate a model on what was known before it is tested."""

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.calibration import METHODS, Calibration, calibrate, season_shift
from models.contract import Model, eligible
from training.splits import Split
from training.task import Examples, Task

NONE: Final = "none"
SEASON: Final = "+season"
"""What a method is called that is also moved to where the same season lay a year ago."""
YEAR: Final = pd.Timedelta(days=364)
"""A year in whole weeks, so that weekdays fall together."""
NEAR: Final = pd.Timedelta(days=14)
"""How far from a year before the test the cutoff may lie that stands for the season."""


def calibrations(task: Task, split: Split, fitted: Model, make: Callable[[], Model]) -> dict[str, Calibration]:
    """Fit every way to calibrate a model that has been fitted on a split.

    The map from score to probability is learned on the latest closed cutoff, as predicted by an equal model that was
    fitted on what had closed by then. With a year of history there is a second set: moved in log-odds by what the
    model was off a year before, in the same season. A way that the rows do not allow is left out.
    """
    ways = {NONE: Calibration(), **dict(_maps(split, make))}
    season = _last_year(task, split)
    if season is None:
        return ways
    actual, predicted = _asked(fitted, season)
    moved = {
        f"{name}{SEASON}": way.with_shift(season_shift(actual, way.apply(predicted))) for name, way in ways.items()
    }
    return {**ways, **moved}


def _maps(split: Split, make: Callable[[], Model]) -> Iterator[tuple[str, Calibration]]:
    """Fit the maps that the latest closed cutoff allows; none where no equal model can be fitted before it."""
    for inner in split.inner(1):
        made = make()
        learned = inner.learned_by(made)
        try:
            actual, predicted = _asked(made.fit(learned.X, learned.y), inner.test)
        except ValueError:
            return
        for method in METHODS:
            try:
                yield method, calibrate(method, actual, predicted)
            except ValueError:
                continue


def _asked(model: Model, examples: Examples) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    kept = eligible(examples.X)
    return examples.y.to_numpy(dtype=float)[kept], model.predict(examples.X)[kept]


def _last_year(task: Task, split: Split) -> Examples | None:
    """Take the training rows at the cutoff nearest to a year before the test; none where none is near."""
    if split.closes_in is None or task.population.anchored:
        return None
    cutoffs = split.train.X["cutoff"]
    off = (cutoffs - (split.first_test - YEAR)).abs()
    return split.train.where(off == off.min()) if off.min() <= NEAR else None
