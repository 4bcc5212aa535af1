"""BG/NBD and MBG/NBD: customers buy at a rate of their own, and after a purchase may be gone for good."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.linalg import eigh_tridiagonal
from scipy.special import digamma, expit, gammaln

from models.buy_till_you_die.histories import Floats, Histories
from models.buy_till_you_die.process import Parameter, Params, check_horizon

NODES = 64
"""Points of the quadrature: relative error below 2e-6 up to ten years ahead, at the median 5e-16."""


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
        x, T, t_x = seen.x, np.log(alpha + seen.T), np.log(alpha + seen.t_x)
        chances = x + self.first
        alive = -(r + x) * T
        with np.errstate(divide="ignore"):
            gone = np.where(chances > 0, np.log(a) - np.log(np.abs(b + chances - 1)) - (r + x) * t_x, -np.inf)
        either = np.logaddexp(alive, gone)
        value = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + either
        value += gammaln(a + b) + gammaln(b + chances) - gammaln(b) - gammaln(a + b + chances)
        lives, left = np.exp(alive - either), np.exp(gone - either)
        both = digamma(a + b) - digamma(a + b + chances)
        slopes = np.stack(
            [
                digamma(r + x) - digamma(r) + np.log(alpha) - lives * T - left * t_x,
                r / alpha - (r + x) * (lives / (alpha + seen.T) + left / (alpha + seen.t_x)),
                both + left / a,
                both + digamma(b + chances) - digamma(b) - np.where(chances > 0, left / (b + chances - 1), 0.0),
            ]
        )
        return value, slopes

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

    def expected_purchases(self, params: Params, seen: Histories, *, horizon: float) -> Floats:
        """Give the expected number of purchase days within the horizon.

        P(alive) times E[(1 − exp(−λ p horizon)) / p], eq. 7 of Fader, Hardie & Lee (2005) over what an alive customer's
        history leaves of λ ~ Gamma(r + x, alpha + T) and p ~ Beta(a, b + x): their eq. 10 as the integral that it
        closes. The integral over λ is exact, that over p a Gauss quadrature: no cancellation, finite for every a and b.
        """
        check_horizon(horizon)
        shape, reach = params["r"] + seen.x, horizon / (params["alpha"] + seen.T)
        counts, which = np.unique(seen.x, return_inverse=True)
        rules = np.array([_beta_rule(params["a"], params["b"] + self.first + count) for count in counts])
        total = np.zeros(len(seen.x))
        for p, weight in zip(rules[:, 0].T, rules[:, 1].T, strict=True):
            dropout = p[which]
            total += weight[which] * -np.expm1(-shape * np.log1p(dropout * reach)) / dropout
        return total * self.p_alive(params, seen)


@dataclass(frozen=True)
class MbgNbd(BgNbd):
    """MBG/NBD of Batislam, Denizel & Filiztekin (2007): customers may be gone right after the first purchase.

    The likelihood is that of Wagner & Hoppe's erratum (2008).
    """

    title: ClassVar[str] = "MBG/NBD"
    first: ClassVar[int] = 1


def _beta_rule(a: float, b: float) -> Floats:
    """Give nodes and weights (2 × NODES) of the Gauss quadrature for the expectation over Beta(a, b).

    Golub & Welsch (1969), Calculation of Gauss quadrature rules, on the Jacobi polynomials moved to 0 … 1.
    """
    c, k = a + b, np.arange(1.0, NODES)
    centre = (2 * k * (k + 1) + (c - 2) * (2 * k + 1) + (a - 1) * (c - 2)) / ((2 * k + c - 2) * (2 * k + c))
    k, s = k[1:], 2 * k[1:] + c - 2
    width = (k / s) * ((k + b - 1) / s) * ((k + a - 1) / (s + 1)) * ((k + c - 2) / (s - 1))
    mean, variance = a / c, (a / c) * (b / c) / (c + 1)
    nodes, vectors = eigh_tridiagonal(np.append(mean, centre), np.sqrt(np.append(variance, width)))
    return np.stack([np.maximum(nodes, 1e-30), vectors[0] ** 2])
