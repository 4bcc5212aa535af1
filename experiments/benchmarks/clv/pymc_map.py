"""pymc-marketing's maximum a posteriori, where it is installed: a row a customer, its own priors."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from pymc_marketing import clv

from experiments.benchmarks.clv.data import TRUTH, Customers
from experiments.benchmarks.clv.works import Answer, Work

MODELS: Final = {"bgnbd": clv.BetaGeoModel, "pareto_nbd": clv.ParetoNBDModel, "gamma_gamma": clv.GammaGammaModel}


def purchases(process: str) -> Work:
    """Fit a process of purchases."""

    def prepared(customers: Customers) -> Callable[[], Answer]:
        frame = pd.DataFrame({"frequency": customers.x, "recency": customers.t_x, "T": customers.T})
        return lambda: _fitted(process, frame.assign(customer_id=np.arange(len(frame))))

    return prepared


def _fitted(process: str, frame: pd.DataFrame) -> dict[str, float]:
    model: Any = MODELS[process](data=frame)
    model.fit(method="map", progressbar=False)
    found = model.fit_result
    return {name: float(found[name].to_numpy().mean()) for name in TRUTH[process]}


WORKS: Final[Mapping[str, Work]] = {"bgnbd": purchases("bgnbd")}
