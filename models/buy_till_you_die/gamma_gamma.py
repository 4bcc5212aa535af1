"""Gamma-Gamma: what an order of each customer is worth, whatever their number."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainccinv, betaincinv, digamma, gammaln

from models.buy_till_you_die.histories import Floats, refuse, weights
from models.buy_till_you_die.process import Parameter, Params


@dataclass(frozen=True)
class Amounts:
    """Customers' x purchase days with an amount and its mean m (currency), with how many customers each row is."""

    x: Floats
    m: Floats
    weight: Floats

    @classmethod
    def of(cls, *, x: ArrayLike, m: ArrayLike, weight: ArrayLike | None = None) -> Self:
        """Take customers; m is 0 where x is. Raises `ValueError` for amounts that cannot be."""
        x, m = (np.ascontiguousarray(values, dtype=np.float64) for values in (x, m))
        m = np.where(x == 0, 0.0, m)
        refuse(~(np.isfinite(x) & (x >= 0)), "an x that is no count of purchase days")
        refuse(~np.isfinite(m), "purchase days but a null or infinite mean amount; check the amounts")
        return cls(x, m, weights(weight, len(x)))

    @property
    def positive(self) -> Self:
        """Leave out who has no amount above 0: the model has no such amounts."""
        kept = (self.x > 0) & (self.m > 0) & (self.weight > 0)
        return replace(self, x=self.x[kept], m=self.m[kept], weight=self.weight[kept])

    @cached_property
    def counts(self) -> tuple[Floats, NDArray[np.intp]]:
        """The distinct x, and for each customer the place of theirs: customers are many, their counts are few."""
        which, counts = pd.factorize(self.x)
        return np.asarray(counts, dtype=np.float64), which

    @property
    def spread(self) -> float:
        """The standard deviation of log m: how far customers' amounts lie apart."""
        logs = np.log(self.m)
        return float(np.sqrt(np.average((logs - np.average(logs, weights=self.weight)) ** 2, weights=self.weight)))

    @property
    def correlation(self) -> float:
        """The rank correlation of x and m over customers; 0 where either is the same for all.

        The model takes how often and how much a customer buys as independent: 0 is what it assumes.
        """
        ranks = np.stack([self._ranks(self.x), self._ranks(self.m)])
        away = ranks - np.average(ranks, axis=1, weights=self.weight)[:, None]
        between = (away * self.weight) @ away.T
        scale = float(np.sqrt(between[0, 0] * between[1, 1]))
        return float(between[0, 1]) / scale if scale > 0 else 0.0

    def _ranks(self, values: Floats) -> Floats:
        """Give each customer the middle of the ranks that all with their value have."""
        which, distinct = pd.factorize(values, sort=True)
        count = np.bincount(which, weights=self.weight, minlength=len(distinct))
        return np.asarray((np.cumsum(count) - count / 2)[which], dtype=np.float64)

    @property
    def unit(self) -> float:
        """The mean amount of a customer."""
        return float(np.average(self.m, weights=self.weight)) or 1.0

    def per(self, unit: float) -> Self:
        """Give the same with that amount as 1."""
        return replace(self, m=self.m / unit)


@dataclass(frozen=True)
class GammaGamma:
    """Gamma-Gamma of Fader & Hardie, The Gamma-Gamma model of monetary value (2013).

    p is the shape of a customer's amounts; q and v (currency) are of the gamma of their rates.
    """

    title: ClassVar[str] = "Gamma-Gamma"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("p", 3.0),
        Parameter("q", 3.0),
        Parameter("v", 1.0, measured=True),
    )

    def log_likelihood(self, params: Params, seen: Amounts) -> tuple[Floats, Floats]:
        """Give eq. 1a of Fader & Hardie (2013) for each customer, and its derivatives (3 × n).

        Here the parameters are numbers, not arrays: what depends on x alone is reckoned once a distinct x.
        """
        p, q, v = (params[each.name] for each in self.parameters)
        counts, which = seen.counts
        shape, own = p * counts + q, p * counts
        spent, logs = np.log(v + seen.m * seen.x), np.log(seen.m)
        value = (gammaln(shape) - gammaln(own) - gammaln(q) + q * np.log(v) + own * np.log(counts))[which]
        value += (own - 1)[which] * logs - shape[which] * spent
        slopes = np.stack(
            [
                (counts * (digamma(shape) - digamma(own) + np.log(counts)))[which] + seen.x * (logs - spent),
                (digamma(shape) - digamma(q) + np.log(v))[which] - spent,
                q / v - shape[which] / (v + seen.m * seen.x),
            ]
        )
        return value, slopes

    def expected_value(self, params: Params, seen: Amounts) -> Floats:
        """Give each customer's expected mean amount a purchase day, in currency.

        Fader & Hardie (2013), eq. 5: the population mean p v / (q − 1) moved towards the customer's own m as x grows.
        With x = 0 it is the population mean, whatever m; m below 0 (more returned than bought) counts as 0.
        """
        p, q, v = (params[each.name] for each in self.parameters)
        return p * (v + seen.x * np.maximum(seen.m, 0)) / (p * seen.x + q - 1)

    def far_out(self, params: Params, seen: Amounts, *, chance: float) -> NDArray[np.bool_]:
        """Mark the customers with a mean amount that fewer than this share have so high, or so low, each half of it.

        x m / v is beta prime with p x and q. m below 0 is as 0; nobody with x = 0 is marked.
        """
        p, q, v = (params[each.name] for each in self.parameters)
        counts, which = seen.counts
        own, spent = p * np.maximum(counts, 1), seen.x * np.maximum(seen.m, 0)
        low, high = betaincinv(own, q, chance / 2)[which], betainccinv(own, q, chance / 2)[which]
        share = spent / (v + spent)
        return (seen.x > 0) & ((share < low) | (share > high))
