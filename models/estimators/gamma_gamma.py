"""Expected mean amount of a purchase day, from past purchases alone (Gamma-Gamma)."""

from typing import Any, ClassVar, Final, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

import models.buy_till_you_die.gamma_gamma as spend
from models.buy_till_you_die.fit import PRIOR_SD, Untellable, fit
from models.buy_till_you_die.lifetimes_bridge import to_lifetimes
from models.contract import State, TargetKind, matrix
from models.estimators import register
from models.parametric import Parametric
from models.purchases import FEWEST

ALIKE: Final = 1e-2
"""Standard deviation of the logarithm of customers' mean amounts below which they are all alike."""


@register
class GammaGamma(Parametric):
    """Gamma-Gamma of Fader, Hardie & Lee (2005): predicts the mean amount of a purchase day.

    The frame holds frequency (purchase days counted) and monetary_value (their mean amount, in currency; may be
    null where frequency is 0). The fit leaves out frequency 0 and amounts of 0 or less; `predict` gives frequency 0
    the population mean and takes an amount below 0 as 0. `params_` are p, q and v (currency). `correlation_` is the
    rank correlation of frequency and amount among those it was fitted on, which the model takes to be 0.
    """

    correlation_: float
    learns: ClassVar[Literal["outcome", "past"]] = "past"
    requires: ClassVar[tuple[str, ...]] = ("frequency", "monetary_value")
    kinds: ClassVar[tuple[TargetKind, ...]] = ("amount",)
    labels: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *, prior_sd: float | None = PRIOR_SD) -> None:
        self.prior_sd = prior_sd

    def fit(self, X: pd.DataFrame, y: pd.Series | None = None, sample_weight: ArrayLike | None = None) -> Self:
        """Estimate from the histories; `y` is ignored.

        Raises `ValueError` for nulls, fewer than `FEWEST` customers left, amounts that are all alike (p would be
        infinite) and q <= 1 (the population then has no mean), `NotConverged`.
        """
        x, m = matrix(X, list(self.requires)).T
        seen = _enough(spend.Amounts.of(x=x, m=m, weight=sample_weight))
        found = fit(spend.GammaGamma(), seen, prior_sd=self.prior_sd)
        if found.params["q"] <= 1:
            raise Untellable(
                f"Gamma-Gamma was fitted with q = {found.params['q']:.4g}, and at q <= 1 mean spend is infinite; "
                "cap the few extreme amounts, or use a model that learns from outcomes"
            )
        self.fit_, self.correlation_ = found, seen.correlation
        return self

    def predict(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Give each row's expected mean amount of a purchase day, 0 or more."""
        x, m = matrix(X, list(self.requires)).T
        return spend.GammaGamma().expected_value(self.params_, spend.Amounts.of(x=x, m=m))

    def to_lifetimes(self, X: pd.DataFrame | None = None) -> Any:
        """Give lifetimes' fitted object with these parameters, and with the customers of `X` as its data."""
        check_is_fitted(self)
        seen = None if X is None else spend.Amounts.of(x=X["frequency"], m=X["monetary_value"])
        return to_lifetimes(spend.GammaGamma(), self.fit_, seen)

    def state(self) -> dict[str, Any]:
        """Give the parameters and the correlation."""
        return {**super().state(), "correlation": self.correlation_}

    def restore(self, state: State) -> Self:
        """Take them back."""
        self.correlation_ = state["correlation"]
        return super().restore({key: value for key, value in state.items() if key != "correlation"})


def _enough(seen: spend.Amounts) -> spend.Amounts:
    kept, customers = seen.positive, seen.weight.sum()
    spenders = kept.weight.sum()
    if spenders < FEWEST:
        raise Untellable(
            f"only {spenders:g} of {customers:g} customers have a mean amount above 0 and Gamma-Gamma needs {FEWEST}; "
            "take a longer history, or check the sign of the amounts"
        )
    if kept.spread < ALIKE:
        raise Untellable(
            f"the mean amounts of all {len(kept.x)} customers are alike (about {kept.unit:.6g}, "
            f"spread {kept.spread:.1g} of it), and Gamma-Gamma has nothing to learn (p would be infinite); "
            "a purchase is worth that much: multiply the expected purchases by it"
        )
    return kept
