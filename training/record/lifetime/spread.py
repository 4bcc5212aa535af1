"""How far models of purchases differ the longer they look ahead."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from models.buy_till_you_die.fit import fit
from models.buy_till_you_die.processes import PROCESSES
from models.contract import Detailed, Model
from models.purchases import DAYS_A_WEEK, enough, histories
from training.record.lifetime.purchases import Floats

MONTHS: Final = range(3, 61, 3)
DAYS_A_MONTH: Final = 365.25 / 12
AMONG: Final = ("bgnbd", "mbgnbd", "pareto_nbd")
"""Processes that are fitted to the same histories: all are good models, and none is known to be true."""


def spread(model: Model, X: pd.DataFrame) -> dict[str, Any]:
    """Give what customers of some histories are expected to bring within 3, 6 … 60 months, by several processes.

    In currency, undiscounted, where the model tells what a purchase day of each is worth (`details`); else in purchase
    days. `totals` has a list a process, `spread` how much more the greatest is than the least, as a share of the mean,
    and `left_out` why a process is not there.
    """
    worth = _worth(model, X)
    totals: dict[str, list[float]] = {}
    left_out: dict[str, str] = {}
    for name in AMONG:
        try:
            totals[PROCESSES[name].title] = _totals(name, X, 1.0 if worth is None else worth)
        except ValueError as error:
            left_out[PROCESSES[name].title] = str(error)
    return {
        "months": list(MONTHS),
        "unit": "purchase days" if worth is None else "currency",
        "totals": totals,
        "spread": _between(totals),
        "left_out": left_out,
    }


def _worth(model: Model, X: pd.DataFrame) -> Floats | None:
    if not isinstance(model, Detailed):
        return None
    return model.details(X)["expected_value"].to_numpy(dtype=np.float64)


def _totals(name: str, X: pd.DataFrame, worth: Floats | float) -> list[float]:
    seen, process = histories(X), PROCESSES[name]
    params = fit(process, enough(process, seen)).params
    weight = np.bincount(seen.which, weights=np.broadcast_to(worth, len(X)), minlength=len(seen.x))
    return [
        float(weight @ process.expected_purchases(params, seen, horizon=months * DAYS_A_MONTH / DAYS_A_WEEK))
        for months in MONTHS
    ]


def _between(totals: Mapping[str, list[float]]) -> list[float]:
    if len(totals) < 2:
        return []
    by_month = zip(*totals.values(), strict=True)
    return [(max(each) - min(each)) * len(each) / sum(each) for each in by_month]
