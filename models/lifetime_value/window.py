"""Customers as they were at a cutoff: what is learned from, and what it is asked about."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Window:
    """Customers at a cutoff, a row each.

    `seen` is what trees see (rows × features), `expected` the spend that a process of purchases, fitted at that very
    cutoff, expects within `days` from it, and `came` what was spent in them (NaN where it is not known); both in
    currency.
    """

    cutoff: pd.Timestamp
    days: int
    seen: Floats
    expected: Floats
    came: Floats

    @property
    def closes(self) -> pd.Timestamp:
        """When all has come."""
        return self.cutoff + pd.Timedelta(days=self.days)

    def closed_before(self, other: Self) -> bool:
        """Whether all had come by the cutoff of another."""
        return self.closes <= other.cutoff
