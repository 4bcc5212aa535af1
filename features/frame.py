"""The frame: who is asked about at some cutoffs, and their features."""

from collections.abc import Iterable, Sequence

import pandas as pd

from features.cutoffs import spine
from features.declaration import Declaration
from features.engine.run import observe
from features.history import History


def frame(
    history: History,
    cutoffs: Iterable[pd.Timestamp],
    *,
    population: Declaration,
    features: Sequence[Declaration],
    categories: Sequence[str] = (),
) -> pd.DataFrame:
    """List a population at some cutoffs with its features: one row per customer (or pair) and cutoff."""
    return observe(history, spine(history, population, cutoffs, categories=categories or None), features)
