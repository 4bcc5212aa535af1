"""Metrics of a probability: `actual` is 0 or 1, `predicted` the probability of 1 (for ranks any score will do)."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.metrics.inputs import check_binary, check_probability, numbers
from models.metrics.registry import metric
from models.metrics.ties import best, cuts, shared

Values = NDArray[np.float64]
CERTAIN = float(np.finfo(np.float64).eps)


@metric(kinds=("binary",), better="higher")
def roc_auc(actual: Values, predicted: Values) -> float:
    """Area under the ROC curve: the chance that a random 1 scores above a random 0, a tie counting half.

    NaN if only one class is there.
    """
    rows, ones = cuts(actual, predicted)
    zeros = rows - ones
    if not ones[-1] or not zeros[-1]:
        return float("nan")
    below = np.diff(zeros, prepend=0.0) @ (ones + np.concatenate(([0.0], ones[:-1]))) / 2
    return float(below / (ones[-1] * zeros[-1]))


@metric(kinds=("binary",), better="higher")
def pr_auc(actual: Values, predicted: Values) -> float:
    """Average precision: Σ (Rₙ − Rₙ₋₁) Pₙ over the distinct scores, without interpolation.

    A random score gives about the share of 1s. NaN if there is no 1.
    """
    rows, ones = cuts(actual, predicted)
    if not ones[-1]:
        return float("nan")
    return float(np.diff(ones, prepend=0.0) @ (ones / rows) / ones[-1])


@metric(kinds=("binary",), better="lower")
def brier(actual: Values, predicted: Values) -> float:
    """Mean squared difference of probability and outcome (Brier 1950). `ValueError` outside [0, 1]."""
    check_probability(predicted)
    return float(np.square(actual - predicted).mean())


@metric(kinds=("binary",), better="lower")
def log_loss(actual: Values, predicted: Values) -> float:
    """Mean of −ln(probability given to what happened), in nats. `ValueError` outside [0, 1].

    Probabilities are kept 2.2e-16 away from 0 and 1, so that a certain and wrong row costs 36.04 and not infinity.
    """
    check_probability(predicted)
    given = np.where(actual == 1, predicted, 1 - predicted)
    return float(-np.log(np.clip(given, CERTAIN, 1 - CERTAIN)).mean())


@metric(kinds=("binary",), better="lower")
def ece(actual: Values, predicted: Values) -> float:
    """Expected calibration error: Σ (rows in bin / rows) · |share of 1s − mean probability| over 10 bins.

    The formula is that of Naeini, Cooper & Hauskrecht (2015), "Obtaining well calibrated probabilities using Bayesian
    binning", AAAI; the bins hold equally many rows (± 1), as in Nixon et al. (2019), "Measuring calibration in deep
    learning", CVPR workshops. Rows of equal probability share their mean outcome, so that the row order does not
    matter where a bin ends among them. It is biased upwards in small samples: a perfectly calibrated model gives
    about √(2p(1 − p) / (π · rows / 10)) and not 0. `ValueError` outside [0, 1].
    """
    check_probability(predicted)
    outcome, probability = shared(actual, predicted)
    gap = outcome - probability
    return float(sum(abs(part.sum()) for part in np.array_split(gap, 10)) / len(gap))


def lift_at(actual: ArrayLike, predicted: ArrayLike, share: float) -> float:
    """Lift at a share: the share of 1s among the best-scored share of rows, over the share of 1s among all rows.

    Rows of equal score at the edge share their mean outcome (the expected value under random tie-breaking), and
    where the share of the rows is not whole, the last row counts in part. At most min(1 / share, 1 / share of 1s); a
    random score gives 1. NaN if there is no 1. `ValueError` as for any metric of a binary target, and unless
    0 < share ≤ 1.
    """
    actual, predicted = numbers(actual, predicted)
    check_binary(actual)
    chosen = best(predicted, share)
    return float(chosen @ actual / chosen.sum() / actual.mean()) if actual.any() else float("nan")


@metric(kinds=("binary",), better="higher")
def lift_at_10(actual: Values, predicted: Values) -> float:
    """Lift at 10 % (see `lift_at`)."""
    return lift_at(actual, predicted, 0.1)
