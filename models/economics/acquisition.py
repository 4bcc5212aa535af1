"""What winning customers costs, and when it comes back."""

from collections.abc import Sequence
from typing import Final

import numpy as np

ROUNDING: Final = 1e-9
"""Less than this share of a cost is no money that is missing."""


def payback_months(contributions: Sequence[float], cost: float) -> int | None:
    """Count the months after which what an acquired customer has brought covers what winning them cost.

    `contributions` are the mean contribution of an acquired customer in the first month, the second and so on. 0 where
    winning them cost nothing, None where the months that are known do not suffice.
    """
    if cost <= 0:
        return 0
    covered = np.flatnonzero(np.cumsum(contributions) >= cost * (1 - ROUNDING))
    return int(covered[0]) + 1 if len(covered) else None


def lifetime_value(contributions: Sequence[float], *, discount: float) -> float:
    """Add up what an acquired customer brings month by month, each month discounted to its begin.

    `discount` is a yearly rate: Σ c_t / (1 + d)^(t / 12), t = 0, 1, …
    """
    months = np.arange(len(contributions))
    return float(np.sum(np.asarray(contributions, dtype=np.float64) / (1 + discount) ** (months / 12)))


def ltv_to_cac(value: float, cost: float) -> float | None:
    """Give what an acquired customer is worth over what winning them cost; None where that is nothing."""
    return value / cost if cost > 0 else None
