"""Customers drawn one purchase at a time, and histories as they come."""

from collections.abc import Sequence

import numpy as np

from models.buy_till_you_die.histories import Floats, Histories

PAPER = {"r": 0.2425945, "alpha": 4.4136019, "a": 0.7929199, "b": 2.4258881}
"""Fader, Hardie & Lee 2005, table 1, with CLVTools' digits; weeks."""


def seen(rows: Sequence[tuple[float, float, float]]) -> Histories:
    """Give histories as they come, each with a weight of 1."""
    x, t_x, T = (np.array(column, dtype=np.float64) for column in zip(*rows, strict=True))
    return Histories(x, t_x, T, np.ones(len(x)), np.arange(len(x)))


def population(n: int = 1500, seed: int = 0, *, first: bool = False) -> dict[str, Floats]:
    """Draw BG/NBD customers (MBG/NBD with `first`: the first purchase too may be the last) with PAPER's parameters."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(n):
        rate, dropout, T = (
            rng.gamma(PAPER["r"], 1 / PAPER["alpha"]),
            rng.beta(PAPER["a"], PAPER["b"]),
            rng.integers(27, 40),
        )
        stays = not first or rng.random() >= dropout
        x, t_x, time = 0, 0.0, rng.exponential(1 / rate) if stays else np.inf
        while time < T:
            x, t_x = x + 1, time
            time = np.inf if rng.random() < dropout else time + rng.exponential(1 / rate)
        rows.append((x, t_x, T))
    return dict(zip(("x", "t_x", "T"), np.array(rows, dtype=np.float64).T, strict=True))


def loyal(n: int, seed: int) -> dict[str, Floats]:
    """Draw customers of whom nobody ever leaves."""
    rng = np.random.default_rng(seed)
    T = rng.uniform(4, 80, n)
    x = rng.poisson(rng.gamma(1, 1 / 5, n) * T).astype(np.float64)
    return {"x": x, "t_x": np.where(x > 0, T * rng.beta(np.maximum(x, 1), 1), 0.0), "T": T}
