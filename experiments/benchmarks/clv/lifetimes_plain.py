"""lifetimes as its users call it: a column each of frequency, recency and T, a row a customer."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pandas as pd
from lifetimes import BetaGeoFitter, GammaGammaFitter, ParetoNBDFitter

from experiments.benchmarks.clv.data import TRUTH, Customers
from experiments.benchmarks.clv.works import HORIZON_WEEKS, MONTHLY_RATE, MONTHS, Answer, Work, named

FITTERS: Final = {"bgnbd": BetaGeoFitter, "pareto_nbd": ParetoNBDFitter, "gamma_gamma": GammaGammaFitter}


def purchases(process: str) -> Work:
    """Fit a process of purchases."""

    def prepared(customers: Customers) -> Callable[[], Answer]:
        x, t_x, T, _ = columns(customers)
        return lambda: fitted(process, x, t_x, T)

    return prepared


def gamma_gamma(customers: Customers) -> Callable[[], Answer]:
    """Fit Gamma-Gamma on those with a repeat purchase: the others it refuses."""
    x, _, _, m = columns(customers)
    return lambda: fitted("gamma_gamma", x[x > 0], m[x > 0])


def p_alive(customers: Customers) -> Callable[[], Answer]:
    """Give P(alive)."""
    (x, t_x, T, _), model = columns(customers), _known("bgnbd")
    return lambda: np.asarray(model.conditional_probability_alive(x, t_x, T))


def expected(customers: Customers) -> Callable[[], Answer]:
    """Give the purchases expected within the horizon."""
    (x, t_x, T, _), model = columns(customers), _known("bgnbd")
    return lambda: np.asarray(model.predict(HORIZON_WEEKS, x, t_x, T))


def clv(customers: Customers) -> Callable[[], Answer]:
    """Give lifetime value, discounted month by month."""
    (x, t_x, T, m), model, value = columns(customers), _known("bgnbd"), _known("gamma_gamma")
    options = {"time": MONTHS, "discount_rate": MONTHLY_RATE, "freq": "W"}
    return lambda: np.asarray(value.customer_lifetime_value(model, x, t_x, T, m, **options))


def fitted(model: str, *seen: Any, weights: Any = None) -> dict[str, float]:
    """Fit and give the parameters. Pareto/NBD starts anywhere: here from the same place each time."""
    np.random.seed(0)  # noqa: NPY002 (lifetimes draws from the global generator)
    found = FITTERS[model]().fit(*seen, weights=weights)
    return {str(name): float(value) for name, value in found.params_.items()}


def columns(customers: Customers) -> "tuple[pd.Series[float], ...]":
    """Give x, t_x, T and m as columns."""
    return tuple(pd.Series(values) for values in vars(customers).values())


def _known(model: str) -> Any:
    """Give a fitter as if it had found the truth."""
    made = FITTERS[model]()
    made.params_ = pd.Series(dict(TRUTH[model]))
    if model == "bgnbd":
        made.predict = made.conditional_expected_number_of_purchases_up_to_time  # as its fit does
    return made


WORKS: Final = {**named(purchases, gamma_gamma, p_alive, expected, clv), "clv_continuous": clv}
