"""How sure the total is: a band from how far past totals were off."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy.stats import t as student

LEVEL: Final = 0.9
FEWEST: Final = 3
"""Closed periods below which a spread cannot be told."""


@dataclass(frozen=True)
class Closed:
    """What was expected of all customers together at a cutoff, and what came until its horizon had closed."""

    cutoff: pd.Timestamp
    expected: float
    actual: float

    @property
    def ratio(self) -> float:
        """What came, as a multiple of what was expected."""
        return self.actual / self.expected


def apart(closed: Iterable[Closed], *, closes_in: pd.Timedelta) -> list[Closed]:
    """Take the latest, and of the earlier ones those that had closed by the one taken before: no day counts twice.

    Leaves out totals of 0 or less, which have no ratio. In time order.
    """
    taken: list[Closed] = []
    for each in sorted(closed, key=lambda one: one.cutoff, reverse=True):
        if min(each.expected, each.actual) > 0 and (not taken or each.cutoff + closes_in <= taken[-1].cutoff):
            taken.append(each)
    return taken[::-1]


def band(ratios: Sequence[float]) -> tuple[float, float] | None:
    """Give the low and high end, as multiples of what is expected, between which a next total lies 9 times in 10.

    The logarithms of n past ratios actual / expected, with mean m and standard deviation s, tell of a further one of
    their kind: exp(m ± t s √(1 + 1/n)), t being the 95 % quantile of Student's distribution with n − 1 degrees of
    freedom (the prediction interval of a normal variable; Geisser 1993, Predictive inference, §2.2). None of fewer than
    `FEWEST`.
    """
    if len(ratios) < FEWEST:
        return None
    logs, count = np.log(ratios), len(ratios)
    reach = student.ppf((1 + LEVEL) / 2, count - 1) * logs.std(ddof=1) * np.sqrt(1 + 1 / count)
    return float(np.exp(logs.mean() - reach)), float(np.exp(logs.mean() + reach))


def total(closed: Iterable[Closed], *, closes_in: pd.Timedelta) -> dict[str, Any]:
    """Say how far totals were off at past cutoffs whose horizons do not overlap, and the band that follows.

    `low` and `high` are multiples of the sum of scores, null where too few have closed.
    """
    taken = apart(closed, closes_in=closes_in)
    low, high = band([each.ratio for each in taken]) or (None, None)
    rows = [
        {
            "cutoff": f"{each.cutoff:%Y-%m-%d}",
            "expected": each.expected,
            "actual": each.actual,
            "ratio": each.ratio,
        }
        for each in taken
    ]
    return {"level": LEVEL, "fewest": FEWEST, "closed": rows, "low": low, "high": high}
