"""Pareto/NBD: customers buy at a rate of their own, and leave after a lifetime of their own."""

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
from scipy.special import digamma, expit, exprel, gammaln

from models.buy_till_you_die.histories import Floats, Histories
from models.buy_till_you_die.process import Parameter, Params, check_horizon, check_rate, median_wait
from models.buy_till_you_die.two_powers import MORE, NEGLIGIBLE, NODES, TwoPowers, points, two_powers

TINY: Final = 1e-12


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

    def p_silent(self, params: Params, seen: Histories, *, horizon: float) -> Floats:
        """Give the probability of no purchase within the horizon, be it that one has left or leaves before the next.

        1 less P(alive) times the integral over when the next purchase comes: E[λ exp(−(λ + μ) y)] of who is alive.
        """
        check_horizon(horizon)
        shape, alpha, s, beta = self._alive(params, seen)
        buying = two_powers(alpha, beta, p=shape + 1, q=s, length=horizon).integral * shape / alpha
        return np.clip(1 - self.p_alive(params, seen) * buying, 0, 1)

    def p_counts(self, params: Params, seen: Histories, *, horizon: float, most: int) -> Floats:
        """Give the probabilities of 0, 1 … `most` purchases within the horizon (n × most + 1).

        Fader & Hardie, Deriving the conditional PMF of the Pareto/NBD model (2014): one who is alive stays for the
        horizon, or for some time y within it, and the purchases of that time are negative binomial. The integral over y
        is a quadrature, whose points are as close as the peaks of its integrands need.
        """
        check_horizon(horizon)
        shape, alpha, s, beta = self._alive(params, seen)
        counts = np.arange(1.0, most + 1)
        near = np.minimum(alpha / shape, beta / (s + 1))
        span = np.log1p(horizon / near)
        within = np.exp(_log_counts(shape, horizon / alpha, counts) - (s * np.log1p(horizon / beta))[:, None])
        for place, weight in points(NODES + int(4 * span.max() * np.sqrt(most + 1))):
            y = near * np.expm1(place * span)
            leaving = np.log(weight * s / beta * span * (near + y)) - (s + 1) * np.log1p(y / beta)
            within += np.exp(_log_counts(shape, y / alpha, counts) + leaving[:, None])
        alive = self.p_alive(params, seen)[:, None]
        return np.hstack([self.p_silent(params, seen, horizon=horizon)[:, None], alive * within])

    def expected_purchases(self, params: Params, seen: Histories, *, horizon: float) -> Floats:
        """Give the expected number of purchases within the horizon: eq. 41 of Fader & Hardie's note."""
        check_horizon(horizon)
        shape, alpha, s, beta = self._alive(params, seen)
        return self.p_alive(params, seen) * shape / alpha * _lifetime(s, beta, horizon)

    def discounted_purchases(self, params: Params, seen: Histories, *, horizon: float, rate: float) -> Floats:
        """Give the expected sum of exp(−rate s) over the purchases within the horizon, s being when they come.

        As the horizon grows it becomes the DERT of Fader, Hardie & Lee (2005), RFM and CLV, eq. 6.
        """
        check_horizon(horizon)
        check_rate(rate)
        shape, alpha, s, beta = self._alive(params, seen)
        return self.p_alive(params, seen) * shape / alpha * _discounted_lifetime(s, beta, horizon, rate=rate)

    def next_purchase(self, params: Params, seen: Histories) -> Floats:
        """Give the time within which a customer who is alive, and stays so, buys with probability ½."""
        shape, alpha, _, _ = self._alive(params, seen)
        return median_wait(shape, alpha)

    def expected_of_new(self, params: Params, times: Floats) -> Floats:
        """Give how many repeat purchases a new customer is expected to make within each of some times: eq. 27."""
        r, alpha, s, beta = (params[each.name] for each in self.parameters)
        return r / alpha * _lifetime(s, beta, times)

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
        with np.errstate(divide="ignore", over="ignore"):
            stays = np.minimum(rng.standard_exponential(len(shape)) / leaves, horizon)
        return np.where(alive, rng.poisson(buys * stays), 0).astype(np.float64)


def _lifetime(s: Floats | float, beta: Floats | float, horizon: Floats | float) -> Floats:
    """Give the mean time within the horizon before one leaves at a rate μ ~ Gamma(s, beta); finite at s = 1."""
    reach = np.log1p(horizon / beta)
    return np.asarray(beta * reach * exprel((1 - s) * reach), dtype=np.float64)


def _discounted_lifetime(s: Floats, beta: Floats, horizon: float, *, rate: float) -> Floats:
    """Give the integral of exp(−rate y) (1 + y/beta)^−s over the horizon, as far as neither is negligible."""
    span = np.log1p((min(horizon, NEGLIGIBLE / rate) if rate else horizon) / beta)
    span = np.minimum(span, NEGLIGIBLE / np.maximum(s - 1, TINY))
    total = np.zeros_like(span)
    for place, weight in points(MORE):
        u = place * span
        total += weight * np.exp((1 - s) * u - rate * beta * np.expm1(u))
    return total * span * beta


def _log_counts(shape: Floats, reach: Floats | float, counts: Floats) -> Floats:
    """Give the logarithms of the negative binomial's probabilities of some counts (n × counts), their odds `reach`."""
    ways = gammaln(shape[:, None] + counts) - gammaln(shape)[:, None] - gammaln(counts + 1)
    none = -shape * np.log1p(reach)
    each = np.log(reach) - np.log1p(reach)
    return np.asarray(ways + none[:, None] + np.multiply.outer(each, counts), dtype=np.float64)
