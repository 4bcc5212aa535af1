"""What every model of contracts tells: all of it follows from how many survive so many renewals."""

from abc import ABC, abstractmethod
from typing import ClassVar, Final

import numpy as np

from models.buy_till_you_die.histories import Floats
from models.buy_till_you_die.process import Parameter, Params, check_rate
from models.retention.renewals import Renewals

NEGLIGIBLE: Final = 40.0
"""A discounted sum without end stops where the discount has come to exp(−40)."""


class ContractLifetime(ABC):
    """A model of how many renewals customers survive. Numbers of renewals are arrays of n, 0 or more."""

    title: ClassVar[str]
    parameters: ClassVar[tuple[Parameter, ...]]

    @abstractmethod
    def log_survivor(self, params: Params, renewals: Floats) -> tuple[Floats, Floats]:
        """Give log S of some numbers of renewals, S being the share that survives them, and its slopes (p × n)."""

    def log_likelihood(self, params: Params, seen: Renewals) -> tuple[Floats, Floats]:
        """Give log P(lost, or not lost, at those renewals | survived the earlier), and its derivatives (p × n).

        Of who came to renewal t and was lost there that is log(S(t − 1) − S(t)), of who is still there log S(t): the
        likelihood of Fader & Hardie (2007), How to project customer retention; with customers seen from later on it is
        that given what they had survived.
        """
        (start, of_start), (since, of_since), (until, of_until) = (
            self.log_survivor(params, renewals) for renewals in (seen.survived, seen.since, seen.until)
        )
        lost = seen.lost == 1
        ends = np.where(lost, until - since, -1.0)
        early, late = since - start, until - start
        with np.errstate(divide="ignore"):
            gone = early + np.log(-np.expm1(ends))
            there = np.logaddexp(np.log(-np.expm1(early)), late)
        of_gone = of_since - of_start - (of_until - of_since) / np.expm1(-ends)
        of_there = np.exp(late - there) * (of_until - of_start) - np.exp(early - there) * (of_since - of_start)
        return np.where(lost, gone, there), np.where(lost, of_gone, of_there)

    def survivor(self, params: Params, renewals: Floats) -> Floats:
        """Give the share of new customers that survives so many renewals."""
        return np.exp(self.log_survivor(params, renewals)[0])

    def retention_rate(self, params: Params, survived: Floats) -> Floats:
        """Give the share of who has survived so many renewals that survives the next."""
        return 1 - self.p_lost(params, survived)

    def p_lost(
        self, params: Params, survived: Floats, *, since: Floats | None = None, until: Floats | None = None
    ) -> Floats:
        """Give the probability of who has survived so many renewals to be lost at the next.

        Or at one of those after the first `since` up to `until`, which are all counted from the first contract on.
        """
        since, until = survived if since is None else since, survived + 1 if until is None else until
        start, early, late = (self.log_survivor(params, each)[0] for each in (survived, since, until))
        return np.exp(early - start) * -np.expm1(late - early)

    def expected_renewals(
        self, params: Params, survived: Floats, *, horizon: float = np.inf, rate: float = 0.0
    ) -> Floats:
        """Give the expected number of the next renewals that are survived, up to `horizon` of them, discounted.

        The k-th counts exp(−rate (k − 1)): seen from just before the next one, as the discounted expected residual
        lifetime (DERL) of Fader & Hardie (2010), Customer-base valuation in a contractual setting; with a discount of d
        a term the rate is log(1 + d). Raises `ValueError` for a horizon and a rate that leave it without end.
        """
        check_rate(rate)
        if horizon == np.inf and rate <= 0:
            raise ValueError(f"{self.title} may never end: say a horizon in renewals, or a discount rate above 0")
        last = int(min(horizon, np.ceil(NEGLIGIBLE / rate) if rate > 0 else np.inf))
        start, total = self.log_survivor(params, survived)[0], np.zeros(len(survived))
        for ahead in range(1, last + 1):
            total += np.exp(self.log_survivor(params, survived + ahead)[0] - start - rate * (ahead - 1))
        return total
