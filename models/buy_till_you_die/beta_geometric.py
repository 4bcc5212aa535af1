"""Lifetimes of whom a chance θ to be gone meets at every step, θ ~ Beta(a, b): how many last, and how long."""

from typing import Final

import numpy as np
from scipy.special import betaln, digamma

from models.buy_till_you_die.histories import Floats

DIGITS: Final = 45.0
"""Of the continued fraction: its error falls by a factor of e with each of so many."""


def survival(a: Floats | float, b: Floats | float, steps: Floats | float) -> Floats:
    """Give the probability to be there after some steps, E[(1 − θ)^steps]."""
    return np.asarray(np.exp(betaln(a, b + steps) - betaln(a, b)), dtype=np.float64)


def discounted_steps(a: Floats, b: Floats, *, horizon: float, rate: float) -> Floats:
    """Give the expected sum of exp(−rate k) over the steps k = 1, 2 … `horizon` that one is there.

    Raises `ValueError` for what has no end: no horizon, no rate and an `a` of 1 or less.
    """
    if not np.isfinite(horizon):
        return _without_end(a, b, rate)
    total, term = np.zeros_like(a + b), np.ones_like(a + b)
    for step in range(int(horizon)):
        term = term * np.exp(-rate) * ((b + step) / (a + b + step))
        total = total + term
    return total


def _without_end(a: Floats, b: Floats, rate: float) -> Floats:
    """Give z b / (a + b) F(1, b + 1; a + b + 1; z) of z = exp(−rate), by Gauss's continued fraction (DLMF 15.7.1)."""
    if rate == 0 and np.any(a <= 1):
        raise ValueError(
            f"without a horizon and a discount rate the expected time is infinite (a = {np.min(a):.4g}, at most 1); "
            "say one of them"
        )
    if rate == 0:
        return b / (a - 1)
    z, c = np.exp(-rate), a + b
    fraction = np.ones_like(c)
    for n in range(20 + int(DIGITS / np.sqrt(-np.expm1(-rate))), -1, -1):
        fraction = 1 - z * (n + 1) * (a + n) / ((c + 2 * n + 1) * (c + 2 * n + 2)) / fraction
        fraction = 1 - z * (b + 1 + n) * (c + n) / ((c + 2 * n) * (c + 2 * n + 1)) / fraction
    return np.asarray(z * b / c / fraction, dtype=np.float64)


def betaln_slopes(a: Floats | float, b: Floats | float) -> Floats:
    """Differentiate the logarithm of the beta function by its first and its second argument (2 × n)."""
    both = digamma(a + b)
    return np.stack(np.broadcast_arrays(digamma(a) - both, digamma(b) - both))
