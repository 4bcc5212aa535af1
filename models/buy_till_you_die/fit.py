"""`fit`: the parameters that make what was seen most likely, how sure they are, or why there are none.

The search runs on logarithms, in a unit in which all parameters are of the order of 1: L-BFGS-B on the analytic
gradient, then Newton's steps to the very top. A weak prior keeps what the data say nothing of (the dropout of customers
who never drop out) from wandering off to infinity; it is added to the total log-likelihood, so it vanishes with their
number.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from models.buy_till_you_die.process import Parameter, Params, Process, Seen

Floats = NDArray[np.float64]
Objective = Callable[[Floats], tuple[float, Floats]]
S = TypeVar("S", bound=Seen)

PRIOR_SD: Final = 2.0
"""Standard deviation of the prior of a parameter's logarithm: a factor of 7 either way."""
SLOPE: Final = 1e-7
"""Gradient of the mean log-likelihood, a customer and a logarithm, up to which the top is reached.

What is then left to go is sqrt(n / I) SLOPE standard errors, I being what a customer tells of the parameter: .001 of
them for ten million customers and an I of .1. The search itself goes on to where rounding ends it, 1e-12 to 1e-16."""
FLAT: Final = 1e-12
"""Gradient at which nothing is left to climb."""
ROUNDING: Final = 1e-13
"""Of a mean log-likelihood."""
STARTS: Final = ((0.0, 0.0), (-1.0, 0.7), (1.2, -0.8), (0.8, 1.5))
"""Where searches start: so far from the parameters' own starts, in turn, on the logarithmic scale."""
NEWTON: Final = 20
STEP: Final = 1e-4
"""Of the differences of the gradient that make the Hessian."""


class Untellable(ValueError):
    """Data that are as they should be, and do not tell what a model would have to know; the message says what."""


class NotConverged(Untellable):
    """No search found a top: says where each ended, and what to do."""


@dataclass(frozen=True)
class Fit:
    """Fitted parameters and what is known of them.

    `log_likelihood` is that of all customers, without the prior, in the data's unit. `standard_errors` are those of the
    parameters, from the inverse Hessian; `covariance` is of the logarithms of the positive parameters and of the others
    themselves, in the order of `params`. `customers` is the sum of the weights, `slope` the largest derivative of the
    mean log-likelihood that was left, `starts` how many searches it took. `weak` names parameters of which the data say
    so little that most of what is known of them is the prior: use what they predict together, and read nothing into
    them.
    """

    params: Mapping[str, float]
    standard_errors: Mapping[str, float]
    log_likelihood: float
    covariance: Sequence[Sequence[float]]
    customers: float
    slope: float
    starts: int
    weak: Sequence[str] = ()

    def state(self) -> dict[str, Any]:
        """Give it as plain data."""
        return asdict(self)

    def moved(self, parameters: Sequence[Parameter], back: Floats) -> Self:
        """Give the fit of parameters that are another's by a matrix, on the scale on which they are searched for."""
        positive = _positive(parameters)
        values = np.array([self.params[each.name] for each in parameters])
        theta = back @ np.where(positive, np.log(np.where(positive, values, 1.0)), values)
        covariance = back @ np.array(self.covariance) @ back.T
        params = _params(parameters, theta, 1.0)
        errors = _errors(parameters, params, covariance)
        return replace(self, params=params, standard_errors=errors, covariance=covariance.tolist())

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> Self:
        """Take it back."""
        return cls(**state)


def fit(process: Process[S], seen: S, *, prior_sd: float | None = PRIOR_SD) -> Fit:
    """Fit a process; `prior_sd` None leaves the prior out (maximum likelihood).

    Raises `NotConverged` after all `STARTS`, `ValueError` for a prior that is none.
    """
    if prior_sd is not None and not prior_sd > 0:
        raise ValueError(f"prior_sd is {prior_sd}; it is a standard deviation above 0, or None for no prior")
    parameters, unit = process.parameters, seen.unit
    scaled, customers = seen.per(unit), float(seen.weight.sum())
    objective = _objective(process, scaled, prior_sd, customers)
    ends: list[tuple[Params, float]] = []
    for start in STARTS:
        theta, slope, covariance = _climb(objective, _start(parameters, start), customers)
        if covariance is not None:
            params = _params(parameters, theta, unit)
            value = float(_sum(process.log_likelihood(params, seen)[0], seen))
            if np.isfinite(value):
                errors, weak = _errors(parameters, params, covariance), _weak(parameters, covariance, prior_sd)
                return Fit(params, errors, value, covariance.tolist(), customers, slope, len(ends) + 1, weak)
        ends.append((_params(parameters, theta, unit), slope))
    raise NotConverged(_report(process.title, ends, seen))


