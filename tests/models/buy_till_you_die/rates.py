"""Pareto/NBD by other means: the closed form of its likelihood in mpmath, and a double integral over both rates."""

from collections.abc import Mapping

import mpmath as mp
import numpy as np
from scipy.special import gammainc, gammaln

from models.buy_till_you_die.histories import Floats

Params = Mapping[str, float]


def closed(params: Params, x: float, t_x: float, T: float) -> mp.mpf:
    """Give the likelihood of Fader & Hardie's note of 2005, eq. 17 to 21: two hypergeometric functions."""
    r, alpha, s, beta = (mp.mpf(params[name]) for name in ("r", "alpha", "s", "beta"))
    x, t_x, T, whole = mp.mpf(x), mp.mpf(t_x), mp.mpf(T), r + s + x
    large, near, other = (alpha, s + 1, alpha - beta) if alpha >= beta else (beta, r + x, beta - alpha)

    def term(t: mp.mpf) -> mp.mpf:
        return mp.hyp2f1(whole, near, whole + 1, other / (large + t)) / (large + t) ** whole

    gone = s / whole * (term(t_x) - term(T))
    alive = 1 / ((alpha + T) ** (r + x) * (beta + T) ** s)
    return mp.gamma(r + x) * alpha**r * beta**s / mp.gamma(r) * (alive + gone)


class Rates:
    """What is known of one customer, by summing over a lattice of log λ and log μ.

    Of given rates everything is elementary; the trapezoidal rule on logarithms is exact to 10 digits here.
    """

    def __init__(self, params: Params, x: float, t_x: float, T: float) -> None:
        r, alpha, s, beta = (params[name] for name in ("r", "alpha", "s", "beta"))
        buys, leaves = np.arange(-45 / min(r + x, 1), 8, 0.08), np.arange(-45 / min(s, 1), 8, 0.08)
        lam, self.mu = np.exp(buys)[:, None], np.exp(leaves)[None, :]
        self.lam, both = lam, lam + self.mu
        prior = (r + x) * np.log(lam) - (alpha + t_x) * lam + s * np.log(self.mu) - (beta + t_x) * self.mu
        alive = np.exp(-both * (T - t_x))
        either = (lam * alive + self.mu) / both
        likely = np.exp(prior - prior.max()) * either
        self.weight, self.alive = likely / likely.sum(), alive / either

    def mean(self, of_the_living: Floats) -> float:
        """Give the mean of something that is 0 of those who have left."""
        return float((self.weight * self.alive * of_the_living).sum())

    def counts(self, horizon: float, most: int) -> list[float]:
        """Give the probabilities of 1, 2 … `most` purchases."""
        both = self.lam + self.mu
        found = []
        for k in range(1, most + 1):
            stays = np.exp(k * np.log(self.lam * horizon) - both * horizon - gammaln(k + 1))
            leaves = np.exp(k * np.log(self.lam / both)) * self.mu / both * gammainc(k + 1, both * horizon)
            found.append(self.mean(stays + leaves))
        return found
