"""Gamma-Gamma: what an order of each customer is worth, whatever their number."""

from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import digamma, gammaln

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
        kept = (self.x > 0) & (self.m > 0)
        return replace(self, x=self.x[kept], m=self.m[kept], weight=self.weight[kept])

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
        """Give eq. 1a of Fader & Hardie (2013) for each customer, and its derivatives (3 × n)."""
        p, q, v = (params[each.name] for each in self.parameters)
        x, m = seen.x, seen.m
        spent, shape = np.log(v + m * x), p * x + q
        value = gammaln(shape) - gammaln(p * x) - gammaln(q) + q * np.log(v)
        value += (p * x - 1) * np.log(m) + p * x * np.log(x) - shape * spent
        slopes = np.stack(
            [
                x * (digamma(shape) - digamma(p * x) + np.log(m) + np.log(x) - spent),
                digamma(shape) - digamma(q) + np.log(v) - spent,
                q / v - shape / (v + m * x),
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
