"""What is drawn of predictions: who holds the target, and what came against what was predicted."""

from typing import Final

import numpy as np
import pandas as pd

POINTS: Final = 101
PARTS: Final = 10


def held(scored: pd.DataFrame) -> list[dict[str, float]]:
    """Give the share of the target that the best-scored share of rows holds, at `POINTS` shares."""
    order = np.argsort(-scored["score"].to_numpy(), kind="stable")
    came = np.concatenate([[0.0], np.cumsum(scored["actual"].to_numpy(dtype=float)[order])])
    shares = np.linspace(0, 1, POINTS)
    found = np.interp(shares, np.linspace(0, 1, len(came)), came) / max(came[-1], 1e-12)
    return [{"share": float(share), "held": float(part)} for share, part in zip(shares, found, strict=True)]


def tenths(scored: pd.DataFrame) -> pd.DataFrame:
    """Give the mean of what came against the mean predicted, by tenths of the score: predicted, observed, rows."""
    tenth = pd.qcut(scored["score"].rank(method="first"), min(PARTS, len(scored)), labels=False)
    by = scored.groupby(tenth)
    means = by[["score", "actual"]].mean().rename(columns={"score": "predicted", "actual": "observed"})
    return means.assign(rows=by.size()).reset_index(drop=True)
