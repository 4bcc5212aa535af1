"""How good a segmentation is: separated, of useful sizes, and the same when it is made again."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.metrics import adjusted_rand_score, silhouette_score

from models.contract import Model, matrix
from training.evaluate import Measured

REFITS = 10
SAMPLE = 5_000
"""The silhouette compares every pair of customers: of more than this many a seeded sample is taken."""


def segment_quality(model: Model, X: pd.DataFrame, *, earlier: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Measure a fitted segmentation: silhouette (on standardised logs), smallest share, and stability.

    Gives metric, value, low and high.

    Stability is the adjusted Rand index (Hubert and Arabie 1985) between the model's segments of the same customers
    and those of a model made again: `bootstrap_ari` on customers drawn with replacement (the mean; the least and
    greatest as low and high), `refit_ari` on the latest of the `earlier` cutoffs.
    """
    latest = earlier[(earlier["cutoff"] == earlier["cutoff"].max()).to_numpy()]
    refitted = _again(model, latest)
    told = list(_measured(model, X, refitted=refitted, seed=seed))
    return pd.DataFrame(told, columns=["metric", "value", "low", "high"])


def _measured(model: Model, X: pd.DataFrame, *, refitted: Model, seed: int) -> Measured:
    codes = model.predict(X).astype(int)
    space = _standard_logs(X, list(model.requires))
    separated = float(silhouette_score(space, codes, sample_size=min(SAMPLE, len(X)), random_state=seed))
    smallest = float(np.bincount(codes, minlength=len(model.labels)).min() / len(codes))
    agreement = list(_agreement(model, X, codes, seed=seed))
    yield "silhouette", separated, np.nan, np.nan
    yield "smallest_share", smallest, np.nan, np.nan
    yield "bootstrap_ari", float(np.mean(agreement)), min(agreement), max(agreement)
    yield "refit_ari", float(adjusted_rand_score(codes, refitted.predict(X))), np.nan, np.nan


def _agreement(model: Model, X: pd.DataFrame, codes: NDArray[np.int64], *, seed: int) -> Iterator[float]:
    generator = np.random.default_rng(seed)
    for _ in range(REFITS):
        again = _again(model, X.iloc[generator.integers(len(X), size=len(X))])
        yield float(adjusted_rand_score(codes, again.predict(X)))


def _again(model: Model, X: pd.DataFrame) -> Model:
    """Fit an equal model on other customers."""
    made: Model = clone(model)
    return made.fit(X, pd.Series(0.0, index=X.index))


def _standard_logs(X: pd.DataFrame, features: list[str]) -> NDArray[np.float64]:
    logs = np.log1p(np.nan_to_num(matrix(X, features)))
    return np.asarray((logs - logs.mean(axis=0)) / np.maximum(logs.std(axis=0), 1e-12))
