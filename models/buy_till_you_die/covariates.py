"""Covariates that do not change: how much sooner, and how much longer, customers of some kind buy.

Fader & Hardie (2007), Incorporating time-invariant covariates into the Pareto/NBD and BG/NBD models; signs as in
CLVTools. A coefficient above 0 means buying more often (`transaction`), or leaving sooner (`lifetime`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import ArrayLike

from models.buy_till_you_die.fit import PRIOR_SD, Fit, fit
from models.buy_till_you_die.histories import Floats, Histories, alike, refuse, weights
from models.buy_till_you_die.process import Parameter, Params, Purchases

LEVERS: Final[Mapping[str, Mapping[str, float]]] = {
    "transaction": {"alpha": -1.0},
    "lifetime": {"beta": -1.0, "a": 1.0, "b": 1.0},
}
"""Which parameters a part's covariates z multiply, by exp(± coefficients · z)."""
FARTHEST: Final = 40.0
"""A customer's own parameter lies within exp(±40): beyond are years that stand for unknown, and other codes."""


@dataclass(frozen=True)
class DescribedHistories(Histories):
    """Distinct histories of customers alike in their covariates too: `described` gives each covariate's n values."""

    described: Mapping[str, Floats]

    @classmethod
    def among(cls, seen: Histories, covariates: Mapping[str, ArrayLike], weight: ArrayLike | None = None) -> Self:
        """Group by history and by covariates, which are given for each customer, as are the weights.

        Raises `ValueError` for a covariate that is null or infinite for some.
        """
        columns = {name: np.asarray(values, dtype=np.float64) for name, values in covariates.items()}
        for name, values in columns.items():
            refuse(~np.isfinite(values), f"a null or infinite covariate {name!r}; fill it, or leave them out")
        first, which = alike(seen.which.astype(np.float64), *columns.values())
        counted = np.bincount(which, weights=weights(weight, len(which))).astype(np.float64)
        x, t_x, T = (values[seen.which[first]] for values in (seen.x, seen.t_x, seen.T))
        return cls(x, t_x, T, counted, which, {name: values[first] for name, values in columns.items()})


@dataclass(frozen=True)
class WithCovariates:
    """A process of purchases whose customers differ by covariates, named for each part.

    Its parameters are those of the process where all covariates are 0, and a coefficient for each covariate of a part,
    by the name `part:covariate`. It reckons with `DescribedHistories` alone.
    """

    inner: Purchases
    transaction: tuple[str, ...] = ()
    lifetime: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """What it is called."""
        return f"{self.inner.title} with covariates"

    @property
    def parts(self) -> Mapping[str, tuple[str, ...]]:
        """The covariates of each part."""
        return {"lifetime": self.lifetime, "transaction": self.transaction}

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters of the process, and the coefficients."""
        coefficients = [f"{part}:{name}" for part, names in self.parts.items() for name in names]
        return (*self.inner.parameters, *(Parameter(name, 0.0, positive=False) for name in coefficients))

    def personal(self, params: Params, seen: Histories) -> dict[str, Floats]:
        """Give the parameters of the process for each history, arrays of n. `ValueError` for what none can be."""
        with np.errstate(over="ignore", divide="ignore"):
            factors = self._factors(params, seen)
            own = {each.name: params[each.name] * factors[each.name] for each in self.inner.parameters}
            for name, values in own.items():
                far = np.abs(np.log(values)) > FARTHEST
                refuse(far, f"covariates that make {name} a number of no use; look at them, and at their unit")
        return own

    def _factors(self, params: Params, seen: Histories) -> dict[str, Floats]:
        """Give by what the covariates multiply each parameter of the process."""
        score = {each.name: np.zeros(len(seen.x)) for each in self.inner.parameters}
        for part, names in self.parts.items():
            for lever, sign in self.levers(part).items():
                for name in names:
                    score[lever] = score[lever] + sign * params[f"{part}:{name}"] * _described(seen)[name]
        return {name: np.exp(each) for name, each in score.items()}

    def levers(self, part: str) -> Mapping[str, float]:
        """Name the parameters that a part's covariates multiply, and the sign."""
        known = {each.name for each in self.inner.parameters}
        return {name: sign for name, sign in LEVERS[part].items() if name in known}

    def log_likelihood(self, params: Params, seen: Histories) -> tuple[Floats, Floats]:
        """Give the process' log-likelihood at each history's own parameters; its derivatives by the chain rule."""
        names = [each.name for each in self.inner.parameters]
        factors = self._factors(params, seen)
        personal = {name: params[name] * factors[name] for name in names}
        value, slopes = self.inner.log_likelihood(personal, seen)
        by_name = dict(zip(names, slopes, strict=True))
        rows = [by_name[name] * factors[name] for name in names]
        for part, covariates in self.parts.items():
            by_score = sum(sign * by_name[name] * personal[name] for name, sign in self.levers(part).items())
            rows += [by_score * _described(seen)[name] for name in covariates]
        return value, np.stack(rows)

    def p_alive(self, params: Params, seen: Histories) -> Floats:
        """Give the probability that a customer may still buy."""
        return self.inner.p_alive(self.personal(params, seen), seen)

    def p_silent(self, params: Params, seen: Histories, *, horizon: float) -> Floats:
        """Give the probability of no purchase day within the horizon."""
        return self.inner.p_silent(self.personal(params, seen), seen, horizon=horizon)

    def p_counts(self, params: Params, seen: Histories, *, horizon: float, most: int) -> Floats:
        """Give the probabilities of 0, 1 … `most` purchase days within the horizon (n × most + 1)."""
        return self.inner.p_counts(self.personal(params, seen), seen, horizon=horizon, most=most)

    def expected_purchases(self, params: Params, seen: Histories, *, horizon: float) -> Floats:
        """Give the expected number of purchase days within the horizon."""
        return self.inner.expected_purchases(self.personal(params, seen), seen, horizon=horizon)

    def discounted_purchases(self, params: Params, seen: Histories, *, horizon: float, rate: float) -> Floats:
        """Give the expected sum of exp(−rate s) over the purchases within the horizon, s being when they come."""
        return self.inner.discounted_purchases(self.personal(params, seen), seen, horizon=horizon, rate=rate)

    def next_purchase(self, params: Params, seen: Histories) -> Floats:
        """Give the time within which a customer who is alive, and stays so, buys with probability ½."""
        return self.inner.next_purchase(self.personal(params, seen), seen)

    def expected_of_new(self, params: Params, times: Floats) -> Floats:
        """Give how many repeat purchases a new customer whose covariates are all 0 is expected to make within times."""
        return self.inner.expected_of_new({each.name: params[each.name] for each in self.inner.parameters}, times)

    def simulated_purchases(
        self, params: Params, seen: Histories, *, horizon: float, rng: np.random.Generator
    ) -> Floats:
        """Draw for each history how many purchases come within the horizon, once."""
        return self.inner.simulated_purchases(self.personal(params, seen), seen, horizon=horizon, rng=rng)


