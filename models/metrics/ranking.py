"""Metrics of one ranked list a customer: `actual` is 0 or 1, `predicted` the score to rank by."""

import numpy as np
from numpy.typing import NDArray

from models.metrics.registry import metric


def starts(*columns: NDArray[np.generic]) -> NDArray[np.intp]:
    """Find the rows where a run of equal values begins, in columns sorted together."""
    changes = np.any([column[1:] != column[:-1] for column in columns], axis=0)
    return np.flatnonzero(np.concatenate(([True], changes)))


def expected_precision(
    actual: NDArray[np.float64], lists: NDArray[np.intp], ties: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Give for each row E[precision at its rank, if it is a 1, else 0] under random order within its tie.

    `lists` and `ties` are the first rows of the ranked lists and of the ties within them. Source: McSherry & Najork
    (2008), "Computing information retrieval performance measures efficiently in the presence of tied scores", ECIR:
    for row j = 0, 1, … of a tie of n rows with r ones, R ones before it and rank i,
    (r / n) · (R + 1 + j (r − 1) / (n − 1)) / i.
    """
    row = np.arange(len(actual))
    n = np.diff(ties, append=len(actual))
    r = np.add.reduceat(actual, ties)
    ones_before = np.concatenate(([0.0], np.cumsum(actual)))
    start = lists[np.searchsorted(lists, ties, side="right") - 1]
    first = ones_before[ties] - ones_before[start] + 1
    slope = (r - 1) / np.maximum(n - 1, 1)
    rank = row - np.repeat(start, n) + 1
    precision: NDArray[np.float64] = (np.repeat(first, n) + (row - np.repeat(ties, n)) * np.repeat(slope, n)) / rank
    return np.repeat(r / n, n) * precision


@metric(kinds=("binary",), better="higher", grouped=True)
def map_at_5(actual: NDArray[np.float64], predicted: NDArray[np.float64], groups: NDArray[np.intp]) -> float:
    """Mean average precision at 5 over the customers with at least one 1.

    For a customer Σ over ranks i ≤ 5 that hold a 1 of (1s among the first i) / i, divided by min(5, their 1s): 1 if
    all 1s come first. Ties give the expected value under random order, so that the row order does not matter.
    NaN if no customer has a 1.
    """
    order = np.lexsort((-predicted, groups))
    actual, predicted, groups = actual[order], predicted[order], groups[order]
    lists = starts(groups)
    precision = expected_precision(actual, lists, starts(groups, predicted))
    rank = np.arange(len(actual)) - np.repeat(lists, np.diff(lists, append=len(actual))) + 1
    found = np.add.reduceat(np.where(rank <= 5, precision, 0), lists)
    ones = np.add.reduceat(actual, lists)
    asked = ones > 0
    return float((found[asked] / np.minimum(ones[asked], 5)).mean()) if asked.any() else float("nan")
