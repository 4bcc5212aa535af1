"""The integral of a product of two powers, on which all of Pareto/NBD rests."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from models.buy_till_you_die.histories import Floats

NODES: Final = 24
"""Points of the quadrature: relative error below 1e-12 where the range is usual."""
MORE: Final = 48
"""Points where the integrand changes over more than `LONG` on the logarithmic scale: below 1e-12 there too."""
LONG: Final = 5.0
NEGLIGIBLE: Final = 40.0
"""The integral stops where its integrand has fallen by this on the logarithmic scale."""


@dataclass(frozen=True)
class TwoPowers:
    """The integral of (1 + y/a)^−p (1 + y/b)^−q over y from 0 to `length`, and means under the integrand; all of n.

    `log_a` and `log_b` are the means of log(1 + y/a) and log(1 + y/b), `per_a` and `per_b` those of 1/(a + y) and
    1/(b + y).
    """

    integral: Floats
    log_a: Floats
    log_b: Floats
    per_a: Floats
    per_b: Floats


def two_powers(a: Floats, b: Floats, *, p: Floats | float, q: Floats | float, length: Floats | float) -> TwoPowers:
    """Integrate by Gauss-Legendre quadrature on u = log(1 + y / min(a, b)); arguments of n, or that broadcast to it.

    Fader & Hardie (2005), A note on deriving the Pareto/NBD model, close it with Gauss's hypergeometric function. The
    quadrature has neither its overflow nor its cancellation, for its terms are all positive and at most 1.
    """
    a, b, p, q, length = np.broadcast_arrays(a, b, p, q, length)
    near, far, steep, flat = np.minimum(a, b), np.maximum(a, b), np.where(a <= b, p, q), np.where(a <= b, q, p)
    span = np.minimum(np.log1p(length / near), reach(near, far, steep, flat))
    found = np.empty((5, *span.shape))
    for nodes, rows in ((NODES, span <= LONG), (MORE, span > LONG)):
        if rows.all():
            found = _sums(near, far, steep, flat, span, nodes=nodes)
        elif rows.any():
            found[:, rows] = _sums(*(values[rows] for values in (near, far, steep, flat, span)), nodes=nodes)
    integral, *means = found
    log_near, log_far, per_near, per_far = means
    return TwoPowers(
        integral,
        np.where(a <= b, log_near, log_far),
        np.where(a <= b, log_far, log_near),
        np.where(a <= b, per_near, per_far),
        np.where(a <= b, per_far, per_near),
    )


def reach(near: Floats, far: Floats, steep: Floats, flat: Floats) -> Floats:
    """Give the log(1 + y / near) at which one of the powers alone has made the integrand negligible."""
    with np.errstate(over="ignore"):
        by_far = np.log1p(far / near * np.expm1(NEGLIGIBLE / flat))
    return np.minimum(NEGLIGIBLE / steep, by_far)


def points(nodes: int) -> Iterator[tuple[float, float]]:
    """Give the points and weights of the Gauss-Legendre quadrature over 0 … 1."""
    return zip(*_rule(nodes), strict=True)


@cache
def _rule(nodes: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    places, weights = np.polynomial.legendre.leggauss(nodes)
    return tuple(((places + 1) / 2).tolist()), tuple((weights / 2).tolist())


def _sums(near: Floats, far: Floats, steep: Floats, flat: Floats, span: Floats, *, nodes: int) -> Floats:
    """Give the integral, and the means of log(1 + y/near), log(1 + y/far), 1/(near + y) and 1/(far + y): 5 × n."""
    sums = np.zeros((5, *span.shape))
    ratio = near / far
    for place, weight in points(nodes):
        u = place * span
        grown = np.expm1(u)
        log_far = np.log1p(ratio * grown)
        height = weight * np.exp((1 - steep) * u - flat * log_far)
        sums[0] += height
        sums[1] += height * u
        sums[2] += height * log_far
        sums[3] += height / (1 + grown)
        sums[4] += height / (1 + ratio * grown)
    means = sums[1:] / sums[0]
    means[2] /= near
    means[3] /= far
    return np.concatenate([sums[:1] * span * near, means])
