"""Which way to calibrate a model is used: the one that does best in the back-test, if it is worth it."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from models.calibration import METHODS
from models.contract import TargetKind
from models.metrics import METRICS
from training.calibrate import NONE, SEASON
from training.fit import Fitted

CHOOSE: Final = "choose"
WORTH: Final = 0.002
"""Share of the log loss that calibrating must gain, and in more than half of the parts, to be done at all."""


def check_asked(asked: str, *, kind: TargetKind) -> None:
    """Raise `ValueError` for a calibration that there is not, or that a target's kind cannot have."""
    if asked.removesuffix(SEASON) not in (CHOOSE, *METHODS) or asked == f"{CHOOSE}{SEASON}":
        raise ValueError(f"calibration {asked!r} is none of {', '.join((CHOOSE, *METHODS))} (or a method{SEASON})")
    if kind != "binary" and asked not in (CHOOSE, NONE):
        raise ValueError(f"calibration {asked!r} is of probabilities, and the target is no yes or no: leave it out")


def choose(parts: Sequence[Fitted], *, asked: str) -> tuple[str, dict[str, float]]:
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


def _log_loss(part: Fitted, name: str) -> float:
    table = part.calibrated(name)
    return METRICS["log_loss"](table["actual"], table["score"])
