"""Which instants count at a cutoff."""

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Period:
    """The past (no horizon), or a horizon of so many days.

    Of a horizon `known_by` leaves out what became known only at that instant or later.
    """

    horizon_days: int | None = None
    known_by: pd.Timestamp | None = None

    @property
    def asks_when_known(self) -> bool:
        """Whether it matters when rows became known."""
        return self.horizon_days is None or self.known_by is not None
