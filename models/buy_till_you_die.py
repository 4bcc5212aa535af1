"""Buy till you die: BG/NBD and MBG/NBD for purchases, Gamma-Gamma for spend; the one door to lifetimes. Time: weeks.

A customer is x (repeat purchase days), t_x (first to last purchase day) and T (first purchase day to now). lifetimes
finds the parameters. The predictions are the papers' formulas, written here: lifetimes' own BG/NBD expectation is NaN
for x = 0 when a + b < 1, and a process that only scores need not import it. Importing lifetimes mutes FutureWarning,
sets a pandas option and lets dill extend pickle, all for the whole process; the fence here undoes the first two and
keeps dill out.
"""

import sys
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from types import ModuleType
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import eigh_tridiagonal
from scipy.special import expit

Params = Mapping[str, float]
Floats = NDArray[np.float64]

FEWEST = 50
"""Customers with a repeat purchase (or with an amount) below which parameters would be noise."""

TOLERANCES = (1e-7, 1e-6, 1e-5, 1e-4)
"""Gradient of the mean log-likelihood at which a fit may stop; the looser ones serve data without churn, where the
optimum is flat and rounding keeps the gradient from falling further (probabilities agree to some 1e-4)."""

NODES = 64
"""Points of the quadrature: relative error below 2e-6 up to ten years ahead, at the median 5e-16."""

PROCESSES: Final = {"bgnbd": "BG/NBD", "mbgnbd": "MBG/NBD"}
"""How customers buy and leave: after each repeat purchase with probability p, or after the first one already."""

FITTERS = {"BG/NBD": "BetaGeoFitter", "MBG/NBD": "ModifiedBetaGeoFitter", "Gamma-Gamma": "GammaGammaFitter"}
"""What lifetimes calls the models."""

_DOOR = threading.Lock()


