"""Metrics of predictions on later cutoffs, with intervals over customers."""

from collections.abc import Iterator

import pandas as pd

from models.contract import TargetKind
from models.metrics import Metric, metrics_of
from models.metrics.bootstrap import interval

POOLED = "all"
"""The name under which all test cutoffs together are reported."""


def evaluate(scored: pd.DataFrame, *, kind: TargetKind, draws: int = 200, seed: int = 0) -> pd.DataFrame:
    """Measure predictions per test cutoff and pooled.

    `scored` has customer_id, cutoff, (category,) actual and score. Gives cutoff (ISO text, or `all`), metric, value,
    and low and high: a 95 % bootstrap interval over customers.
    """
    metrics = metrics_of(kind, "category" in scored)
    parts = [(f"{cutoff:%Y-%m-%d}", part) for cutoff, part in scored.groupby("cutoff", sort=True)]
    columns = ["cutoff", "metric", "value", "low", "high"]
    measured = [
        pd.DataFrame(_measured(name, part, metrics, draws=draws, seed=seed), columns=columns)
        for name, part in (parts if len(parts) == 1 else [*parts, (POOLED, scored)])
    ]
    pooled = [measured[0].assign(cutoff=POOLED)] if len(parts) == 1 else []
    return pd.concat([*measured, *pooled], ignore_index=True)


def _measured(
    name: str, part: pd.DataFrame, metrics: list[Metric], *, draws: int, seed: int
) -> Iterator[tuple[str, str, float, float, float]]:
    actual, score = part["actual"].to_numpy(dtype=float), part["score"].to_numpy(dtype=float)
    customers = part["customer_id"].to_numpy()
    lists = part.groupby(["customer_id", "cutoff"], sort=False).ngroup().to_numpy()
    for metric in metrics:
        value = metric(actual, score, lists)
        low, high = interval(metric, actual, score, customers=customers, groups=lists, draws=draws, seed=seed)
        yield name, metric.name, value, low, high
