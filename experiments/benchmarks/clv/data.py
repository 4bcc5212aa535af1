"""Customers drawn from a seed of processes that are known: what is fitted, and the truth that a fit should find.

A customer's first purchase lies anywhere in the first year of two. Nothing is stepped through: how often somebody
would buy and when they would leave are drawn at once, and with them the time of the last purchase, as an order
statistic.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Drawn = tuple[NDArray[np.int64], Floats]

OBSERVED_DAYS, JOINED_DAYS, DAYS_A_WEEK = 728, 364, 7

TRUTH: Final[Mapping[str, Mapping[str, float]]] = {
    "bgnbd": {"r": 0.25, "alpha": 4.4, "a": 0.8, "b": 2.4},
    "pareto_nbd": {"r": 0.55, "alpha": 10.6, "s": 0.6, "beta": 11.7},
    "gamma_gamma": {"p": 6.0, "q": 4.0, "v": 15.0},
}
"""Parameters, time in weeks; those of purchases are near CDNOW's."""


@dataclass(frozen=True)
class Customers:
    """Repeat purchases x, time of the last one t_x and age T in weeks, and the mean amount m of the repeat purchases
    (currency, 0 where there is none).
    """

    x: Floats
    t_x: Floats
    T: Floats
    m: Floats

    def first(self, count: int) -> "Customers":
        """Give the first of them, as arrays of their own."""
        return Customers(**{name: values[:count].copy() for name, values in vars(self).items()})


def draw(process: str, count: int, *, folder: Path, seed: int = 0) -> None:
    """Write customers of a process as NumPy files: x, t_x and T in whole days, and m."""
    rng = np.random.default_rng([seed, list(DRAWN).index(process)])
    days = OBSERVED_DAYS - rng.integers(0, JOINED_DAYS, count)
    x, t_x = DRAWN[process](rng, days / DAYS_A_WEEK)
    columns = {"x": x, "t_x": np.rint(t_x * DAYS_A_WEEK), "T": days}
    folder.mkdir(parents=True, exist_ok=True)
    for name, values in columns.items():
        np.save(folder / f"{name}.npy", values.astype(np.int32))
    np.save(folder / "m.npy", mean_amounts(rng, x))


def load(folder: Path, count: int, *, unit: str) -> Customers:
    """Read the first customers of a folder, with times by the `day` or rounded to the `week`; weeks either way."""
    columns = {name: np.load(folder / f"{name}.npy", mmap_mode="r")[:count] for name in ("x", "t_x", "T", "m")}
    taken = {name: values.astype(np.float64) for name, values in columns.items()}
    for name in ("t_x", "T"):
        weeks = taken[name] / DAYS_A_WEEK
        taken[name] = np.rint(weeks) if unit == "week" else weeks
    return Customers(**taken)


def bgnbd(rng: np.random.Generator, T: Floats) -> Drawn:
    """Draw x and t_x of BG/NBD: of purchases at a rate of one's own, the last may be the one after which one leaves.

    Given how many purchases there would be within T, their times are uniform there; so the last of the first x of n is
    T Beta(x, n − x + 1).
    """
    r, alpha, a, b = TRUTH["bgnbd"].values()
    bought = rng.poisson(rng.gamma(r, 1 / alpha, len(T)) * T)
    leaves = rng.geometric(np.maximum(rng.beta(a, b, len(T)), 1e-12))
    x = np.minimum(bought, leaves)
    return x, np.where(x > 0, T * rng.beta(np.maximum(x, 1), bought - x + 1), 0.0)


def pareto_nbd(rng: np.random.Generator, T: Floats) -> Drawn:
    """Draw x and t_x of Pareto/NBD: purchases at a rate of one's own until a lifetime ends, exponential, or T."""
    r, alpha, s, beta = TRUTH["pareto_nbd"].values()
    deaths = np.maximum(rng.gamma(s, 1 / beta, len(T)), 1e-300)
    until = np.minimum(T, rng.standard_exponential(len(T)) / deaths)
    x = rng.poisson(rng.gamma(r, 1 / alpha, len(T)) * until)
    return x, np.where(x > 0, until * rng.beta(np.maximum(x, 1), 1.0), 0.0)


def mean_amounts(rng: np.random.Generator, x: NDArray[np.int64]) -> Floats:
    """Draw the mean of x amounts of Gamma-Gamma; 0 where x is 0."""
    p, q, v = TRUTH["gamma_gamma"].values()
    counted = np.maximum(x, 1)
    means = rng.gamma(p * counted) / (rng.gamma(q, 1 / v, len(x)) * counted)
    return np.where(x > 0, means, 0.0)


DRAWN: Final[Mapping[str, Callable[[np.random.Generator, Floats], Drawn]]] = {"bgnbd": bgnbd, "pareto_nbd": pareto_nbd}
"""How customers of a process are drawn, given their T in weeks."""
