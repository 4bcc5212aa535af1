"""Metrics of predictions part by part (a cutoff, a repeat), with intervals over customers."""

from collections.abc import Iterator

import pandas as pd

from models.contract import TargetKind
from models.metrics import Metric, metrics_of
from models.metrics.bootstrap import interval

POOLED = "all"
"""The name under which all parts together are reported."""

Measured = Iterator[tuple[str, float, float, float]]
"""Metrics of some rows: name, value, and the low and high end of its interval."""


def evaluate(scored: pd.DataFrame, *, kind: TargetKind, draws: int = 100, seed: int = 0) -> pd.DataFrame:
    """Measure predictions part by part and pooled, with 95 % bootstrap intervals over customers.

    `scored` has customer_id, cutoff, (category,) part, actual and score. Gives part (or `all`), metric, value, low and
    high. A customer who is there in several parts is one customer of the pooled rows.
    """
    metrics = metrics_of(kind, "category" in scored)
    parts = [(str(part), rows) for part, rows in scored.groupby("part", sort=False)]
    told = [(part, *each) for part, rows in parts for each in _measured(rows, metrics, draws=draws, seed=seed)]
    table = pd.DataFrame(told, columns=["part", "metric", "value", "low", "high"])
    pooled = [(POOLED, *each) for each in _measured(scored, metrics, draws=draws, seed=seed)] if len(parts) > 1 else []
    whole = pd.DataFrame(pooled, columns=table.columns) if pooled else table.assign(part=POOLED)
    return pd.concat([table, whole], ignore_index=True)


def _measured(part: pd.DataFrame, metrics: list[Metric], *, draws: int, seed: int) -> Measured:
    actual, score = part["actual"].to_numpy(dtype=float), part["score"].to_numpy(dtype=float)
    customers = part["customer_id"].to_numpy()
    lists = part.groupby(["customer_id", "cutoff", "part"], sort=False).ngroup().to_numpy()
    for metric in metrics:
        low, high = interval(metric, actual, score, customers=customers, groups=lists, draws=draws, seed=seed)
        yield metric.name, metric(actual, score, lists), low, high
