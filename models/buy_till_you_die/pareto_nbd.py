"""Pareto/NBD: customers buy at a rate of their own, and leave after a lifetime of their own."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import digamma, expit, exprel, gammaln

from models.buy_till_you_die.histories import Floats, Histories
from models.buy_till_you_die.process import Parameter, Params, check_horizon
from models.buy_till_you_die.two_powers import TwoPowers, two_powers


@dataclass(frozen=True)
class ParetoNbd:
    """Pareto/NBD of Schmittlein, Morrison & Colombo (1987), Counting your customers.

    r and alpha (time) are of the gamma of purchase rates λ, s and beta (time) of the gamma of rates μ of leaving.
    """

    title: ClassVar[str] = "Pareto/NBD"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("r", 0.5),
        Parameter("alpha", 0.3, measured=True),
        Parameter("s", 0.6),
        Parameter("beta", 0.4, measured=True),
    )

    def log_likelihood(self, params: Params, seen: Histories) -> tuple[Floats, Floats]:
        """Give Fader & Hardie (2005), A note on deriving the Pareto/NBD model, eq. 17, and its derivatives (4 × n).

        As the sum of who is alive at T and who left at some time between t_x and T.
        """
        r, alpha, s, beta = (params[each.name] for each in self.parameters)
        shape, T = r + seen.x, seen.T
        alive, gone, leaving = self._either(params, seen)
        either = np.logaddexp(alive, gone)
        value = gammaln(shape) - gammaln(r) + r * np.log(alpha) + s * np.log(beta) + either
        lives, left = np.exp(alive - either), np.exp(gone - either)
        since_a, since_b = np.log(alpha + seen.t_x) + leaving.log_a, np.log(beta + seen.t_x) + leaving.log_b
        slopes = np.stack(
            [
                digamma(shape) - digamma(r) + np.log(alpha) - lives * np.log(alpha + T) - left * since_a,
                r / alpha - shape * (lives / (alpha + T) + left * leaving.per_a),
                np.log(beta) - lives * np.log(beta + T) + left * (1 / s - since_b),
                s / beta - lives * s / (beta + T) - left * (s + 1) * leaving.per_b,
            ]
        )
        return value, slopes

    def _either(self, params: Params, seen: Histories) -> tuple[Floats, Floats, TwoPowers]:
        """Give the logarithms of being alive at T and of having left, up to what they share, and when one left."""
        r, alpha, s, beta = (params[each.name] for each in self.parameters)
        shape, a, b = r + seen.x, alpha + seen.t_x, beta + seen.t_x
        leaving = two_powers(a, b, p=shape, q=s + 1, length=seen.T - seen.t_x)
        alive = -shape * np.log(alpha + seen.T) - s * np.log(beta + seen.T)
        with np.errstate(divide="ignore"):
            gone = np.log(s) - shape * np.log(a) - (s + 1) * np.log(b) + np.log(leaving.integral)
        return alive, gone, leaving

    def p_alive(self, params: Params, seen: Histories) -> Floats:
        """Give the probability that a customer has not left."""
        alive, gone, _ = self._either(params, seen)
        return np.asarray(expit(alive - gone), dtype=np.float64)

    def expected_purchases(self, params: Params, seen: Histories, *, horizon: float) -> Floats:
        """Give the expected number of purchases within the horizon: eq. 41 of Fader & Hardie's note."""
        check_horizon(horizon)
        shape, alpha, s, beta = self._alive(params, seen)
        return self.p_alive(params, seen) * shape / alpha * _lifetime(s, beta, horizon)

    def _alive(self, params: Params, seen: Histories) -> tuple[Floats, Floats, Floats, Floats]:
        """Give the parameters of λ and μ of a customer who is alive at T: they are then independent, and gamma."""
        r, alpha, s, beta = (params[each.name] for each in self.parameters)
        return r + seen.x, alpha + seen.T, s + np.zeros_like(seen.T), beta + seen.T

    def simulated_purchases(
        self, params: Params, seen: Histories, *, horizon: float, rng: np.random.Generator
    ) -> Floats:
        """Draw for each history how many purchases come within the horizon, once.

        Alive or not; if alive λ and μ, how long the customer stays, and the purchases of that time.
        """
        check_horizon(horizon)
        shape, alpha, s, beta = self._alive(params, seen)
        alive = rng.random(len(shape)) < self.p_alive(params, seen)
        buys, leaves = rng.gamma(shape) / alpha, rng.gamma(s) / beta
        with np.errstate(divide="ignore"):
            stays = np.minimum(rng.standard_exponential(len(shape)) / leaves, horizon)
        return np.where(alive, rng.poisson(buys * stays), 0).astype(np.float64)


def _lifetime(s: Floats, beta: Floats, horizon: float | Floats) -> Floats:
    """Give the mean time within the horizon before one leaves at a rate μ ~ Gamma(s, beta); finite at s = 1."""
    reach = np.log1p(horizon / beta)
    return np.asarray(beta * reach * exprel((1 - s) * reach), dtype=np.float64)
