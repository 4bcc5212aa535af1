"""Metrics of predictions on later cutoffs, with intervals over customers."""

from collections.abc import Callable, Iterator

import pandas as pd

from models.contract import TargetKind
from models.metrics import Metric, metrics_of
from models.metrics.bootstrap import interval

POOLED = "all"
"""The name under which all test cutoffs together are reported."""

Measured = Iterator[tuple[str, float, float, float]]
"""Metrics of some rows: name, value, and the low and high end of its interval."""


def by_cutoff(rows: pd.DataFrame, measure: Callable[[pd.DataFrame], Measured]) -> pd.DataFrame:
    """Measure rows per cutoff and pooled: cutoff (ISO text, or `all`), metric, value, low, high."""
    parts = [(f"{cutoff:%Y-%m-%d}", part) for cutoff, part in rows.groupby("cutoff", sort=True)]
    if len(parts) > 1:
        parts.append((POOLED, rows))
    told = [(cutoff, *each) for cutoff, part in parts for each in measure(part)]
    table = pd.DataFrame(told, columns=["cutoff", "metric", "value", "low", "high"])
    return table if len(parts) > 1 else pd.concat([table, table.assign(cutoff=POOLED)], ignore_index=True)


def evaluate(scored: pd.DataFrame, *, kind: TargetKind, draws: int = 100, seed: int = 0) -> pd.DataFrame:
    """Measure predictions `by_cutoff`, with 95 % bootstrap intervals over customers.

    `scored` has customer_id, cutoff, (category,) actual and score.
    """
    metrics = metrics_of(kind, "category" in scored)
    return by_cutoff(scored, lambda part: _measured(part, metrics, draws=draws, seed=seed))


def _measured(part: pd.DataFrame, metrics: list[Metric], *, draws: int, seed: int) -> Measured:
    actual, score = part["actual"].to_numpy(dtype=float), part["score"].to_numpy(dtype=float)
    customers = part["customer_id"].to_numpy()
    lists = part.groupby(["customer_id", "cutoff"], sort=False).ngroup().to_numpy()
    for metric in metrics:
        low, high = interval(metric, actual, score, customers=customers, groups=lists, draws=draws, seed=seed)
        yield metric.name, metric(actual, score, lists), low, high
