"""The clock of a simulation: inside it, a time is a whole number of seconds since the start."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

DAY = 86_400
"""Seconds in a day."""

WEEK = 7 * DAY
"""Seconds in a week."""


@dataclass(frozen=True)
class Period:
    """The days from `start` (a naive midnight, UTC) on, the end excluded."""

    start: pd.Timestamp
    days: int

    @property
    def end(self) -> int:
        """First second that no longer belongs to the period."""
        return self.days * DAY

    @property
    def origin(self) -> np.datetime64:
        """The first day."""
        return np.datetime64(self.start.date(), "D")

    @property
    def dates(self) -> pd.DatetimeIndex:
        """The midnight of every day."""
        return pd.DatetimeIndex(self.times(np.arange(self.days) * DAY))

    def times(self, seconds: Ints) -> NDArray[np.datetime64]:
        """Turn seconds since the start into `datetime64[s]`."""
        moments: NDArray[np.datetime64] = self.origin.astype("datetime64[s]") + seconds.astype("timedelta64[s]")
        return moments


def pick(names: list[str], codes: Ints) -> pd.Series:
    """Give the name of each code as text."""
    return pd.Series(pd.array(names, dtype="str").take(codes))
