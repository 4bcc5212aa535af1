"""The mean over a chance p that is Beta(a, b), on which all that BG/NBD expects rests."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from scipy.special import betaln, expit

from models.buy_till_you_die.histories import Floats

WIDEST: Final = 0.25
"""Widest step of the trapezoidal rule in the logit of p: it leaves out some exp(−π² / 0.25) = 7e-18, where b is far
above a and the Beta is a gamma (in the strip of the logit's half-width π / 2), else less."""
STEPS: Final = 2.0
"""Steps a standard deviation of the logit, at least: where that is narrow it is near normal."""
SHARP: Final = 1e5
"""Where a and b are both above this, p is as good as normal, and a Gauss rule of three points does."""
NEGLIGIBLE: Final = 38.0
"""Tails lighter than exp(−38) are left out."""


def over_beta(
    f: Callable[..., Floats], *of: Floats, a: Floats, b: Floats, at_0: Floats, at_1: Floats, bends_at: Floats
) -> Floats:
    """Give E[f(p)] for p ~ Beta(a, b), each of n; a row alone as among many, bit for bit.

    To some 1e-11, and 1e-9 where a and b are near `SHARP`.

    `f` takes n values of p, and `of` of those rows. It goes from `at_0` at p = 0 to `at_1` at p = 1; below p =
    `bends_at` it is straight. The trapezoidal rule in the logit of p converges exponentially (Trefethen & Weideman
    2014, The exponentially convergent trapezoidal rule, SIAM Review 56). Where a or b is below 1 much of the Beta may
    lie at an end: there f is first made to vanish, by a line whose mean closes.
    """
    found, sharp = np.empty_like(a), np.minimum(a, b) > SHARP
    for rows, mean in ((~sharp, _wide), (sharp, _sharp)):
        if rows.any():
            here = [each[rows] for each in (a, b, at_0, at_1, bends_at)]
            found[rows] = mean(f, *here, of=[each[rows] for each in of])
    return found


def _sharp(f: Callable[..., Floats], a: Floats, b: Floats, *ends: Floats, of: Sequence[Floats]) -> Floats:
    """Give the mean over a beta as narrow as normal: exact for polynomials up to the fifth degree."""
    p = a / (a + b)
    away = np.sqrt(3 * p * (1 - p) / (a + b + 1))
    return np.asarray((f(p - away, *of) + 4 * f(p, *of) + f(p + away, *of)) / 6, dtype=np.float64)


def _wide(
    f: Callable[..., Floats],
    a: Floats,
    b: Floats,
    at_0: Floats,
    at_1: Floats,
    bends_at: Floats,
    *,
    of: Sequence[Floats],
) -> Floats:
    """Give the mean over any other beta."""
    ends = np.where(a < 1, at_0, 0.0), np.where(b < 1, at_1, 0.0)
    low, high = _ends(a, b, bends_at), -_ends(b, a, np.ones_like(b))
    widest = np.minimum(WIDEST, np.sqrt(1 / (a + 1) + 1 / (b + 1)) / STEPS)
    steps = _rounded((high - low) / widest)
    total = np.empty_like(low)
    for count in np.unique(steps):
        rows = steps == count
        here = [each[rows] for each in (a, b, low, high, *ends)]
        total[rows] = _trapezoids(f, *here, of=[each[rows] for each in of], steps=int(count))
    return np.asarray((ends[0] * b + ends[1] * a) / (a + b) + total, dtype=np.float64)


def _trapezoids(
    f: Callable[..., Floats],
    a: Floats,
    b: Floats,
    low: Floats,
    high: Floats,
    *ends: Floats,
    of: Sequence[Floats],
    steps: int,
) -> Floats:
    """Integrate over the logit of p from low to high what is left of f, weighted by the Beta."""
    width, scale, total = (high - low) / steps, betaln(a, b), np.zeros_like(low)
    for step in range(steps + 1):
        z = low + width * step
        p, rest = expit(z), expit(-z)
        weight = np.exp(-a * np.logaddexp(0, -z) - b * np.logaddexp(0, z) - scale)
        total += weight * (f(p, *of) - ends[0] * rest - ends[1] * p)
    return width * total


def _rounded(steps: Floats) -> Floats:
    """Round up to one of few numbers, half again or a third more than the one before."""
    power = 2 ** np.floor(np.log2(steps))
    return np.where(steps <= 1.5 * power, np.ceil(1.5 * power), 2 * power)


def _ends(a: Floats, b: Floats, bends_at: Floats) -> Floats:
    """Give the logit of p below which nothing is left to add.

    Where a is far above b the weight itself falls off there like a gamma's; else like p^(a + 1) from the mode on, or
    from where f bends.
    """
    most = b + 12 * np.sqrt(b) + 60
    falls = NEGLIGIBLE / (a + (a < 1)) + (1 + b / a) * np.log1p(a / b)
    return np.where(most < a / 4, np.log(a / most), np.minimum(np.log(a / b), np.log(bends_at)) - falls)
