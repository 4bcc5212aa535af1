"""What customers with a history may still buy and spend: intervals, all that is unsure included.

Whether anything is bought at all is reckoned, for each history. How much it then is depends only on x and T (who buys
is alive, and being alive all that t_x told of is forgotten) and changes smoothly with both: it is simulated at the
knots of a lattice, and read off between them. So a million customers cost no more simulations than some thousands do,
and a customer alone gets what they get among many, bit for bit.

Unsure are the parameters (normal about the fit, on its scale of logarithms) and the customers' pace: the models take
it as fixed for life, and it is not. `PACE_SD` says by how much it wanders.
"""

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from scipy.linalg import block_diag

from models.buy_till_you_die.fit import Fit
from models.buy_till_you_die.gamma_gamma import Amounts, GammaGamma
from models.buy_till_you_die.histories import Floats, Histories
from models.buy_till_you_die.lattice import Lattice
from models.buy_till_you_die.process import Process, Purchases

PACE_SD: Final = 0.35
"""Standard deviation of the logarithm of a customer's pace in the horizon over that of the past.

Chosen on hold-outs: at 0 the 90 % intervals of Complete Journey's households, who buy each week, hold 78–90 % of what
came (13 and 26 weeks, three cutoffs), at .35 89–95 %. Where few buy often, as on CDNOW, it changes nothing.
"""
DRAWS: Final = 4096
"""Simulated customers at a knot who buy."""
ROUNDS: Final = 40
"""Rounds of as many draws, at most, to find them."""
LEVELS: Final = 256
"""Quantiles that are kept of a knot."""
NEAR: Final = 0.02
"""Distance from the fit, in logarithms, at which silence is nearly that at the fit (within its square)."""
MOST: Final = 1e300
"""No amount is above this, and none that is one below its inverse: rates so unsure may be drawn as 0."""
NOTHING: Final = -1e4
"""The logarithm of a bound that is 0, and can be reckoned with."""
SEED: Final = 1
"""Of the draws: the same at each knot, so that neighbours differ by x and T and not by chance."""
COUNT, RICH, POOR = range(3)
"""What a knot tells of: purchases, and what they come to as a share of v + x m for m without end and for m = 0."""
Tables = dict[tuple[float, float], Floats]
"""What was simulated at the knots (x, T)."""


