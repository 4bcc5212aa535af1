"""What every model is: scikit-learn's words plus plain-data state."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol, Self, runtime_checkable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

KEYS = ("customer_id", "cutoff", "category", "eligible")
"""Columns of a frame that say what a row is about; every other column is a feature."""

State = Mapping[str, Any]
"""JSON values, and `bytes` where XGBoost hands over its own UBJSON."""

TargetKind = Literal["binary", "count", "amount", "none"]
"""What a target measures: 0 or 1, a number of events, money, or nothing (segments)."""


@dataclass(frozen=True)
class Span:
    """Where a parameter may be looked for: from low to high, both included, on a log scale if so said.

    Whole numbers if both ends are.
    """

    low: float
    high: float
    log: bool = False


class Model(Protocol):
    """A model of one target.

    `learns` says what it is fitted on: `"outcome"` needs rows whose horizon has closed, `"past"` uses the
    customers' history alone and so may be fitted on the very cutoff it predicts from; `"both"` gets those of the first
    and, with y NaN, those of the second. `requires` names the
    features without which it cannot work (empty: it takes those it is given). `labels` names the values of
    `predict` where they are codes (segments), else it is empty.

    Five more a model may have. `tunable`: a `Span` for each parameter that may be tuned, by name. `takes_text`: True
    where it can use columns of text (a frame that has one is else refused). `answers`: the names of the only targets
    that it can tell of. `noncontractual`: True where it takes customers as free to leave at any time, unseen; it is
    refused where they are under contract. `at_opportunities`: True where purchases come at regular opportunities, once
    a year say, so that regular ones do not look like a contract's.
    """

    learns: ClassVar[Literal["outcome", "past", "both"]]
    requires: ClassVar[tuple[str, ...]]
    kinds: ClassVar[tuple[TargetKind, ...]]

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the codes that `predict` gives; empty when it gives expected values."""

    def fit(self, X: pd.DataFrame, y: pd.Series) -> Self:
        """Fit on a frame (keys and one column a feature) and the target's value for each row."""

    def predict(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Give the expected value of the target for each row: probability, count or amount (or a label's code)."""

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Give the constructor's arguments."""

    def state(self) -> dict[str, Any]:
        """Give what was learned as plain data."""

    def restore(self, state: State) -> Self:
        """Take back what `state` gave; the model then predicts the same values, bit for bit."""


@runtime_checkable
class Explained(Protocol):
    """A model whose score is a sum over its features, on the scale of its link (log-odds of a probability, log of a
    count or an amount; an amount that may be below 0 as it is).
    """

    features_: list[str]

    def contributions(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Give each row's terms: a column a feature of `features_`, and last the base that is everyone's.

        They add up to the link of `predict` within 1e-6.
        """


@runtime_checkable
class PredictsRows(Protocol):
    """A model that may be asked by numbers alone, without a frame.

    Rows are as `matrix` gives them: a column a feature of `features_`, in their order, nulls as NaN. What is said of a
    row is what is said of it in a frame, bit for bit, and does not depend on the rows beside it.
    """

    features_: list[str]

    @property
    def takes_rows(self) -> bool:
        """Whether this fitted model is a function of its features alone, all of them numbers."""

    def predict_rows(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give what `predict` gives for rows × `features_`; only where it takes rows."""


@runtime_checkable
class OfRows(PredictsRows, Protocol):
    """One that is `Explained` by numbers alone, too."""

    def explained_rows(self, values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give what `predict` and `contributions` give for rows × `features_`; only where it takes rows."""


@runtime_checkable
class Detailed(Protocol):
    """A model that tells more of a row than its score."""

    def details(self, X: pd.DataFrame) -> pd.DataFrame:
        """Give columns that stand beside the score, a row for each row of the frame, in its order.

        Of lifetime value: p_alive, expected_purchases, expected_value (of one purchase day), clv, low, high (of clv,
        90 %), next_order (a day, null where none is expected) and flags (text, empty where there is nothing to say).
        """


def eligible(frame: pd.DataFrame) -> NDArray[np.bool_]:
    """Mark the rows that are asked about. Only pairs of customer and category may have others: rows that are there
    for what they say about the customer, never fitted on as examples and never scored.
    """
    if "eligible" not in frame:
        return np.ones(len(frame), dtype=bool)
    return frame["eligible"].to_numpy(dtype=bool)


def keys_of(frame: pd.DataFrame) -> list[str]:
    """Name the columns of a frame that say what a row is about."""
    return [key for key in KEYS if key in frame and key != "eligible"]


def feature_names(frame: pd.DataFrame) -> list[str]:
    """Name the feature columns of a frame, in order."""
    return [str(column) for column in frame.columns if column not in KEYS]


def check_features(frame: pd.DataFrame, features: Iterable[str]) -> None:
    """Raise `ValueError` that names what is missing unless the frame has all of the columns."""
    missing = [name for name in features if name not in frame]
    if missing:
        raise ValueError(f"the frame lacks the features {missing}; it has {feature_names(frame)}")


def matrix(frame: pd.DataFrame, features: list[str]) -> NDArray[np.float64]:
    """Take the named columns as floats, rows × features, nulls as NaN; a missing one is a `ValueError`."""
    check_features(frame, features)
    return np.ascontiguousarray(frame[features].to_numpy(dtype=np.float64, na_value=np.nan))
