"""What the models of contracts have in common: who is lost within a horizon, by the renewals that fall into it."""

from typing import ClassVar, Final, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from models.buy_till_you_die.fit import PRIOR_SD, Untellable, fit
from models.contract import TargetKind, matrix
from models.of_options import OfOptions
from models.parametric import Parametric
from models.retention.lifetime import ContractLifetime
from models.retention.renewals import Renewals

MONTH_DAYS: Final = 30.4375
"""Mean length of a month of the calendar."""
SLACK_DAYS: Final = 3.0
"""How far an anniversary of so many months may lie from so many mean months."""
FEWEST: Final = 10
"""Customers lost below which parameters would be noise."""

Floats = NDArray[np.float64]


def _requires(model: "RenewalModel | None") -> tuple[str, ...]:
    """Name the features that are needed: of contracts that differ in their term, that too."""
    own = model is not None and model.term_days == 0
    return ("membership_days", "subscription_term_days") if own else ("membership_days",)


class RenewalModel(Parametric):
    """A model of `models.retention`: predicts the probability to be lost within `horizon_days`.

    The frame holds membership_days, of which the renewals survived by the cutoff, and those that fall into the horizon,
    are counted: `term_days` is the length of all terms (by default a month), 0 that each customer has their own, which
    the frame then holds as subscription_term_days. Where terms are months an anniversary may lie up to `slack_days`
    from the mean one, and nearer to the edge of the horizon a renewal counts in part; 0 where terms are exact.

    It learns from outcomes at cutoffs: the likelihood of each is that of a customer first seen at their tenure then, so
    customers who joined long ago are used, and those lost before do not lack. Horizons that overlap only tell the same
    twice. It is for the population `subscribers` (target subscription_ended) or `members` (lapsed) without a grace.
    """

    lifetime: ClassVar[ContractLifetime]
    learns: ClassVar[Literal["outcome", "past"]] = "outcome"
    requires = OfOptions(_requires)
    kinds: ClassVar[tuple[TargetKind, ...]] = ("binary",)
    labels: ClassVar[tuple[str, ...]] = ()
    answers: ClassVar[tuple[str, ...]] = ("subscription_ended", "lapsed")

    def __init__(
        self,
        horizon_days: int,
        *,
        lead_days: int = 0,
        term_days: float = MONTH_DAYS,
        slack_days: float = SLACK_DAYS,
        prior_sd: float | None = PRIOR_SD,
    ) -> None:
        self.horizon_days = horizon_days
        self.lead_days = lead_days
        self.term_days = term_days
        self.slack_days = slack_days
        self.prior_sd = prior_sd

    def fit(self, X: pd.DataFrame, y: pd.Series, sample_weight: ArrayLike | None = None) -> Self:
        """Estimate from who was lost within the horizon.

        Raises `ValueError` for who has no membership or term, for losses where no renewal was due and for fewer than
        `FEWEST` of them, `NotConverged`.
        """
        survived, since, until = self._renewals(X)
        lost = np.asarray(y, dtype=np.float64)
        seen = Renewals.within(survived=survived, since=since, until=until, lost=lost, weight=sample_weight)
        losses, customers = float(seen.lost @ seen.weight), seen.weight.sum()
        if losses < FEWEST:
            raise Untellable(
                f"only {losses:g} of {customers:g} customers were lost, and {self.lifetime.title} needs {FEWEST}; "
                "take more cutoffs or a longer horizon"
            )
        self.fit_ = fit(self.lifetime, seen, prior_sd=self.prior_sd)
        return self

    def predict(self, X: pd.DataFrame) -> Floats:
        """Give each row's probability to be lost within the horizon."""
        survived, since, until = self._renewals(X)
        return self.lifetime.p_lost(self.params_, survived, since=since, until=until)

    def _renewals(self, X: pd.DataFrame) -> tuple[Floats, Floats, Floats]:
        """Count the renewals by the cutoff, by the beginning of the horizon and by its end."""
        age = matrix(X, ["membership_days"])[:, 0]
        term = matrix(X, ["subscription_term_days"])[:, 0] if self.term_days == 0 else np.full(len(age), self.term_days)
        wrong = ~(np.isfinite(age) & (term > 0))
        if wrong.any():
            raise ValueError(
                f"{wrong.sum()} of {len(wrong)} rows (first: row {wrong.argmax()}) have no membership_days or no term; "
                "ask about the population 'subscribers' or 'members', and say term_days where there is no such column"
            )
        begins = age + self.lead_days
        return tuple(_passed(days, term, self.slack_days) for days in (age, begins, begins + self.horizon_days))  # type: ignore[return-value]


def _passed(age: Floats, term: Floats, slack: float) -> Floats:
    """Count the renewals that lie before an age; one that is due on its very day does not.

    One within the slack counts in part, from 0 at the slack before it to 1 at the slack after it.
    """
    if slack == 0:
        return np.asarray(np.maximum(np.ceil(age / term) - 1, 0))
    nearest = np.round(age / term)
    reach = np.minimum(slack, term / 2)
    part = np.clip((age - nearest * term + reach) / (2 * reach), 0, 1)
    return np.asarray(np.where(nearest > 0, nearest - 1 + part, 0.0))
