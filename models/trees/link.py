"""Margins and expected values, in float32, step by step as XGBoost computes them, by the C library's own `expf` and
`logf`: numpy's differ in the last bit.
"""

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
def linked(margin: np.float32, link: int) -> np.float32:  # pragma: no cover
    """Make the expected value of a margin, in float32, step by step as XGBoost's `Sigmoid` and `exp`."""
    if link == LOGISTIC:
        one = np.float32(1)
        return one / (np.float32(math.exp(min(-margin, np.float32(88.7)))) + one + np.float32(1e-16))
    if link == EXPONENTIAL:
        return np.float32(math.exp(margin))
    return margin


@compiled
def margin_of(expected: np.float32, link: int) -> np.float32:  # pragma: no cover
    """Make the margin of an expected value, as XGBoost does of the base score."""
    if link == LOGISTIC:
        one, edge = np.float32(1), np.float32(1e-6)
        inside = min(max(expected, edge), one - edge)
        return np.float32(-math.log(one / inside - one))
    if link == EXPONENTIAL:
        return np.float32(math.log(expected))
    return expected
