"""What a process is: its parameters, and how likely it makes what was seen."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol, Self, TypeVar

import numpy as np

from models.buy_till_you_die.histories import Floats, Histories

Params = Mapping[str, float | Floats]
"""Parameters by name. A process reckons with them by broadcasting: each may be an array of n, one a row seen."""

LONGEST: Final = 600.0
"""Bound of the logarithm of a time till the next purchase, so that it stays finite."""


@dataclass(frozen=True)
class Parameter:
    """A parameter of a process, where its search starts and its prior lies.

    `measured`: it is in the data's unit (of time, or of money), so `start` is in `Seen.unit`. `positive`: it is
    searched for, and told of, by its logarithm; a coefficient of a covariate is not.
    """

    name: str
    start: float = 1.0
    measured: bool = False
    positive: bool = True


class Seen(Protocol):
    """What was seen of customers: distinct rows, with how many customers each stands for."""

    @property
    def weight(self) -> Floats:
        """How many customers each row is."""

    @property
    def unit(self) -> float:
        """A time (or an amount) that is usual in these data."""

    def per(self, unit: float) -> Self:
        """Give the same with that as 1."""


S_contra = TypeVar("S_contra", bound=Seen, contravariant=True)


class Process(Protocol[S_contra]):
    """A model of what customers do."""

    @property
    def title(self) -> str:
        """What it is called."""

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters, in the order of the gradient's rows."""

    def log_likelihood(self, params: Params, seen: S_contra) -> tuple[Floats, Floats]:
        """Give the log-likelihood of each of the n rows, and its derivatives (parameters × n).

        The derivatives are by the parameters themselves, not by their logarithms. The log-likelihood is the true one,
        constants included, in the data's unit.
        """


class Purchases(Process[Histories], Protocol):
    """A process of purchases: what it expects of customers with given histories. Each answer is one a history."""

    def p_alive(self, params: Params, seen: Histories) -> Floats:
        """Give the probability that a customer may still buy."""

    def p_silent(self, params: Params, seen: Histories, *, horizon: float) -> Floats:
        """Give the probability of no purchase day within the horizon."""

    def p_counts(self, params: Params, seen: Histories, *, horizon: float, most: int) -> Floats:
        """Give the probabilities of 0, 1 … `most` purchase days within the horizon (n × most + 1)."""

    def expected_purchases(self, params: Params, seen: Histories, *, horizon: float) -> Floats:
        """Give the expected number of purchase days within the horizon."""

    def discounted_purchases(self, params: Params, seen: Histories, *, horizon: float, rate: float) -> Floats:
        """Give the expected sum of exp(−rate s) over the purchases within the horizon, s being when they come."""

    def next_purchase(self, params: Params, seen: Histories) -> Floats:
        """Give the time within which a customer who is alive, and stays so, buys with probability ½."""

    def expected_of_new(self, params: Params, times: Floats) -> Floats:
        """Give how many repeat purchases a new customer is expected to make within each of some times."""

    def simulated_purchases(
        self, params: Params, seen: Histories, *, horizon: float, rng: np.random.Generator
    ) -> Floats:
        """Draw for each history how many purchases come within the horizon, once."""


def median_wait(shape: Floats, rate: Floats) -> Floats:
    """Give the median of the time till an event whose rate is Gamma(shape, rate): rate (2^(1 / shape) − 1), finite."""
    return np.asarray(rate * np.expm1(np.minimum(np.log(2) / shape, LONGEST)), dtype=np.float64)


def check_horizon(horizon: float) -> None:
    """Raise `ValueError` for a horizon that is no length of time above 0."""
    if not 0 < horizon < np.inf:
        raise ValueError(f"the horizon is {horizon}; it must be above 0 and finite")


def check_rate(rate: float) -> None:
    """Raise `ValueError` for a discount rate that is no number from 0 on."""
    if not 0 <= rate < np.inf:
        raise ValueError(f"the discount rate is {rate}; it must be 0 or above, and finite")
