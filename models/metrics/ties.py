"""Rows of equal score share what happened to them, so that no rank depends on the order in which the rows came."""

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


def cuts(actual: Values, predicted: Values) -> tuple[Values, Values]:
    """Count the rows, and the 1s among them, that score at least as high as each distinct score, the highest first."""
    order = np.argsort(predicted, kind="stable")[::-1]  # fast where rows come sorted, as those of a bootstrap do
    ranked = predicted[order]
    last = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
    return np.asarray(last + 1, dtype=np.float64), np.cumsum(actual[order])[last]


def best(predicted: Values, share: float) -> Values:
    """Give how much of each row is among the best-scored share of rows: 1, 0, or a part of each tie at the edge.

    It is the chance to be chosen under random tie-breaking; the parts add up to share · rows. `ValueError` unless
    0 < share ≤ 1.
    """
    if not 0 < share <= 1:
        raise ValueError(f"the best-scored share of rows lies in (0, 1]; got {share}")
    rows, top = len(predicted), len(predicted) * share
    last = rows - int(np.ceil(top))
    edge = np.partition(predicted, last)[last]
    above, tied = predicted > edge, predicted == edge
    return np.where(above, 1.0, tied * ((top - above.sum()) / tied.sum()))


def shared(actual: Values, predicted: Values) -> tuple[Values, Values]:
    """Give outcome and prediction of each row, lowest prediction first; rows of one prediction share their mean one."""
    distinct, tie, size = np.unique(predicted, return_inverse=True, return_counts=True)
    return np.repeat(np.bincount(tie, weights=actual) / size, size), np.repeat(distinct, size)
