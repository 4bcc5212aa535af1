"""What makes expected values of margins, and a margin of the base score."""

import math
from typing import Final

import numpy as np

from models.trees.compiled import compiled

IDENTITY, LOGISTIC, EXPONENTIAL = 0, 1, 2
LINKS: Final = {
    "binary:logistic": LOGISTIC,
    "count:poisson": EXPONENTIAL,
    "reg:tweedie": EXPONENTIAL,
    "reg:squarederror": IDENTITY,
}
"""What makes the expected value of the margin, by objective."""


@compiled
def margin_of(expected: np.float32, link: int) -> np.float32:  # pragma: no cover
    """Make the margin of an expected value, in float32, as XGBoost does of the base score.

    By the C library's `logf`: numpy's differs in the last bit.
    """
    if link == LOGISTIC:
        one, edge = np.float32(1), np.float32(1e-6)
        inside = min(max(expected, edge), one - edge)
        return np.float32(-math.log(one / inside - one))
    if link == EXPONENTIAL:
        return np.float32(math.log(expected))
    return expected