def _objective(process: Process[S], seen: S, prior_sd: float | None, customers: float) -> Objective:
    """Give minus the mean log-posterior and its gradient, as a function of the searched-for parameters."""
    parameters = process.parameters
    centre, positive = _start(parameters, (0.0, 0.0)), _positive(parameters)
    tightness = 0.0 if prior_sd is None else prior_sd**-2

    def objective(theta: Floats) -> tuple[float, Floats]:
        params = _params(parameters, theta, 1.0)
        with np.errstate(all="ignore"):
            values, slopes = process.log_likelihood(params, seen)
            natural = np.array(list(params.values()))
            total, slope = _sum(values, seen), _sum(slopes, seen) * np.where(positive, natural, 1.0)
        away = theta - centre
        total, slope = total - 0.5 * tightness * (away @ away), slope - tightness * away
        if not (np.isfinite(total) and np.isfinite(slope).all()):
            return np.inf, np.zeros_like(theta)
        return float(-total / customers), -slope / customers

    return objective


def _sum(values: Floats, seen: Seen) -> Floats:
    """Add up over customers, along the last axis: not by a product of matrices, whose threads cost more than that."""
    return np.asarray((values * seen.weight).sum(axis=-1), dtype=np.float64)


def _climb(objective: Objective, start: Floats, customers: float) -> tuple[Floats, float, Floats | None]:
    """Search from one start: where it ended, the slope left there, and the covariance if it is a top."""
    bounds = [(-25.0, 25.0)] * len(start)
    found = minimize(
        objective, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-14, "gtol": 1e-8}
    )
    theta = np.asarray(found.x, dtype=np.float64)
    for more in reversed(range(NEWTON)):
        value, slope = objective(theta)
        hessian, left = _hessian(objective, theta), float(np.abs(slope).max())
        if not (np.isfinite(value) and np.isfinite(hessian).all()) or np.linalg.eigvalsh(hessian)[0] <= 0:
            return theta, left, None
        step = np.asarray(np.linalg.solve(hessian, slope), dtype=np.float64)
        higher = _higher(objective, theta, step) if more and left > FLAT else None
        if higher is None:
            break
        theta = higher
    return theta, left, np.asarray(np.linalg.inv(hessian) / customers, dtype=np.float64) if left <= SLOPE else None


def _higher(objective: Objective, theta: Floats, step: Floats) -> Floats | None:
    """Take a step, or a part of it: to where it is higher, or as high for all that can be told, and flatter."""
    value, slope = objective(theta)
    for part in (1.0, 0.5, 0.25, 0.125):
        there = theta - part * step
        reached, left = objective(there)
        flatter = np.abs(left).max() < np.abs(slope).max()
        if reached < value - ROUNDING or (reached <= value + ROUNDING and flatter):
            return there
    return None


def _hessian(objective: Objective, theta: Floats) -> Floats:
    """Differentiate the gradient: symmetric, parameters × parameters."""
    steps = np.eye(len(theta)) * STEP
    rows = [(objective(theta + step)[1] - objective(theta - step)[1]) / (2 * STEP) for step in steps]
    return (np.array(rows) + np.array(rows).T) / 2


def _start(parameters: Sequence[Parameter], shift: tuple[float, float]) -> Floats:
    """Give where a search starts, moved by one of two shifts in turn."""
    starts = [np.log(each.start) if each.positive else each.start for each in parameters]
    return np.array([start + shift[place % 2] for place, start in enumerate(starts)])


def _positive(parameters: Sequence[Parameter]) -> NDArray[np.bool_]:
    return np.array([each.positive for each in parameters])


def _params(parameters: Sequence[Parameter], theta: Floats, unit: float) -> dict[str, float]:
    with np.errstate(over="ignore"):
        values = np.where(_positive(parameters), np.exp(theta), theta)
    return {
        each.name: float(value) * (unit if each.measured else 1.0)
        for each, value in zip(parameters, values, strict=True)
    }


def _errors(parameters: Sequence[Parameter], params: Mapping[str, float], covariance: Floats) -> dict[str, float]:
    """Give the parameters' own standard errors (delta method)."""
    errors = np.sqrt(np.diag(covariance))
    return {
        each.name: float(error) * (params[each.name] if each.positive else 1.0)
        for each, error in zip(parameters, errors, strict=True)
    }


def _weak(parameters: Sequence[Parameter], covariance: Floats, prior_sd: float | None) -> list[str]:
    """Name the parameters more than half of whose precision is the prior's."""
    if prior_sd is None:
        return []
    return [
        each.name for each, variance in zip(parameters, np.diag(covariance), strict=True) if variance > prior_sd**2 / 2
    ]


def _report(title: str, ends: Sequence[tuple[Params, float]], seen: Seen) -> str:
    told = "; ".join(
        f"{', '.join(f'{name} {value:.3g}' for name, value in params.items())} (slope {slope:.1e})"
        for params, slope in ends
    )
    return (
        f"{title} did not converge on {seen.weight.sum():g} customers with {len(seen.weight)} distinct histories; "
        f"{len(ends)} searches ended at: {told}. Look for constant or extreme columns, take a longer history, "
        "or use a model that learns from outcomes"
    )
