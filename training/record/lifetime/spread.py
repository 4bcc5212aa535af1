"""What today's customers are yet to bring, month by month, and how far models of purchases differ about it."""

from collections.abc import Mapping
from itertools import accumulate
from typing import Any, Final

import numpy as np
import pandas as pd

from models.buy_till_you_die.fit import fit
from models.buy_till_you_die.processes import PROCESSES
from models.contract import Model
from models.lifetime_value.terms import DAYS_A_MONTH
from models.purchases import DAYS_A_WEEK, enough, histories
from training.record.lifetime.purchases import Floats, without_trees

MONTHS: Final = 60
AMONG: Final = ("bgnbd", "mbgnbd", "pareto_nbd")
"""Processes that are fitted to the same histories: all are good models, and none is known to be true."""
ROWS: Final = 100_000
"""Customers whose months are in memory at a time."""


def spread(model: Model, X: pd.DataFrame) -> dict[str, Any]:
    """Give what some customers are expected to bring in each of the next `MONTHS` months, by several processes.

    It is value, on the model's terms (interest, margin), of a model that tells value by month; else purchase days.
    `by_month` and `so_far` have a list a process, `spread` how much more the greatest has brought so far than the
    least, as a share of the mean, and `left_out` why a process is not there.
    """
    part = without_trees(model)
    valued = hasattr(part, "by_month")
    by_month: dict[str, list[float]] = {}
    left_out: dict[str, str] = {}
    for name in AMONG:
        try:
            made = _value(part, name, X) if valued else _purchases(name, X)
            by_month[PROCESSES[name].title] = made.tolist()
        except ValueError as error:
            left_out[PROCESSES[name].title] = str(error)
    so_far = {name: list(accumulate(months)) for name, months in by_month.items()}
    return {
        "unit": "currency" if valued else "purchase days",
        "months": list(range(1, MONTHS + 1)),
        "by_month": by_month,
        "so_far": so_far,
        "spread": _between(so_far),
        "left_out": left_out,
    }


def _value(model: Any, name: str, X: pd.DataFrame) -> Floats:
    """Fit the same model by another process and add up its customers' months."""
    made = type(model)(**{**model.get_params(), "process": name}).fit(X)
    parts = [made.by_month(X.iloc[start : start + ROWS], MONTHS).sum(axis=0) for start in range(0, len(X), ROWS)]
    return np.asarray(np.sum(parts, axis=0), dtype=np.float64)


def _purchases(name: str, X: pd.DataFrame) -> Floats:
    """Fit a process and add up what it expects of customers by month."""
    seen, process = histories(X), PROCESSES[name]
    params = fit(process, enough(process, seen)).params
    horizons = np.arange(1, MONTHS + 1) * DAYS_A_MONTH / DAYS_A_WEEK
    expected = [seen.weight @ process.expected_purchases(params, seen, horizon=float(each)) for each in horizons]
    return np.diff(expected, prepend=0.0)


def _between(so_far: Mapping[str, list[float]]) -> list[float]:
    if len(so_far) < 2:
        return []
    by_month = zip(*so_far.values(), strict=True)
    return [(max(each) - min(each)) * len(each) / abs(sum(each) or 1.0) for each in by_month]
