"""The scale on which a model's score is a sum: log-odds of a probability, log of a count or an amount."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.contract import TargetKind

SMALLEST: Final = 1e-12
"""What a 0 counts as, and a probability's distance from 1: a log must stay finite."""


def link(expected: NDArray[np.float64], kind: TargetKind) -> NDArray[np.float64]:
    """Give expected values of a target on the scale of its link."""
    if kind == "binary":
        inside = np.minimum(np.maximum(expected, SMALLEST), 1 - SMALLEST)
        return np.asarray(np.log(inside) - np.log1p(-inside))
    return np.asarray(np.log(np.maximum(expected, SMALLEST)))