def fit_bgnbd(*, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> dict[str, float]:
    """Estimate BG/NBD: r, alpha (weeks) of the purchase rate's gamma, a, b of the dropout probability's beta.

    Maximum likelihood of Fader, Hardie & Lee (2005), "Counting your customers" the easy way, eq. 6. Raises as
    `fit_process` does.
    """
    return fit_process("bgnbd", x=x, t_x=t_x, T=T)


def fit_process(process: str, *, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> dict[str, float]:
    """Estimate r, alpha (weeks), a and b of one of `PROCESSES`.

    MBG/NBD is that of Batislam, Denizel & Filiztekin (2007), Empirical validation and comparison of models for
    customer base analysis, with the likelihood of Wagner & Hoppe's erratum (2008). Customers with the same
    (x, t_x, T) are fitted as one with a weight. Raises `ValueError` for a process that is none, histories that cannot
    be, fewer than `FEWEST` repeat buyers, or a fit that does not converge.
    """
    name = _named(process)
    x, t_x, T = _history(x, t_x, T)
    repeaters = int((x > 0).sum())
    if repeaters < FEWEST:
        raise ValueError(
            f"only {repeaters} of {len(x)} customers have a repeat purchase day and {name} needs {FEWEST}; "
            "take a longer history or a later cutoff"
        )
    groups = pd.DataFrame({"x": x, "t_x": t_x, "T": T}).groupby(["x", "t_x", "T"]).size().reset_index(name="weight")
    return _estimate(name, *(groups[column].to_numpy() for column in ("x", "t_x", "T", "weight")))


def p_alive(params: Params, *, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, process: str = "bgnbd") -> Floats:
    """Give the probability that each customer may still buy; of BG/NBD 1 for x = 0, so never rank customers by it.

    Fader, Hardie & Lee, Computing P(alive) using the BG/NBD model (2008); Batislam et al. (2007), eq. 5, of MBG/NBD.
    """
    modified = _named(process) == PROCESSES["mbgnbd"]
    x, t_x, T = _history(x, t_x, T)
    odds_of_churn = (params["r"] + x) * np.log((params["alpha"] + T) / (params["alpha"] + t_x))
    chances = params["b"] + (x if modified else np.maximum(x, 1) - 1)
    odds_of_churn += np.log(params["a"]) - np.log(chances)
    return np.where((x == 0) & (not modified), 1.0, expit(-odds_of_churn))


def p_silent(
    params: Params, *, horizon: float, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, process: str = "bgnbd"
) -> Floats:
    """Give each customer's probability of no purchase day in the next `horizon` weeks.

    Who has left stays silent; who is alive buys at a rate λ ~ Gamma(r + x, alpha + T), of which
    E[exp(−λ horizon)] = ((alpha + T) / (alpha + T + horizon))^(r + x). Both processes have it in common, for a history
    tells of p and of λ apart.
    """
    _check_horizon(horizon)
    alive = p_alive(params, x=x, t_x=t_x, T=T, process=process)
    x, _, T = _history(x, t_x, T)
    return 1 + alive * np.expm1(-(params["r"] + x) * np.log1p(horizon / (params["alpha"] + T)))


def expected_purchases(params: Params, *, horizon: float, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Floats:
    """Give each customer's expected number of purchase days in the next `horizon` weeks.

    P(alive) times E[(1 − exp(−λ p horizon)) / p], eq. 7 of Fader, Hardie & Lee (2005) over what an alive customer's
    history leaves of λ ~ Gamma(r + x, alpha + T) and p ~ Beta(a, b + x): their eq. 10 as the integral that it
    closes. The integral over λ is exact, that over p a Gauss quadrature: no cancellation, and finite for every a, b.
    """
    _check_horizon(horizon)
    alive = p_alive(params, x=x, t_x=t_x, T=T)
    x, _, T = _history(x, t_x, T)
    shape, reach = params["r"] + x, horizon / (params["alpha"] + T)
    counts, which = np.unique(x, return_inverse=True)
    rules = np.array([_beta_rule(params["a"], params["b"] + count) for count in counts]).reshape(-1, 2, NODES)
    total = np.zeros(len(x))
    for p, weight in zip(rules[:, 0].T, rules[:, 1].T, strict=True):
        dropout = p[which]
        total += weight[which] * -np.expm1(-shape * np.log1p(dropout * reach)) / dropout
    return total * alive


def fit_gamma_gamma(x: ArrayLike, m: ArrayLike) -> dict[str, float]:
    """Estimate Gamma-Gamma: p, q and v (currency) from x purchase days of mean amount m for each customer.

    Maximum likelihood of Fader & Hardie, The Gamma-Gamma model of monetary value (2013), eq. 1a. Customers with
    x = 0 or m <= 0 are left out: the model has no such amounts. Raises `ValueError` for nulls, fewer than `FEWEST`
    customers left, a fit that does not converge, or q <= 1 (the population then has no mean).
    """
    x, m = _spending(x, m)
    kept = (x > 0) & (m > 0)
    if kept.sum() < FEWEST:
        raise ValueError(
            f"only {kept.sum()} of {len(x)} customers have a mean amount above 0 and Gamma-Gamma needs {FEWEST}; "
            "take a longer history, or check the sign of the amounts"
        )
    unit = float(m[kept].mean())
    params = _estimate("Gamma-Gamma", x[kept], m[kept] / unit)
    if params["q"] <= 1:
        raise ValueError(
            f"Gamma-Gamma was fitted with q = {params['q']:.4g}, and at q <= 1 mean spend is infinite; "
            "cap the few extreme amounts, or use a model that learns from outcomes"
        )
    return {**params, "v": params["v"] * unit}


def expected_value(params: Params, *, x: ArrayLike, m: ArrayLike) -> Floats:
    """Give each customer's expected mean amount a purchase day, in currency.

    Fader & Hardie (2013), eq. 5: the population mean p v / (q − 1) moved towards the customer's own m as x grows.
    With x = 0 it is the population mean, whatever m; m below 0 (more returned than bought) counts as 0.
    """
    x, m = _spending(x, m)
    p, q, v = params["p"], params["q"], params["v"]
    return p * (v + x * np.maximum(m, 0)) / (p * x + q - 1)


def _named(process: str) -> str:
    if process not in PROCESSES:
        raise ValueError(f"the process is {process!r}; it must be one of {list(PROCESSES)}")
    return PROCESSES[process]


def _check_horizon(horizon: float) -> None:
    if not 0 < horizon < np.inf:
        raise ValueError(f"the horizon is {horizon} weeks; it must be above 0 and finite")


def _history(x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Take x, t_x and T as floats; say which customers' history cannot be."""
    x, t_x, T = (np.ascontiguousarray(values, dtype=np.float64) for values in (x, t_x, T))
    _refuse(~np.isfinite(x + t_x + T), "a null or infinite x, t_x or T; leave out who has not bought yet")
    _refuse((x < 0) | (x != np.floor(x)), "an x that is no count of repeat purchase days (0, 1, 2 …)")
    _refuse((t_x < 0) | (t_x > T), "a t_x outside 0 … T; recency is first to last purchase, not last purchase to now")
    _refuse((x == 0) & (t_x > 0), "x = 0 with t_x above 0; count purchase days, not orders, in x and in t_x alike")
    return x, t_x, T


def _spending(x: ArrayLike, m: ArrayLike) -> tuple[Floats, Floats]:
    """Take x and m as floats, m as 0 where x is 0; say which customers' spending cannot be."""
    x, m = (np.ascontiguousarray(values, dtype=np.float64) for values in (x, m))
    m = np.where(x == 0, 0.0, m)
    _refuse(~(np.isfinite(x) & (x >= 0)), "an x that is no count of purchase days")
    _refuse(~np.isfinite(m), "purchase days but a null or infinite mean amount; check the amounts")
    return x, m


def _refuse(wrong: NDArray[np.bool_], what: str) -> None:
    if wrong.any():
        raise ValueError(f"{wrong.sum()} of {len(wrong)} customers (first: row {wrong.argmax()}) have {what}")


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


def _estimate(name: str, *columns: Floats) -> dict[str, float]:
    """Fit one of lifetimes' models; a `ValueError` if no tolerance lets it converge to numbers."""
    with _fence():
        model = getattr(_lifetimes(), FITTERS[name])()
        for tolerance in TOLERANCES:
            try:
                found = model.fit(*columns, tol=tolerance).params_
            except ValueError:  # lifetimes' ConvergenceError, numpy's LinAlgError
                continue
            params = {str(parameter): float(value) for parameter, value in found.items()}
            if all(0 < value < np.inf for value in params.values()):
                return params
    raise ValueError(
        f"{name} did not converge on {len(columns[0])} distinct customers; look for constant or extreme columns, "
        "take a longer history, or use a model that learns from outcomes"
    )


@contextmanager
def _fence() -> Iterator[None]:
    """Keep what lifetimes does to warnings, numpy's error state and standard output (it prints) from the process."""
    with _DOOR, warnings.catch_warnings(), np.errstate(all="ignore"), redirect_stdout(StringIO()):
        warnings.simplefilter("ignore")
        yield


def _lifetimes() -> Any:
    """Import lifetimes, within the fence, with a blank in the place of dill: only its save and load need that."""
    blank = ModuleType("dill")
    sys.modules.setdefault("dill", blank)
    try:
        with pd.option_context("mode.chained_assignment", pd.get_option("mode.chained_assignment")):
            import lifetimes
    finally:
        if sys.modules["dill"] is blank:
            del sys.modules["dill"]
    return lifetimes
