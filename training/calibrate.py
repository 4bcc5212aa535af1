"""Ways to calibrate a model on what was known before it is tested, and the choice between them by back-test."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.calibration import METHODS, Calibration, calibrate, season_shift
from models.contract import Model, eligible
from models.metrics import METRICS
from training.splits import Split
from training.task import Examples, Task

if TYPE_CHECKING:
    from training.fit import Fitted

NONE: Final = "none"
CHOOSE: Final = "choose"
SEASON: Final = "+season"
"""What a method is called that is also moved to where the same season lay a year ago."""
YEAR: Final = pd.Timedelta(days=364)
"""A year in whole weeks, so that weekdays fall together."""
NEAR: Final = pd.Timedelta(days=14)
"""How far from a year before the test the cutoff may lie that stands for the season."""
WORTH: Final = 0.002
"""Share of the log loss that calibrating must gain, and in more than half of the parts, to be done at all."""


def calibrations(task: Task, split: Split, fitted: Model, make: Callable[[], Model]) -> dict[str, Calibration]:
    """Fit every way to calibrate a model that has been fitted on a split.

    The map from score to probability is learned on the latest closed cutoff, as predicted by an equal model that was
    fitted on what had closed by then. With a year of history there is a second set: moved in log-odds by what the
    model was off a year before, in the same season. A way that the rows do not allow is left out.
    """
    ways = {NONE: Calibration()}
    for inner in split.inner(1):
        learned = inner.train if fitted.learns == "outcome" else inner.test
        actual, predicted = _asked(make().fit(learned.X, learned.y), inner.test)
        for method in METHODS:
            try:
                ways[method] = calibrate(method, actual, predicted)
            except ValueError:
                continue
    season = _last_year(task, split)
    if season is None:
        return ways
    actual, predicted = _asked(fitted, season)
    moved = {
        f"{name}{SEASON}": way.with_shift(season_shift(actual, way.apply(predicted))) for name, way in ways.items()
    }
    return {**ways, **moved}


def choose(parts: Sequence["Fitted"], *, asked: str) -> tuple[str, dict[str, float]]:
    """Choose the way to calibrate that had the least mean log loss over the parts; give it and the losses.

    No calibration is the choice unless another way gains `WORTH`. A way that is asked for by name is taken.
    Raises `ValueError` where it could not be fitted in each part.
    """
    names = [name for name in parts[0].calibrations if all(name in part.calibrations for part in parts)]
    losses = {name: [_log_loss(part, name) for part in parts] for name in names} if len(names) > 1 else {}
    means = {name: float(np.mean(each)) for name, each in losses.items()}
    if asked not in (CHOOSE, NONE):
        if asked not in names:
            raise ValueError(f"calibration {asked!r} could not be fitted in each part; there are {', '.join(names)}")
        return asked, means
    best = min(means, key=lambda name: means[name], default=NONE)
    if asked == NONE or best == NONE:
        return NONE, means
    gains = np.array(losses[NONE]) - np.array(losses[best])
    worth = gains.mean() > WORTH * means[NONE] and (gains > 0).mean() > 0.5
    return (best if worth else NONE), means


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


def _log_loss(part: "Fitted", name: str) -> float:
    table = part.scored
    return METRICS["log_loss"](table["actual"], part.calibrations[name].apply(table["score"].to_numpy()))
