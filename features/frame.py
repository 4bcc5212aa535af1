"""The frame: who is asked about at some cutoffs, and their features."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from features.cutoffs import asked_cutoffs, spine
from features.declaration import Declaration
from features.engine.run import Engine, at_once, census, observe
from features.history import History


def frame(
    history: History,
    cutoffs: Iterable[pd.Timestamp],
    *,
    population: Declaration,
    features: Sequence[Declaration],
    categories: Sequence[str] = (),
    engine: Engine = "kernel",
    to: Path | None = None,
) -> pd.DataFrame:
    """List a population at some cutoffs with its features: one row per customer (or pair) and cutoff.

    With `to` the features go to Parquet under that folder, and only who is asked about comes back. Raises what `spine`
    and `observe` raise.
    """
    asked = asked_cutoffs(history, cutoffs)
    if engine == "kernel" and at_once(history, asked, population, features):
        return census(history, asked, population, features, to=to)
    who = spine(history, population, asked, categories=categories or None)
    return observe(history, who, features, engine=engine, to=to)
