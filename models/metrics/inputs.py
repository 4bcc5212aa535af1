"""The door of every metric: what comes in is checked here once and trusted afterwards."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray


def one_dimensional(name: str, values: NDArray[np.generic], rows: int) -> None:
    """Raise `ValueError` unless `values` is a single column of `rows` values."""
    if values.ndim != 1:
        raise ValueError(f"{name} has the shape {values.shape}; give a 1-D array")
    if len(values) != rows:
        raise ValueError(f"{name} has {len(values)} rows and actual has {rows}; give one value a row")


def numbers(actual: ArrayLike, predicted: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Take the two columns as floats.

    `ValueError` unless both are numbers, 1-D, of one length, not empty and finite.
    """
    columns = {"actual": _floats("actual", actual), "predicted": _floats("predicted", predicted)}
    rows = columns["actual"].size
    for name, values in columns.items():
        one_dimensional(name, values, rows)
        wrong = np.flatnonzero(~np.isfinite(values))
        if wrong.size:
            found = f"{name} has {wrong.size} values that are not finite, the first is {values[wrong[0]]}"
            raise ValueError(f"{found} in row {wrong[0]}; drop these rows or fill them")
    if not rows:
        raise ValueError("actual and predicted are empty; a metric needs at least one row")
    return columns["actual"], columns["predicted"]


def _floats(name: str, values: ArrayLike) -> NDArray[np.float64]:
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be numbers, one a row: {error}") from error


def codes(name: str, ids: ArrayLike, rows: int) -> NDArray[np.intp]:
    """Number the ids 0, 1, … in their own order (not that of the rows), one number a row.

    `ValueError` unless they are 1-D, `rows` many and none is missing.
    """
    values = np.asarray(ids)
    one_dimensional(name, values, rows)
    numbered = pd.factorize(values, sort=True)[0]
    missing = np.flatnonzero(numbered < 0)
    if missing.size:
        raise ValueError(f"{name} has {missing.size} missing ids, the first in row {missing[0]}; drop these rows")
    return numbered


def check_binary(actual: NDArray[np.float64]) -> None:
    """Raise `ValueError` unless every value is 0 or 1."""
    wrong = np.flatnonzero((actual != 0) & (actual != 1))
    if wrong.size:
        raise ValueError(
            f"actual must be 0 or 1; row {wrong[0]} has {actual[wrong[0]]} (and {wrong.size - 1} more rows)"
        )


def check_probability(predicted: NDArray[np.float64]) -> None:
    """Raise `ValueError` unless every value lies in [0, 1]."""
    wrong = np.flatnonzero((predicted < 0) | (predicted > 1))
    if wrong.size:
        found = f"row {wrong[0]} has {predicted[wrong[0]]} (and {wrong.size - 1} more rows)"
        raise ValueError(f"predicted must be a probability between 0 and 1; {found}; a raw score can only be ranked")
