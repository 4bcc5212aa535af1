"""BG/NBD and MBG/NBD: customers buy at a rate of their own, and after a purchase may be gone for good."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
from scipy.special import betainc, betaln, digamma, expit, gammaln

from models.buy_till_you_die.histories import Floats, Histories, alike
from models.buy_till_you_die.over_beta import NEGLIGIBLE, over_beta
from models.buy_till_you_die.process import Parameter, Params, check_horizon, check_rate, median_wait
from models.buy_till_you_die.two_powers import points

INSTANTS: Final = 24
"""Points of the quadrature over when purchases come that are discounted."""
TINY: Final = 1e-300
"""A time in which nobody buys."""


@dataclass(frozen=True)
class BgNbd:
    """BG/NBD of Fader, Hardie & Lee (2005), "Counting your customers" the easy way.

    r and alpha (time) are of the gamma of purchase rates, a and b of the beta of the chance to be gone after a repeat
    purchase.
    """

    title: ClassVar[str] = "BG/NBD"
    first: ClassVar[int] = 0
    """How many of the chances to leave come with the first purchase."""
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("r", 0.5),
        Parameter("alpha", 0.3, measured=True),
        Parameter("a", 0.8),
        Parameter("b", 2.0),
    )

    def log_likelihood(self, params: Params, seen: Histories) -> tuple[Floats, Floats]:
        """Give eq. 6 of Fader, Hardie & Lee (2005) for each history, and its derivatives (4 × n)."""
        r, alpha, a, b = (params[each.name] for each in self.parameters)
        shape = r + seen.x
        log_T, log_t = (seen.each(column, lambda time, alpha: np.log(alpha + time), alpha) for column in ("T", "t_x"))
        per_T, per_t = (seen.each(column, lambda time, alpha: 1 / (alpha + time), alpha) for column in ("T", "t_x"))
        rates, by_r = seen.each("x", _rates, r)
        stayed, by_a, by_b, leaves, by_leaves = seen.each("x", self._stayed, a, b)
        odds = leaves + shape * (log_T - log_t)
        less = np.exp(-np.abs(odds))
        left = np.where(odds > 0, 1.0, less) / (1 + less)
        value = rates + r * np.log(alpha) + stayed - shape * log_T + np.maximum(odds, 0.0) + np.log1p(less)
        slopes = np.stack(
            [
                by_r + np.log(alpha) - log_T + left * (log_T - log_t),
                r / alpha - shape * (per_T + left * (per_t - per_T)),
                by_a + left / a,
                by_b - left * by_leaves,
            ]
        )
        return value, slopes

    def _stayed(self, x: Floats, a: Floats | float, b: Floats | float) -> Floats:
        """Give the logarithm of E[(1 − p)^chances] and its derivatives by a and by b; and the log-odds of having left.

        Those are at the last of the chances, so none without any; with their derivative by b turned round (5 × n).
        """
        chances = x + self.first
        last = np.where(chances > 0, b + chances - 1, np.inf)
        both = digamma(a + b) - digamma(a + b + chances)
        return np.stack(
            [
                gammaln(a + b) + gammaln(b + chances) - gammaln(b) - gammaln(a + b + chances),
                both,
                both + digamma(b + chances) - digamma(b),
                np.log(a) - np.log(last),
                1 / last,
            ]
        )

    def p_alive(self, params: Params, seen: Histories) -> Floats:
        """Give the probability that a customer may still buy; of BG/NBD 1 for x = 0, so never rank customers by it.

        Fader, Hardie & Lee, Computing P(alive) using the BG/NBD model (2008); of MBG/NBD Batislam et al. (2007), eq. 5.
        """
        r, alpha, a, b = (params[each.name] for each in self.parameters)
        chances = seen.x + self.first
        odds_of_churn = (r + seen.x) * np.log((alpha + seen.T) / (alpha + seen.t_x))
        odds_of_churn += np.log(a) - np.log(b + np.maximum(chances, 1) - 1)
        return np.where(chances == 0, 1.0, expit(-odds_of_churn))

    def p_silent(self, params: Params, seen: Histories, *, horizon: float) -> Floats:
        """Give the probability of no purchase day within the horizon.

        Who has left stays silent; who is alive buys at a rate λ ~ Gamma(r + x, alpha + T), of which
        E[exp(−λ horizon)] = ((alpha + T) / (alpha + T + horizon))^(r + x).
        """
        check_horizon(horizon)
        reach = np.log1p(horizon / (params["alpha"] + seen.T))
        return 1 + self.p_alive(params, seen) * np.expm1(-(params["r"] + seen.x) * reach)

    def p_counts(self, params: Params, seen: Histories, *, horizon: float, most: int) -> Floats:
        """Give the probabilities of 0, 1 … `most` purchase days within the horizon (n × most + 1).

        Eq. 8 of Fader, Hardie & Lee (2005) for a customer who is alive: y purchases and still there, or gone after the
        y-th while time was left for more. The rate λ is gamma, so purchases would be negative binomial.
        """
        check_horizon(horizon)
        shape, rate, a, b = (part[:, None] for part in self._alive(params, seen))
        y, taken = np.arange(1.0, most + 1), horizon / (rate + horizon)
        would = gammaln(shape + y) - gammaln(shape) - gammaln(y + 1) + y * np.log(taken) + shape * np.log1p(-taken)
        stays = np.exp(would + betaln(a, b + y) - betaln(a, b))
        leaves = betainc(y, shape, taken) * np.exp(betaln(a + 1, b + y - 1) - betaln(a, b))
        some = self.p_alive(params, seen)[:, None] * (stays + leaves)
        return np.hstack([self.p_silent(params, seen, horizon=horizon)[:, None], some])

    def expected_purchases(self, params: Params, seen: Histories, *, horizon: float) -> Floats:
        """Give the expected number of purchase days within the horizon.

        P(alive) times E[(1 − exp(−λ p horizon)) / p], eq. 7 of Fader, Hardie & Lee (2005) over what an alive customer's
        history leaves of λ ~ Gamma(r + x, alpha + T) and p ~ Beta(a, b + x): their eq. 10 as the integral that it
        closes, finite for every a and b.
        """
        check_horizon(horizon)
        return self.p_alive(params, seen) * self._of_alive(
            params, seen, lambda *alive: _expected(*alive, horizon=horizon)
        )

    def discounted_purchases(self, params: Params, seen: Histories, *, horizon: float, rate: float) -> Floats:
        """Give the expected sum of exp(−rate s) over the purchases within the horizon, s being when they come.

        P(alive) times the integral of exp(−rate s) E[λ exp(−λ p s)] over s: who is alive buys at the rate λ as long as
        they stay, and leave at the rate λ p.
        """
        check_horizon(horizon)
        check_rate(rate)
        if rate == 0:
            return self.expected_purchases(params, seen, horizon=horizon)
        found = self._of_alive(params, seen, lambda *alive: _discounted(*alive, horizon=horizon, interest=rate))
        return self.p_alive(params, seen) * found

    def next_purchase(self, params: Params, seen: Histories) -> Floats:
        """Give the time within which a customer who is alive, and stays so, buys with probability ½."""
        shape, rate, _, _ = self._alive(params, seen)
        return median_wait(shape, rate)

    def expected_of_new(self, params: Params, times: Floats) -> Floats:
        """Give how many repeat purchases a new customer is expected to make within each of some times.

        Eq. 9 of Fader, Hardie & Lee (2005); of MBG/NBD eq. 3 of Batislam et al. (2007).
        """
        times = np.asarray(times, dtype=np.float64)
        nothing = np.zeros(times.size)
        new = Histories(nothing, nothing, nothing, nothing + 1, np.arange(times.size))
        shape, rate, a, b = (part + nothing for part in self._alive(params, new))
        found = self.p_alive(params, new) * _expected(shape, rate, a, b, horizon=np.maximum(times.ravel(), TINY))
        return np.where(times.ravel() > 0, found, 0.0).reshape(times.shape)

    def simulated_purchases(
        self, params: Params, seen: Histories, *, horizon: float, rng: np.random.Generator
    ) -> Floats:
        """Draw for each history how many purchases come within the horizon, once.

        Alive or not; if alive λ and p, and of the purchases of the horizon those up to the one after which one leaves.
        """
        check_horizon(horizon)
        shape, rate, a, b = self._alive(params, seen)
        alive = rng.random(len(shape)) < self.p_alive(params, seen)
        would, p = rng.poisson(rng.gamma(shape) / rate * horizon), rng.beta(a, b)
        with np.errstate(divide="ignore", over="ignore"):
            last = np.ceil(-rng.standard_exponential(len(shape)) / np.log1p(-p))
        return np.where(alive, np.minimum(would, np.maximum(last, 1.0)), 0.0)

    def _alive(self, params: Params, seen: Histories) -> tuple[Floats, Floats, Floats, Floats]:
        """Give what a customer who is alive leaves of λ ~ Gamma(shape, rate) and p ~ Beta(a, b), which are apart."""
        r, alpha, a, b = (params[each.name] for each in self.parameters)
        return r + seen.x, alpha + seen.T, a + np.zeros_like(seen.x), b + seen.x + self.first

    def _of_alive(self, params: Params, seen: Histories, of: Callable[..., Floats]) -> Floats:
        """Reckon what depends on x and T alone, once for all histories that have them in common."""
        alive = self._alive(params, seen)
        if any(np.ndim(value) for value in params.values()):
            return of(*alive)
        first, which = alike(seen.x, seen.T)
        return of(*(part[first] for part in alive))[which]


@dataclass(frozen=True)
class MbgNbd(BgNbd):
    """MBG/NBD of Batislam, Denizel & Filiztekin (2007): customers may be gone right after the first purchase.

    The likelihood is that of Wagner & Hoppe's erratum (2008).
    """

    title: ClassVar[str] = "MBG/NBD"
    first: ClassVar[int] = 1


def _rates(x: Floats, r: Floats | float) -> Floats:
    """Give what r alone adds to the log-likelihood, and its derivative (2 × n)."""
    return np.stack([gammaln(r + x) - gammaln(r), digamma(r + x) - digamma(r)])


def _expected(shape: Floats, rate: Floats, a: Floats, b: Floats, *, horizon: Floats | float) -> Floats:
    """Give the expected purchases within the horizon of who is alive: E[(1 − (1 + p horizon / rate)^−shape) / p]."""
    reach = horizon / rate
    return over_beta(
        lambda p, shape, reach: -np.expm1(-shape * np.log1p(p * reach)) / p,
        shape,
        reach,
        a=a,
        b=b,
        at_0=shape * reach,
        at_1=-np.expm1(-shape * np.log1p(reach)),
        bends_at=1 / (1 + shape * reach),
    )


def _discounted(shape: Floats, rate: Floats, a: Floats, b: Floats, *, horizon: float, interest: float) -> Floats:
    """Give the same of purchases that count exp(−interest s) each, s being when they come.

    E[λ exp(−λ p s)] is shape / rate (1 + p s / rate)^−(shape + 1), integrated over u = log(1 + p s / rate) as far as
    it is not negligible.
    """
    horizon = min(horizon, NEGLIGIBLE / interest)

    def within(p: Floats, shape: Floats, rate: Floats) -> Floats:
        span = np.minimum(np.log1p(p * horizon / rate), NEGLIGIBLE / (shape + interest * rate / p))
        total = np.zeros_like(span)
        for place, weight in points(INSTANTS):
            u = place * span
            total += weight * np.exp(-interest * rate * np.expm1(u) / p - shape * u)
        return total * span * shape / p

    return over_beta(
        within,
        shape,
        rate,
        a=a,
        b=b,
        at_0=-np.expm1(-interest * horizon) / interest * shape / rate,
        at_1=within(np.ones_like(a), shape, rate),
        bends_at=1 / (1 + shape * horizon / rate),
    )
