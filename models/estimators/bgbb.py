"""Expected periods with a purchase within the horizon, from past purchases alone (BG/BB)."""

from typing import ClassVar, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from models.buy_till_you_die.bgbb import BgBb, Opportunities
from models.buy_till_you_die.fit import PRIOR_SD, fit
from models.contract import TargetKind, matrix
from models.estimators import register
from models.of_options import OfOptions
from models.parametric import Parametric
from models.purchases import enough

PERIOD_DAYS = 28


def _requires(model: "Bgbb | None") -> tuple[str, ...]:
    """Name the features of a model: those of its own period, and of the class those of the usual one."""
    days = PERIOD_DAYS if model is None else model.period_days
    return (f"repeat_periods_{days}d", "recency_days", "tenure_days")


@register
class Bgbb(Parametric):
    """BG/BB of Fader, Hardie & Shang (2010): predicts in how many periods within `horizon_days` a customer buys.

    For those who buy at given opportunities (a donation a year, a delivery a week), or at most about once a period.
    Periods are `period_days` long and counted back from the cutoff; opportunities are those after the period of the
    first purchase. The frame holds repeat_periods_7d or repeat_periods_28d (opportunities taken; a feature for another
    length is declared like these), recency_days and tenure_days. `params_` are alpha, beta, gamma and delta.
    """

    learns: ClassVar[Literal["outcome", "past"]] = "past"
    requires = OfOptions(_requires)
    kinds: ClassVar[tuple[TargetKind, ...]] = ("count",)
    labels: ClassVar[tuple[str, ...]] = ()
    noncontractual: ClassVar[bool] = True
    at_opportunities: ClassVar[bool] = True

    def __init__(self, horizon_days: int, *, period_days: int = PERIOD_DAYS, prior_sd: float | None = PRIOR_SD) -> None:
        self.horizon_days = horizon_days
        self.period_days = period_days
        self.prior_sd = prior_sd

    def fit(self, X: pd.DataFrame, y: pd.Series | None = None, sample_weight: ArrayLike | None = None) -> Self:
        """Estimate from the histories; `y` is ignored.

        Raises `ValueError` for histories that cannot be, fewer than `FEWEST` repeat buyers and a horizon that is not of
        whole periods, `NotConverged`.
        """
        self._periods()
        self.fit_ = fit(BgBb(), enough(BgBb(), self._opportunities(X, sample_weight)), prior_sd=self.prior_sd)
        return self

    def predict(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Give each row's expected periods with a purchase within the horizon, 0 or more."""
        seen = self._opportunities(X)
        return seen.spread(BgBb().expected_purchases(self.params_, seen, horizon=self._periods()))

    def _opportunities(self, X: pd.DataFrame, weight: ArrayLike | None = None) -> Opportunities:
        """Give a frame's histories: in which period before the cutoff the first and the last purchase lie."""
        x, recency_days, tenure_days = matrix(X, list(self.requires)).T
        first, last = (
            np.maximum((days - 1) // self.period_days, 0) for days in (tenure_days, tenure_days - recency_days)
        )
        return Opportunities.of(x=x, t_x=first - last, T=first, weight=weight)

    def _periods(self) -> int:
        """Give the horizon in periods."""
        periods, rest = divmod(self.horizon_days, self.period_days)
        if rest:
            raise ValueError(
                f"a horizon of {self.horizon_days} days is not of whole periods of {self.period_days} (period_days); "
                "choose a multiple of them"
            )
        return periods
