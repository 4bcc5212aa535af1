"""Which instants count at a cutoff."""

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Period:
    """The past (no horizon), or a horizon of so many days that begins `lead_days` after the cutoff.

    Of a horizon `known_by` leaves out what became known only at that instant or later.
    """

    horizon_days: int | None = None
    known_by: pd.Timestamp | None = None
    lead_days: int = 0

    @property
    def asks_when_known(self) -> bool:
        """Whether it matters when rows became known."""
        return self.horizon_days is None or self.known_by is not None

    @property
    def lead(self) -> pd.Timedelta:
        """How long after the cutoff the horizon begins: engines are asked of that instant, knowing no lead."""
        return pd.Timedelta(days=self.lead_days)


def check_length(horizon_days: int, lead_days: int) -> None:
    """Raise `ValueError` for a horizon that is none, or begins before its cutoff."""
    if horizon_days < 1:
        raise ValueError(f"horizon_days must be at least 1, not {horizon_days}")
    if lead_days < 0:
        raise ValueError(f"lead_days must be at least 0, not {lead_days}: a horizon begins at its cutoff or later")