@dataclass(frozen=True)
class Outlook:
    """A fitted process of purchases and a fitted Gamma-Gamma, and how far they look ahead (in the process's time).

    `firsts` is how many first purchases the x of Gamma-Gamma counts beside those of the process: 1 or 0.
    """

    process: Purchases
    fitted: Fit
    value: Fit
    horizon: float
    firsts: int = 1
    pace_sd: float = PACE_SD
    tables: Tables = field(default_factory=dict, compare=False, repr=False)

    def silent(self, seen: Histories) -> Floats:
        """Give for each history the probability of no purchase, over all that parameters and pace may be.

        At the third-degree cubature's points of these (Arasaratnam & Haykin 2009, Cubature Kalman filters), those next
        to the fit at the fit.
        """
        root = block_diag(np.linalg.cholesky(np.array(self.fitted.covariance)), np.array([[self.pace_sd]]))
        root *= np.sqrt(len(root))
        far = np.abs(root).max(axis=0) > NEAR
        points = [(1.0, sign * column) for column in root.T[far] for sign in (1, -1)]
        total: Floats = np.zeros(len(seen.x))
        for weight, point in [(2.0 * (~far).sum(), 0 * root[0]), *points]:
            if weight:
                total += weight * self._silent(seen, point)
        return total / (2 * len(root))

    def _silent(self, seen: Histories, point: Floats) -> Floats:
        """Give the probability of no purchase where parameters and pace are so far away from the fit."""
        pace = float(np.exp(point[-1] - self.pace_sd**2 / 2))
        params = {name: float(value) for name, value in moved(self.process, self.fitted, point[:-1]).items()}
        return self.process.p_silent(params, seen, horizon=self.horizon * pace)

    def counts(self, seen: Histories, *, level: float = 0.9) -> tuple[Floats, Floats]:
        """Give for each history the bounds of the number of purchases, which leave as much below as above."""
        low, high = (np.rint(np.exp(logs[:, COUNT])) for logs in self._bounds(seen, level))
        return low, high

    def values(self, seen: Histories, amounts: Amounts, *, level: float = 0.9) -> tuple[Floats, Floats]:
        """Give for each customer the bounds of what they spend, which leave as much below as above.

        Given the rate ν ~ Gamma(p x + q, v + x m) of a customer's amounts (Fader & Hardie 2013), y of them sum to
        Gamma(p y) / ν: m only stretches what depends on x and T, but for the unsureness of v. So that is simulated for
        m = 0 and for m without end, and read off between these by the share of v in v + x m.
        """
        v = self.value.params["v"]
        stretch = v + amounts.x * np.maximum(amounts.m, 0)
        low, high = (
            stretch * np.exp(logs[:, RICH] + v / stretch * (logs[:, POOR] - logs[:, RICH]))
            for logs in map(seen.spread, self._bounds(seen, level))
        )
        return low, high

    def _bounds(self, seen: Histories, level: float) -> tuple[Floats, Floats]:
        """Give the logarithms of both bounds (histories × what a knot tells of)."""
        silent, tail = self.silent(seen), (1 - level) / 2
        asked = silent < 1 - tail
        unit = min(self.fitted.params[each.name] for each in self.process.parameters if each.measured)
        read = Lattice.around(seen, asked, self._table, unit=unit, kinds=POOR + 1)
        buys = np.where(asked, 1 - silent, 1.0)
        low = np.where((silent < tail)[:, None], read.at((tail - silent) / buys), NOTHING)
        return low, np.where(asked[:, None], read.at(1 - tail / buys), NOTHING)

    def _table(self, x: float, T: float) -> Floats:
        """Simulate customers with x and T who buy: quantiles of the logarithm of what a knot tells of."""
        if (x, T) not in self.tables:
            rng = np.random.default_rng(SEED)
            counts = self._buyers(x, T, rng)
            params = drawn(GammaGamma(), self.value, rng)
            ratio = rng.standard_gamma(params["p"] * counts)
            ratio /= rng.standard_gamma(params["p"] * (x + self.firsts) + params["q"])
            told = np.array([counts, ratio, ratio * params["v"] / self.value.params["v"]])
            found = np.sort(np.log(np.clip(told, 1 / MOST, MOST)), axis=1)
            levels = (np.arange(LEVELS) + 0.5) / LEVELS
            self.tables[x, T] = np.quantile(found, levels, axis=1).T
        return self.tables[x, T]

    def _buyers(self, x: float, T: float, rng: np.random.Generator) -> Floats:
        """Draw the purchases of customers who make some; where hardly anyone does, who makes some makes one.

        A pace that is faster is a clock that is slower: all that is measured in time is less.
        """
        params = drawn(self.process, self.fitted, rng)
        pace = np.exp(self.pace_sd * rng.standard_normal(DRAWS) - self.pace_sd**2 / 2)
        measured = {each.name for each in self.process.parameters if each.measured}
        params = {name: value / pace if name in measured else value for name, value in params.items()}
        times, one = T / pace, np.ones(DRAWS)
        seen = Histories(x * one, times if x else 0 * one, times, one, np.arange(DRAWS))
        found: list[Floats] = []
        while sum(map(len, found)) < DRAWS and len(found) < ROUNDS:
            counts = self.process.simulated_purchases(params, seen, horizon=self.horizon, rng=rng)
            found.append(counts[counts > 0])
        return np.resize(np.concatenate(found) if any(map(len, found)) else one, DRAWS)


def drawn(process: Process[Any], fitted: Fit, rng: np.random.Generator) -> dict[str, Floats]:
    """Draw each parameter `DRAWS` times."""
    root = np.linalg.cholesky(np.array(fitted.covariance))
    return moved(process, fitted, root @ rng.standard_normal((len(root), DRAWS)))


def moved(process: Process[Any], fitted: Fit, away: Floats) -> dict[str, Floats]:
    """Move each parameter away from the fit (parameters × …), on the scale of the fit's covariance."""
    return {
        each.name: fitted.params[each.name] * np.exp(by) if each.positive else fitted.params[each.name] + by
        for each, by in zip(process.parameters, away, strict=True)
    }
