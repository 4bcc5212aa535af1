"""What the models of purchases have in common: a process fitted on a frame's histories, in weeks."""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from models.buy_till_you_die.covariates import DescribedHistories, WithCovariates, fit_described
from models.buy_till_you_die.fit import PRIOR_SD, Untellable, fit
from models.buy_till_you_die.histories import Histories
from models.buy_till_you_die.lifetimes_bridge import to_lifetimes
from models.buy_till_you_die.process import Purchases
from models.contract import TargetKind, check_features, matrix
from models.of_options import OfOptions
from models.parametric import Parametric

DAYS_A_WEEK = 7
"""The frame's columns and the horizon are in days, the processes' parameters in weeks."""
HISTORY = ("frequency", "recency_days", "tenure_days")
"""Repeat purchase days, first to last purchase, first purchase to cutoff."""
FEWEST = 50
"""Customers with a repeat purchase below which parameters would be noise."""


def _requires(model: "PurchaseModel | None") -> tuple[str, ...]:
    """Name the columns that are needed: the history's, and a model's covariates."""
    return HISTORY if model is None else (*HISTORY, *model.covariates)


class PurchaseModel(Parametric):
    """A process of `models.buy_till_you_die`: predicts purchase days within `horizon_days`.

    The frame holds frequency (repeat purchase days), recency_days (first to last purchase) and tenure_days (first
    purchase to cutoff). `params_` are in weeks. The columns of numbers that `transaction_covariates` and
    `lifetime_covariates` name tell who buys more often and who leaves sooner (`WithCovariates`); they must not change
    with time.
    """

    process: ClassVar[Purchases]
    learns: ClassVar[Literal["outcome", "past"]] = "past"
    requires: ClassVar = OfOptions(_requires)
    kinds: ClassVar[tuple[TargetKind, ...]] = ("count",)
    labels: ClassVar[tuple[str, ...]] = ()
    noncontractual: ClassVar[bool] = True

    def __init__(
        self,
        horizon_days: int,
        *,
        prior_sd: float | None = PRIOR_SD,
        transaction_covariates: Sequence[str] = (),
        lifetime_covariates: Sequence[str] = (),
    ) -> None:
        self.horizon_days = horizon_days
        self.prior_sd = prior_sd
        self.transaction_covariates = transaction_covariates
        self.lifetime_covariates = lifetime_covariates

    @property
    def covariates(self) -> list[str]:
        """The columns that are covariates of either part."""
        return list(dict.fromkeys([*self.transaction_covariates, *self.lifetime_covariates]))

    @property
    def described(self) -> Purchases:
        """The process, with the covariates if there are any: what `params_` are the parameters of."""
        if not self.covariates:
            return self.process
        return WithCovariates(self.process, tuple(self.transaction_covariates), tuple(self.lifetime_covariates))

    def fit(self, X: pd.DataFrame, y: pd.Series | None = None, sample_weight: ArrayLike | None = None) -> Self:
        """Estimate from the histories; `y` is ignored.

        Raises `ValueError` for histories that cannot be, for fewer than `FEWEST` repeat buyers and for covariates that
        are null or not identified, `NotConverged`.
        """
        seen = enough(self.process, self.seen(X, sample_weight))
        process = self.described
        if isinstance(process, WithCovariates):
            self.fit_ = fit_described(process, seen, prior_sd=self.prior_sd)
        else:
            self.fit_ = fit(process, seen, prior_sd=self.prior_sd)
        return self

    def seen(self, X: pd.DataFrame, weight: ArrayLike | None = None) -> Histories:
        """Give a frame's histories, in weeks, with the covariates if there are any."""
        found = histories(X, weight)
        if not self.covariates:
            return found
        return DescribedHistories.among(found, numbers(X, self.covariates), weight)

    def predict(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Give each row's expected purchase days within the horizon, 0 or more."""
        seen, horizon = self.seen(X), self.horizon_days / DAYS_A_WEEK
        return seen.spread(self.described.expected_purchases(self.params_, seen, horizon=horizon))

    def to_lifetimes(self, X: pd.DataFrame | None = None) -> Any:
        """Give lifetimes' fitted object with these parameters, in weeks, and with the customers of `X` as its data."""
        check_is_fitted(self)
        return to_lifetimes(self.described, self.fit_, None if X is None else self.seen(X))


def histories(X: pd.DataFrame, weight: ArrayLike | None = None) -> Histories:
    """Give a frame's histories, in weeks."""
    x, recency_days, tenure_days = matrix(X, list(HISTORY)).T
    return Histories.of(x=x, t_x=recency_days / DAYS_A_WEEK, T=tenure_days / DAYS_A_WEEK, weight=weight)


def numbers(X: pd.DataFrame, names: list[str]) -> dict[str, NDArray[np.float64]]:
    """Take columns of numbers by name. Raises `ValueError` for texts and for missing ones."""
    check_features(X, names)
    texts = [name for name in names if not pd.api.types.is_numeric_dtype(X[name])]
    if texts:
        raise ValueError(f"the covariates {texts} are no numbers; ask for one of their values as COLUMN=VALUE")
    return dict(zip(names, matrix(X, names).T, strict=True))


def enough(process: Purchases, seen: Histories) -> Histories:
    """Take histories that tell enough. Raises `Untellable` for fewer than `FEWEST` repeat buyers."""
    repeaters, customers = (int(seen.weight[kept].sum()) for kept in (seen.x > 0, slice(None)))
    if repeaters < FEWEST:
        raise Untellable(
            f"only {repeaters} of {customers} customers have a repeat purchase day and {process.title} needs {FEWEST}; "
            "take a longer history or a later cutoff"
        )
    return seen
