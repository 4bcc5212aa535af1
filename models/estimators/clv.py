"""Expected value within the horizon, from past purchases alone (a process of purchases × Gamma-Gamma)."""

from typing import Any, ClassVar, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from models.buy_till_you_die.fit import PRIOR_SD, Fit, fit
from models.buy_till_you_die.gamma_gamma import Amounts
from models.buy_till_you_die.posterior import Outlook, Tables
from models.buy_till_you_die.processes import PROCESSES
from models.contract import State, TargetKind, matrix
from models.estimators import register
from models.estimators.gamma_gamma import GammaGamma
from models.lifetime_value.details import details
from models.lifetime_value.terms import DAYS_A_MONTH, Terms
from models.lifetime_value.worth import Rows, by_month, worth
from models.of_options import OfOptions
from models.purchases import DAYS_A_WEEK, HISTORY, enough, histories

Floats = NDArray[np.float64]


def _requires(model: "Clv | None") -> tuple[str, ...]:
    """Name the columns that are needed: of a model those that its options name."""
    repeat_only, margin_from = (model.repeat_only, model.margin_from) if model else (False, "")
    amount = "monetary_value" if repeat_only else "mean_day_spend"
    return (*HISTORY, amount, *([margin_from] if margin_from else []))


def _answers(model: "Clv | None") -> tuple[str, ...]:
    """Name the targets that it can tell of, nothing being any: with margins or costs it is none of revenue."""
    return () if model is None or model.terms.revenue else ("future_contribution", "future_margin")


@register
class Clv(BaseEstimator):
    """Expected purchase days within `horizon_days` times the expected amount of one, as far as it counts.

    Fader, Hardie & Lee (2005), RFM and CLV: it takes how often and how much a customer buys as independent. The frame
    holds frequency, recency_days and tenure_days as for `PurchaseModel`, and mean_day_spend: the mean amount over all
    purchase days, the first included, because one-time buyers too tell what people spend (and it ranks better). With
    `repeat_only` it is monetary_value instead, that of the repeat days, as in the papers.

    `process` is one of `PROCESSES`. `discount_rate`, `margin`, `margin_from` and `cost_per_year` are those of `Terms`:
    as they are by default the value is revenue, undiscounted. It can be below 0 where a margin is, or a cost is given;
    with either it answers for contribution and margin, and not for spend. Judged it is by what came, undiscounted.
    """

    learns: ClassVar[Literal["outcome", "past"]] = "past"
    requires: ClassVar = OfOptions(_requires)
    kinds: ClassVar[tuple[TargetKind, ...]] = ("amount",)
    labels: ClassVar[tuple[str, ...]] = ()
    answers: ClassVar = OfOptions(_answers)
    noncontractual: ClassVar[bool] = True
    simulated_: dict[tuple[int, str, bool], Tables]

    def __init__(
        self,
        horizon_days: int,
        *,
        process: str = "pareto_nbd",
        discount_rate: float = 0.0,
        margin: float = 1.0,
        margin_from: str = "",
        cost_per_year: float = 0.0,
        repeat_only: bool = False,
        prior_sd: float | None = PRIOR_SD,
    ) -> None:
        self.horizon_days = horizon_days
        self.process = process
        self.discount_rate = discount_rate
        self.margin = margin
        self.margin_from = margin_from
        self.cost_per_year = cost_per_year
        self.repeat_only = repeat_only
        self.prior_sd = prior_sd

    def fit(self, X: pd.DataFrame, y: pd.Series | None = None, sample_weight: ArrayLike | None = None) -> Self:
        """Estimate both parts from the histories; `y` is ignored. Raises as its parts do, and as `Terms`."""
        process, seen = PROCESSES[self.process], histories(X, sample_weight)
        self.terms.margins(X)
        self.purchases_ = fit(process, enough(process, seen), prior_sd=self.prior_sd)
        self.value_ = GammaGamma(prior_sd=self.prior_sd).fit(self._spending(X), sample_weight=sample_weight)
        self.history_days_, self.simulated_ = float(seen.T.max()) * DAYS_A_WEEK, {}
        return self

    def predict(self, X: pd.DataFrame) -> Floats:
        """Give each row's expected value within the horizon, in currency."""
        outlook = self._outlook()
        return worth(self._rows(X), outlook, self.terms, days=self.horizon_days)

    def by_month(self, X: pd.DataFrame, months: int | None = None, *, discounted: bool = True) -> Floats:
        """Give each row's expected value in each of the months from the cutoff on (rows × months).

        A month is a twelfth of 365.25 days. Without `months` they are those of the horizon, the last ends with it, and
        a row adds up to `predict`. `discounted` False counts later money as present.
        """
        terms = self.terms if discounted else self.terms.undiscounted
        until = self.horizon_days if months is None else months * DAYS_A_MONTH
        return by_month(self._rows(X), self._outlook(), terms, until=until)

    def details(self, X: pd.DataFrame) -> pd.DataFrame:
        """Give what is told beside the score: see `models.lifetime_value.details`."""
        return details(
            self._rows(X),
            self._outlook(),
            self.terms,
            horizon_days=self.horizon_days,
            history_days=self.history_days_,
            correlation=self.value_.correlation_,
        )

    def state(self) -> dict[str, Any]:
        """Give the parameters of both parts, and how long the longest history was that they were fitted on."""
        check_is_fitted(self)
        return {"purchases": self.purchases_.state(), "value": self.value_.state(), "history_days": self.history_days_}

    def restore(self, state: State) -> Self:
        """Take them back."""
        self.purchases_ = Fit.restore(state["purchases"])
        self.value_ = GammaGamma(prior_sd=self.prior_sd).restore(state["value"])
        self.history_days_, self.simulated_ = state["history_days"], {}
        return self

    @property
    def terms(self) -> Terms:
        """On which terms purchases count as money."""
        return Terms(self.discount_rate, self.margin, self.margin_from, self.cost_per_year)

    def _outlook(self) -> Outlook:
        """Look ahead; what has been simulated for a look as far is taken up again."""
        check_is_fitted(self)
        return Outlook(
            PROCESSES[self.process],
            self.purchases_,
            self.value_.fit_,
            self.horizon_days / DAYS_A_WEEK,
            firsts=int(not self.repeat_only),
            tables=self.simulated_.setdefault((self.horizon_days, self.process, self.repeat_only), {}),
        )

    def _rows(self, X: pd.DataFrame) -> Rows:
        x, m = matrix(self._spending(X), list(GammaGamma.requires)).T
        return Rows(X, histories(X), Amounts.of(x=x, m=m), self.terms.margins(X))

    def _spending(self, X: pd.DataFrame) -> pd.DataFrame:
        """Give the frame for Gamma-Gamma, which counts the first purchase day too unless told not to."""
        repeats, amount = matrix(X, ["frequency", self.requires[len(HISTORY)]]).T
        return pd.DataFrame({"frequency": repeats + (not self.repeat_only), "monetary_value": amount})
