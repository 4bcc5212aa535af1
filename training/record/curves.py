"""What is drawn of predictions: who holds the target, and what came against what was predicted."""

from typing import Final

import numpy as np
import pandas as pd

POINTS: Final = 101
PARTS: Final = 10


def held(scored: pd.DataFrame) -> list[dict[str, float]]:
    """Give the share of the target that the best-scored share of rows holds, at `POINTS` shares.

    Rows of one score share what came. Nothing where the target's sum is not above 0.
    """
    by_score = scored.groupby("score")["actual"].agg(["size", "sum"])[::-1].cumsum()
    rows, came = (np.append(0.0, by_score[name].to_numpy(dtype=float)) for name in ("size", "sum"))
    if came[-1] <= 0:
        return []
    shares = np.linspace(0, 1, POINTS)
    found = np.interp(shares * rows[-1], rows, came) / came[-1]
    return [{"share": float(share), "held": float(part)} for share, part in zip(shares, found, strict=True)]


def tenths(scored: pd.DataFrame) -> pd.DataFrame:
    """Give the mean of what came against the mean predicted, by tenths of the score: predicted, observed, rows."""
    shared = scored.assign(actual=scored.groupby("score")["actual"].transform("mean"))
    tenth = pd.qcut(shared["score"].rank(method="first"), min(PARTS, len(shared)), labels=False)
    by = shared.groupby(tenth)
    means = by[["score", "actual"]].mean().rename(columns={"score": "predicted", "actual": "observed"})
    return means.assign(rows=by.size()).reset_index(drop=True)
