"""BG/BB: at each opportunity a customer who has not left buys by a chance of their own, or not."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaln, expit, gammaln

from models.buy_till_you_die.beta_geometric import betaln_slopes, discounted_steps, survival
from models.buy_till_you_die.histories import Floats, Histories, refuse
from models.buy_till_you_die.process import Parameter, Params, check_horizon, check_rate

SURE = 60
"""Halvings after which a median that is a whole number is known."""


@dataclass(frozen=True)
class Opportunities(Histories):
    """Distinct histories counted in opportunities: x with a purchase, t_x the number of the last of them, T of all.

    The first purchase makes a customer and is none of them. They have no other unit of time.
    """

    @classmethod
    def of(cls, *, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, weight: ArrayLike | None = None) -> Self:
        """Group customers. Raises `ValueError` for histories that cannot be."""
        made = super().of(x=x, t_x=t_x, T=T, weight=weight)
        broken = (made.t_x % 1 != 0) | (made.T % 1 != 0)
        refuse(broken[made.which], "a t_x or T that is no whole number of opportunities")
        more = "more purchases x than opportunities t_x; count opportunities with a purchase, not purchases"
        refuse((made.x > made.t_x)[made.which], more)
        return made

    @property
    def unit(self) -> float:
        """An opportunity."""
        return 1.0

    def per(self, unit: float) -> Self:
        """Give the same: opportunities are counted, whatever the unit."""
        return self


@dataclass(frozen=True)
class BgBb:
    """BG/BB of Fader, Hardie & Shang (2010), Customer-base analysis in a discrete-time noncontractual setting.

    alpha and beta are of the beta of the chance p to buy at an opportunity, gamma and delta of that of the chance θ to
    be gone from one on. Horizons are numbers of opportunities.
    """

    title: ClassVar[str] = "BG/BB"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("alpha", 1.0),
        Parameter("beta", 1.0),
        Parameter("gamma", 0.7),
        Parameter("delta", 2.5),
    )

    def log_likelihood(self, params: Params, seen: Histories) -> tuple[Floats, Floats]:
        """Give eq. 5 of Fader, Hardie & Shang (2010) for each history, and its derivatives (4 × n)."""
        alpha, beta, gamma, delta = (params[each.name] for each in self.parameters)
        alive, gone, of_gone = self._either(params, seen)
        either = np.logaddexp(alive, gone)
        of_alive = [betaln_slopes(alpha + seen.x, beta + seen.T - seen.x), betaln_slopes(gamma, delta + seen.T)]
        of_all = [betaln_slopes(alpha, beta), betaln_slopes(gamma, delta)]
        value = either - betaln(alpha, beta) - betaln(gamma, delta)
        slopes: Floats = np.exp(alive - either) * np.vstack(of_alive) + np.exp(gone - either) * of_gone
        return np.asarray(value), slopes - np.vstack(of_all).reshape(4, -1)

    def _either(self, params: Params, seen: Histories) -> tuple[Floats, Floats, Floats]:
        """Give the logarithms of being alive at T and of having left, up to what they share; and the latter's slopes.

        Who has left did so at one of the opportunities after t_x. The probabilities of these are summed as shares of
        that of the first, each a multiple of the one before: all positive, none above 1.
        """
        alpha, beta, gamma, delta = (params[each.name] for each in self.parameters)
        alike, which = _alike(params, seen)
        buys, passes, leaves, stays = np.broadcast_arrays(
            alpha + seen.x[alike], beta + (seen.t_x - seen.x)[alike], gamma + 1.0, delta + seen.t_x[alike]
        )
        total, slopes = _summed(buys, passes, leaves, stays, silent=seen.T - seen.t_x, which=which)
        alive = betaln(alpha + seen.x, beta + seen.T - seen.x) + betaln(gamma, delta + seen.T)
        with np.errstate(divide="ignore"):
            gone = (betaln(buys, passes) + betaln(leaves, stays))[which] + np.log(total)
        first = np.vstack([betaln_slopes(buys, passes), betaln_slopes(leaves, stays)])
        return alive, gone, first[:, which] + slopes / np.maximum(total, 1.0)

    def p_alive(self, params: Params, seen: Histories, *, ahead: int = 0) -> Floats:
        """Give the probability to be alive at opportunity T, or `ahead` of it; with 1 eq. 11 of the paper."""
        alive, gone, _ = self._either(params, seen)
        _, _, leaves, stays = self._alive(params, seen)
        return np.asarray(expit(alive - gone) * survival(leaves, stays, ahead), dtype=np.float64)

    def p_silent(self, params: Params, seen: Histories, *, horizon: float) -> Floats:
        """Give the probability of no purchase at the next opportunities.

        1 less P(alive) times the sum over which of them the first purchase comes at: none cancels another.
        """
        buys, passes, leaves, stays = self._alive(params, seen)
        total, term = np.zeros_like(buys), np.ones_like(buys)
        for step in range(_whole(horizon)):
            term = term * (stays + step) / (leaves + stays + step)
            total = total + term * buys / (buys + passes + step)
            term = term * (passes + step) / (buys + passes + step)
        return np.maximum(1 - self.p_alive(params, seen) * total, 0.0)

    def p_counts(self, params: Params, seen: Histories, *, horizon: float, most: int) -> Floats:
        """Give the probabilities of 0, 1 … `most` purchases at the next opportunities (n × most + 1).

        Eq. 14 of the paper: one who is alive stays for all of them, or for some, whose purchases are beta-binomial.
        """
        buys, passes, leaves, stays = (values[:, None] for values in self._alive(params, seen))
        steps, counts = _whole(horizon), np.arange(1.0, most + 1)
        within = np.zeros((len(seen.T), most))
        for step in range(1, steps + 1):
            ends = leaves / (leaves + stays + step) if step < steps else 1.0
            within += survival(leaves, stays, step) * ends * _beta_binomial(buys, passes, step, counts)
        alive = self.p_alive(params, seen)[:, None]
        return np.hstack([self.p_silent(params, seen, horizon=horizon)[:, None], alive * within])

    def expected_purchases(self, params: Params, seen: Histories, *, horizon: float) -> Floats:
        """Give the expected purchases at the next opportunities: eq. 13 of the paper as the sum that it closes."""
        return self.discounted_purchases(params, seen, horizon=_whole(horizon), rate=0.0)

    def discounted_purchases(self, params: Params, seen: Histories, *, horizon: float, rate: float) -> Floats:
        """Give the expected sum of exp(−rate k) over the purchases at the opportunities k = 1, 2 … `horizon` from now.

        With a discount of d an opportunity, the rate is log(1 + d). For a horizon without end (infinity) it is the DERT
        of Fader, Hardie & Shang (2010). Raises `ValueError` where that is infinite.
        """
        check_rate(rate)
        buys, passes, leaves, stays = self._alive(params, seen)
        steps = discounted_steps(leaves, stays, horizon=horizon if horizon == np.inf else _whole(horizon), rate=rate)
        return self.p_alive(params, seen) * buys / (buys + passes) * steps

    def next_purchase(self, params: Params, seen: Histories) -> Floats:
        """Give the opportunities within which a customer who is alive, and stays so, buys with probability ½ or more.

        The median of a beta-geometric distribution, found by halving.
        """
        buys, passes, _, _ = self._alive(params, seen)
        low, high = np.zeros_like(buys), np.exp(SURE * np.log(2) * np.ones_like(buys))
        for _ in range(SURE):
            middle = np.floor((low + high) / 2)
            late = survival(buys, passes, middle) > 0.5
            low, high = np.where(late, middle, low), np.where(late, high, middle)
        return np.asarray(high)

    def expected_of_new(self, params: Params, times: Floats) -> Floats:
        """Give how many purchases a new customer is expected to make at the first of so many opportunities: eq. 7."""
        alpha, beta, gamma, delta = (np.asarray(params[each.name]) for each in self.parameters)
        whole = np.asarray(times, dtype=np.float64)
        reached = np.arange(1, whole.max(initial=0) + 1)
        there = survival(gamma[..., None], delta[..., None], reached)
        return np.asarray(alpha / (alpha + beta) * np.where(reached <= whole[..., None], there, 0.0).sum(axis=-1))

    def simulated_purchases(
        self, params: Params, seen: Histories, *, horizon: float, rng: np.random.Generator
    ) -> Floats:
        """Draw for each history how many purchases come at the next opportunities, once."""
        buys, passes, leaves, stays = self._alive(params, seen)
        alive = rng.random(len(buys)) < self.p_alive(params, seen)
        p, theta = rng.beta(buys, passes), rng.beta(leaves, stays)
        with np.errstate(divide="ignore"):
            lasts = np.floor(rng.standard_exponential(len(buys)) / -np.log1p(-theta))
        there = np.where(alive, np.minimum(lasts, _whole(horizon)), 0.0)
        return np.asarray(rng.binomial(there.astype(np.int64), p), dtype=np.float64)

    def _alive(self, params: Params, seen: Histories) -> tuple[Floats, Floats, Floats, Floats]:
        """Give the parameters of p and θ of a customer who is alive at T: they are then independent, and beta."""
        alpha, beta, gamma, delta = (params[each.name] for each in self.parameters)
        return alpha + seen.x, beta + seen.T - seen.x, gamma + np.zeros_like(seen.T), delta + seen.T


def _alike(params: Params, seen: Histories) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Give the first of the histories that are alike in x and t_x, and for each history the place of its first.

    Where parameters are a history's own none is like another.
    """
    if any(np.ndim(each) for each in params.values()):
        every = np.arange(len(seen.x))
        return every, every
    _, alike, which = np.unique(seen.x + 1j * seen.t_x, return_index=True, return_inverse=True)
    return alike, which


