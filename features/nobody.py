"""`NobodyAsked`: there is nobody in a population."""

import pandas as pd

from features.declaration import Declaration


class NobodyAsked(ValueError):
    """A population that nobody belongs to at the cutoffs asked for."""

    @classmethod
    def at(cls, cutoffs: pd.DatetimeIndex, population: Declaration, *, of: str) -> "NobodyAsked":
        """Say of which history, and when."""
        return cls(f"nobody in {of} is {population.name!r} at {[f'{cutoff:%Y-%m-%d}' for cutoff in cutoffs]}")
