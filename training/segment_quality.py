"""How good a segmentation is: separated, of useful sizes, and the same when it is made again."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.metrics import adjusted_rand_score, silhouette_score

from models.contract import Model, matrix
from training.evaluate import Measured, by_cutoff

REFITS = 10
SAMPLE = 5_000
"""The silhouette compares every pair of customers: of more than this many a seeded sample is taken."""


def segment_quality(model: Model, X: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """Measure a fitted segmentation: silhouette (on standardised logs), smallest share, and bootstrap ARI.

    The adjusted Rand index (Hubert and Arabie 1985) is that between the model's segments and those of models refitted
    on customers drawn with replacement: its mean, and its least and greatest value as low and high. Gives the
    columns of `by_cutoff`.
    """
    return by_cutoff(X, lambda part: _measured(model, part, seed=seed))


def _measured(model: Model, X: pd.DataFrame, *, seed: int) -> Measured:
    codes = model.predict(X).astype(int)
    space = _standard_logs(X, list(model.requires))
    separated = float(silhouette_score(space, codes, sample_size=min(SAMPLE, len(X)), random_state=seed))
    smallest = float(np.bincount(codes, minlength=len(model.labels)).min() / len(codes))
    agreement = list(_agreement(model, X, codes, seed=seed))
    yield "silhouette", separated, np.nan, np.nan
    yield "smallest_share", smallest, np.nan, np.nan
    yield "bootstrap_ari", float(np.mean(agreement)), min(agreement), max(agreement)


def _agreement(model: Model, X: pd.DataFrame, codes: NDArray[np.int64], *, seed: int) -> Iterator[float]:
    generator = np.random.default_rng(seed)
    for _ in range(REFITS):
        drawn = X.iloc[generator.integers(len(X), size=len(X))].reset_index(drop=True)
        again = clone(model).fit(drawn, pd.Series(0.0, index=drawn.index))
        yield float(adjusted_rand_score(codes, again.predict(X)))


def _standard_logs(X: pd.DataFrame, features: list[str]) -> NDArray[np.float64]:
    logs = np.log1p(np.nan_to_num(matrix(X, features)))
    return np.asarray((logs - logs.mean(axis=0)) / np.maximum(logs.std(axis=0), 1e-12))
