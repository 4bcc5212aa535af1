"""Metrics of a count or an amount: `actual` and `predicted` in the same unit (events, or currency)."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from models.metrics.registry import metric

Values = NDArray[np.float64]


@metric(kinds=("count", "amount"), better="higher")
def normalised_gini(actual: Values, predicted: Values) -> float:
    """Gini of the actual values ordered by prediction, over their Gini in perfect order; 1 perfect, 0 random, −1 worst.

    As a Gini index is 2 cov(value, rank) / (rows · mean) (Lerman & Yitzhaki 1984, Economics Letters 15), the quotient
    is cov(actual, rank of predicted) / cov(actual, rank of actual). Tied predictions get their mean rank, which is the
    same as sharing their mean actual value, so that the row order does not matter. For actual values of 0 and 1 it
    is 2 · AUC − 1. Negative actual values are allowed. NaN if all actual values are equal.
    """
    if np.ptp(actual) == 0:
        return float("nan")
    deviation = actual - actual.mean()
    return float(deviation @ rankdata(predicted) / (np.sort(deviation) @ np.arange(1, len(actual) + 1)))


@metric(kinds=("count", "amount"), better="zero")
def aggregate_bias(actual: Values, predicted: Values) -> float:
    """Sum of the predictions over the sum of the actual values, minus 1: 0.05 is 5 % too much in total.

    NaN if the actual sum is not positive.
    """
    total = actual.sum()
    return float(predicted.sum() / total - 1) if total > 0 else float("nan")


@metric(kinds=("count", "amount"), better="lower")
def mae(actual: Values, predicted: Values) -> float:
    """Mean absolute error, in the target's unit.

    Do not choose models by it: the median minimises it, so where most rows are 0 predicting 0 wins.
    """
    return float(np.abs(predicted - actual).mean())


@metric(kinds=("count", "amount"), better="lower")
def rmse(actual: Values, predicted: Values) -> float:
    """Root mean squared error, in the target's unit."""
    return float(np.sqrt(np.square(predicted - actual).mean()))