def _summed(
    buys: Floats, passes: Floats, leaves: Floats, stays: Floats, *, silent: Floats, which: NDArray[np.intp]
) -> tuple[Floats, Floats]:
    """Sum B(buys, passes + k) B(leaves, stays + k) over k = 0, 1 … silent − 1, as shares of the first of them.

    Gives that of each history (n), and its derivatives by the four (4 × n). Histories that are alike share the sum.
    """
    order = np.argsort(silent, kind="stable")
    steps = int(silent.max(initial=0))
    ends = np.searchsorted(silent[order], np.arange(steps + 2))
    total, slopes = np.zeros(len(silent)), np.zeros((4, len(silent)))
    share, slope = np.ones(len(buys)), np.zeros((4, len(buys)))
    so_far, slope_so_far = np.zeros(len(buys)), np.zeros((4, len(buys)))
    for step in range(steps):
        so_far += share
        slope_so_far += share * slope
        done = order[ends[step + 1] : ends[step + 2]]
        total[done], slopes[:, done] = so_far[which[done]], slope_so_far[:, which[done]]
        for row, (one, other) in enumerate(((buys, passes), (leaves, stays))):
            both, last = 1 / (one + other + step), other + step
            share *= last * both
            slope[2 * row] -= both
            slope[2 * row + 1] += 1 / last - both
    return total, slopes


def _whole(horizon: float) -> int:
    """Take a number of opportunities. Raises `ValueError` for one that is none."""
    check_horizon(horizon)
    if horizon != int(horizon):
        raise ValueError(f"the horizon is {horizon} opportunities; it must be a whole number of them")
    return int(horizon)


def _beta_binomial(a: Floats, b: Floats, tries: int, counts: Floats) -> Floats:
    """Give the probabilities of some counts in so many tries, their chance ~ Beta(a, b)."""
    missed = np.maximum(tries - counts, 0.0)
    ways = gammaln(tries + 1) - gammaln(counts + 1) - gammaln(missed + 1)
    told = np.exp(ways + betaln(a + counts, b + missed) - betaln(a, b))
    return np.where(counts <= tries, told, 0.0)
