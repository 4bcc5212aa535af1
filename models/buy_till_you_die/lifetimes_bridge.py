"""`to_lifetimes`: a fitted process as the object of the lifetimes package that its users know; the one door to it.

Importing lifetimes mutes FutureWarning, sets a pandas option and lets dill extend pickle, all for the whole process.
The fence here undoes the first two and keeps dill out, so that `save_model` and `load_model`, which are dill, fail.
"""

import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from types import ModuleType
from typing import Any, Final

import numpy as np
import pandas as pd

from models.buy_till_you_die.fit import Fit
from models.buy_till_you_die.gamma_gamma import Amounts
from models.buy_till_you_die.histories import Histories
from models.buy_till_you_die.process import Process

FITTERS: Final = {
    "BG/NBD": "BetaGeoFitter",
    "MBG/NBD": "ModifiedBetaGeoFitter",
    "Pareto/NBD": "ParetoNBDFitter",
    "BG/BB": "BetaGeoBetaBinomFitter",
    "Gamma-Gamma": "GammaGammaFitter",
}
"""What lifetimes calls the processes, by their title."""
_DOOR: Final = threading.Lock()


def to_lifetimes(process: Process[Any], fitted: Fit, seen: Histories | Amounts | None = None) -> Any:
    """Give lifetimes' fitter with the parameters of a fit, as if it had found them itself: it predicts what we do.

    Times are in the unit of the fit. `seen` becomes its `data`, distinct customers with their weights: only what it
    tells of the customers that it was fitted on looks at that. Raises `ValueError` for a process that lifetimes does
    not have, `ModuleNotFoundError` where it is not installed.
    """
    if process.title not in FITTERS:
        raise ValueError(f"lifetimes has no {process.title}; it has {', '.join(FITTERS)}")
    with _fence():
        fitter = getattr(_lifetimes(), FITTERS[process.title])()
    params, names = pd.Series(dict(fitted.params)), list(fitted.params)
    fitter.params_ = params
    fitter.variance_matrix_ = pd.DataFrame(np.outer(params, params) * np.array(fitted.covariance), names, names)
    fitter.standard_errors_ = fitter._compute_standard_errors()
    fitter.confidence_intervals_ = fitter._compute_confidence_intervals()
    fitter._negative_log_likelihood_ = -fitted.log_likelihood / fitted.customers
    if hasattr(fitter, "conditional_expected_number_of_purchases_up_to_time"):
        fitter.predict = fitter.conditional_expected_number_of_purchases_up_to_time
    if seen is not None:
        fitter.data = _data(process, seen)
    return fitter


def _data(process: Process[Any], seen: Histories | Amounts) -> pd.DataFrame:
    """Give customers in lifetimes' columns."""
    if isinstance(seen, Amounts):
        return pd.DataFrame({"monetary_value": seen.m, "frequency": seen.x, "weights": seen.weight})
    lived = "n_periods" if process.title == "BG/BB" else "T"
    return pd.DataFrame({"frequency": seen.x, "recency": seen.t_x, lived: seen.T, "weights": seen.weight})


@contextmanager
def _fence() -> Iterator[None]:
    """Keep what importing lifetimes does to warnings, numpy's error state and standard output from the process."""
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
