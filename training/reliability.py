"""Whether predicted probabilities come true, bin by bin."""

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import ndtri

from models.metrics.inputs import check_binary, check_probability, numbers
from models.metrics.ties import shared

LEVEL: Final = 0.95


def reliability(actual: ArrayLike, predicted: ArrayLike, bins: int = 10) -> pd.DataFrame:
    """Compare probabilities with what came, in bins of equally many rows (± 1), lowest first.

    Columns: predicted (mean), observed (share of 1s), rows, and low and high: the interval of Wilson (1927),
    "Probable inference, the law of succession, and statistical inference", JASA 22, in which 95 % of such bins hold
    the true share if rows are independent (several of one customer are less evidence than it takes them for). Rows of
    equal probability share their mean outcome. Of 10 bins, Σ rows · |observed − predicted| / Σ rows is `ece`. Fewer
    rows than bins make a bin each. `ValueError` unless actual is 0 or 1, predicted a probability and bins at least 1.
    """
    if bins < 1:
        raise ValueError(f"reliability needs at least one bin; got {bins}")
    actual, predicted = numbers(actual, predicted)
    check_binary(actual)
    check_probability(predicted)
    outcome, probability = shared(actual, predicted)
    parts = min(bins, len(actual))
    table = pd.DataFrame(
        {
            "predicted": [part.mean() for part in np.array_split(probability, parts)],
            "observed": [part.mean() for part in np.array_split(outcome, parts)],
            "rows": [len(part) for part in np.array_split(outcome, parts)],
        }
    )
    return table.join(_wilson(table["observed"], table["rows"]))


def _wilson(share: pd.Series, rows: pd.Series) -> pd.DataFrame:
    """Give the interval of a share; its ends stay within 0 and 1."""
    z = float(ndtri((1 + LEVEL) / 2))
    middle = (share + z**2 / (2 * rows)) / (1 + z**2 / rows)
    half = z / (1 + z**2 / rows) * np.sqrt(share * (1 - share) / rows + z**2 / (4 * rows**2))
    return pd.DataFrame({"low": (middle - half).clip(lower=0), "high": (middle + half).clip(upper=1)})