def fit_described(process: WithCovariates, seen: Histories, *, prior_sd: float | None = PRIOR_SD) -> Fit:
    """Fit as `fit` does, with the covariates moved to mean 0 and standard deviation 1, and tell of them as given.

    So their scale is no matter: a year of birth is as good as a 0 or 1. The prior is of a customer whose covariates
    are the mean, and of coefficients for a standard deviation. Raises as `check_identified` and `fit` do.
    """
    for names in process.parts.values():
        check_identified(seen, names)
    given = _described(seen)
    means = {name: float(np.average(values, weights=seen.weight)) for name, values in given.items()}
    spreads = {name: _spread(values, seen.weight) for name, values in given.items()}
    moved = {name: (values - means[name]) / spreads[name] for name, values in given.items()}
    found = fit(
        process, DescribedHistories(seen.x, seen.t_x, seen.T, seen.weight, seen.which, moved), prior_sd=prior_sd
    )
    return found.moved(process.parameters, _back(process, means, spreads))


def _spread(values: Floats, weight: Floats) -> float:
    """Give the standard deviation over customers."""
    mean = np.average(values, weights=weight)
    return float(np.sqrt(np.average((values - mean) ** 2, weights=weight)))


def _back(process: WithCovariates, means: Mapping[str, float], spreads: Mapping[str, float]) -> Floats:
    """Give the matrix that takes searched-for parameters to those of the covariates as given: it is linear in them."""
    place = {each.name: row for row, each in enumerate(process.parameters)}
    matrix = np.eye(len(place))
    for part, names in process.parts.items():
        for name in names:
            column = place[f"{part}:{name}"]
            matrix[column, column] = 1 / spreads[name]
            for lever, sign in process.levers(part).items():
                matrix[place[lever], column] = -sign * means[name] / spreads[name]
    return matrix


def _described(seen: Histories) -> Mapping[str, Floats]:
    if not isinstance(seen, DescribedHistories):
        raise TypeError("a process with covariates needs DescribedHistories, which say each customer's covariates")
    return seen.described


def check_identified(seen: Histories, names: Sequence[str]) -> None:
    """Raise `ValueError` for covariates of one part that are constant, or that follow from each other."""
    if not names:
        return
    columns = np.array([_described(seen)[name][seen.weight > 0] for name in names])
    constant = [name for name, column in zip(names, columns, strict=True) if np.ptp(column) == 0]
    if constant:
        raise ValueError(f"the covariates {constant} are the same for all customers; leave them out")
    around = (columns - columns.mean(axis=1, keepdims=True)) / columns.std(axis=1, keepdims=True)
    if np.linalg.matrix_rank(around) < len(names):
        raise ValueError(
            f"the covariates {list(names)} follow from each other (as do all the values of an attribute); "
            "leave one of them out"
        )
