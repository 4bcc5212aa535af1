"""Probability of no purchase day within the horizon, from past purchases alone (MBG/NBD, BG/NBD or Pareto/NBD)."""

from typing import ClassVar, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from models.buy_till_you_die.fit import fit
from models.buy_till_you_die.processes import PROCESSES
from models.contract import TargetKind
from models.estimators import register
from models.parametric import Parametric
from models.purchases import DAYS_A_WEEK, HISTORY, enough, histories


@register
class NoPurchase(Parametric):
    """Exact P(no purchase day within `horizon_days` of the cutoff), gone for good or only silent for so long.

    `process` says how customers leave: "mbgnbd" (Batislam, Denizel & Filiztekin 2007: perhaps right after the first
    purchase), "bgnbd" (Fader, Hardie & Lee 2005: only after a repeat purchase) or "pareto_nbd" (Schmittlein, Morrison &
    Colombo 1987: at any time). Rank customers by this and never by P(alive), which does not ask how often someone buys.
    The frame is that of `PurchaseModel`. The horizon begins at the cutoff.
    """

    learns: ClassVar[Literal["outcome", "past"]] = "past"
    requires: ClassVar[tuple[str, ...]] = HISTORY
    kinds: ClassVar[tuple[TargetKind, ...]] = ("binary",)
    labels: ClassVar[tuple[str, ...]] = ()
    noncontractual: ClassVar[bool] = True
    answers: ClassVar[tuple[str, ...]] = ("churned",)

    def __init__(self, horizon_days: int, *, process: str = "mbgnbd") -> None:
        self.horizon_days = horizon_days
        self.process = process

    def fit(self, X: pd.DataFrame, y: pd.Series | None = None, sample_weight: ArrayLike | None = None) -> Self:
        """Estimate from the histories; `y` is ignored.

        Raises `UnknownName` for an unknown process, and as `PurchaseModel.fit` does.
        """
        process = PROCESSES[self.process]
        self.fit_ = fit(process, enough(process, histories(X, sample_weight)))
        return self

    def predict(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Give each row's probability of no purchase day within the horizon."""
        seen, horizon = histories(X), self.horizon_days / DAYS_A_WEEK
        return seen.spread(PROCESSES[self.process].p_silent(self.params_, seen, horizon=horizon))
