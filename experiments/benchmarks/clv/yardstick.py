"""How likely parameters make what was seen, by one formula for all: lifetimes' own, not ours."""

from collections.abc import Mapping

import numpy as np
from lifetimes import BetaGeoFitter, GammaGammaFitter, ParetoNBDFitter

from experiments.benchmarks.clv.data import Customers


def log_likelihood(model: str, params: Mapping[str, float], customers: Customers) -> float:
    """Give the log-likelihood of all customers, time in weeks."""
    x, t_x, T, m = vars(customers).values()
    theta = np.array(list(params.values()))
    if model == "pareto_nbd":
        return float(ParetoNBDFitter._conditional_log_likelihood(theta, x, t_x, T).sum())
    if model == "bgnbd":
        return -len(x) * float(BetaGeoFitter._negative_log_likelihood(np.log(theta), x, t_x, T, np.ones(len(x)), 0.0))
    x, m = x[x > 0], m[x > 0]
    return -len(x) * float(GammaGammaFitter._negative_log_likelihood(np.log(theta), x, m, np.ones(len(x)), 0.0))
