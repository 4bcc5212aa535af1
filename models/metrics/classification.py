"""Metrics of a probability: `actual` is 0 or 1, `predicted` the probability of 1 (for ranks any score will do)."""

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score
from sklearn.metrics import log_loss as sklearn_log_loss

from models.metrics.inputs import check_probability
from models.metrics.registry import metric

Values = NDArray[np.float64]


@metric(kinds=("binary",), better="higher")
def roc_auc(actual: Values, predicted: Values) -> float:
    """Area under the ROC curve: the chance that a random 1 scores above a random 0, a tie counting half.

    NaN if only one class is there.
    """
    if np.ptp(actual) == 0:
        return float("nan")
    return float(roc_auc_score(actual, predicted))


@metric(kinds=("binary",), better="higher")
def pr_auc(actual: Values, predicted: Values) -> float:
    """Average precision: Σ (Rₙ − Rₙ₋₁) Pₙ over the distinct scores, without interpolation.

    A random score gives about the share of 1s. NaN if there is no 1.
    """
    if not actual.any():
        return float("nan")
    return float(average_precision_score(actual, predicted))


@metric(kinds=("binary",), better="lower")
def brier(actual: Values, predicted: Values) -> float:
    """Mean squared difference of probability and outcome (Brier 1950). `ValueError` outside [0, 1]."""
    check_probability(predicted)
    return float(brier_score_loss(actual, predicted, pos_label=1))


@metric(kinds=("binary",), better="lower")
def log_loss(actual: Values, predicted: Values) -> float:
    """Mean of −ln(probability given to what happened), in nats. `ValueError` outside [0, 1].

    Probabilities are kept 2.2e-16 away from 0 and 1, so that a certain and wrong row costs 36.04 and not infinity.
    """
    check_probability(predicted)
    return float(sklearn_log_loss(actual, predicted, labels=[0, 1]))


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
    distinct, tie, size = np.unique(predicted, return_inverse=True, return_counts=True)
    gap = np.repeat(np.bincount(tie, weights=actual) / size - distinct, size)
    return float(sum(abs(part.sum()) for part in np.array_split(gap, 10)) / len(gap))


@metric(kinds=("binary",), better="higher")
def lift_at_10(actual: Values, predicted: Values) -> float:
    """Lift at 10 %: the share of 1s among the top 10 % of rows by score, over the share of 1s among all rows.

    Rows of equal score at the edge share their mean outcome (the expected value under random tie-breaking), and
    where a tenth of the rows is not whole, the last row counts in part. At most min(10, 1 / share of 1s); a random
    score gives 1. NaN if there is no 1.
    """
    if not actual.any():
        return float("nan")
    rows, top = len(actual), len(actual) / 10
    last = rows - int(np.ceil(top))
    edge = np.partition(predicted, last)[last]
    above, tied = predicted > edge, predicted == edge
    found = actual[above].sum() + (top - above.sum()) * actual[tied].mean()
    return float(found / top / actual.mean())
