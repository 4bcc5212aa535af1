"""How far a metric would move with other customers."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.metrics.inputs import codes, numbers
from models.metrics.registry import Metric

Rows = NDArray[np.intp]


def resamples(customers: Rows, draws: int, seed: int) -> Iterator[tuple[Rows, Rows]]:
    """Draw as many customers as there are, with replacement, `draws` times; all rows of a customer come along.

    `customers` are whole numbers from 0, one a row. Each draw gives the chosen rows in ascending order and, for each,
    which copy of its customer it belongs to (0, 1, …).
    """
    rng = np.random.default_rng(seed)
    known = int(customers.max()) + 1
    for _ in range(draws):
        times = np.bincount(rng.integers(known, size=known), minlength=known)[customers]
        rows = np.repeat(np.arange(len(customers)), times)
        first = np.cumsum(times) - times
        yield rows, np.arange(len(rows)) - first[rows]


def interval(
    metric: Metric,
    actual: ArrayLike,
    predicted: ArrayLike,
    *,
    customers: ArrayLike,
    draws: int = 200,
    seed: int = 0,
    level: float = 0.95,
    groups: ArrayLike | None = None,
) -> tuple[float, float]:
    """Give a metric's percentile bootstrap interval over customers (Efron & Tibshirani 1993, chapter 13).

    Whole customers are drawn, because the rows of one are not independent of each other; one that is drawn twice
    counts as two. `customers` holds an id a row. `groups` names the ranked lists of a grouped metric where a customer
    has several (at several cutoffs, say); by default the customers are the lists. Draws in which the metric is
    undefined are left out. The row order does not matter. A metric that noise pushes one way (`ece`: upwards) has an
    interval that lies off its value and may not hold it. Both ends are NaN if the metric itself is, or if there is
    only one customer. `ValueError` as for the metric; if `draws` < 1 or `level` is outside (0, 1); or if a group
    spans two customers.
    """
    if draws < 1 or not 0 < level < 1:
        raise ValueError(f"an interval needs at least 1 draw and a level between 0 and 1; got {draws} and {level}")
    actual, predicted = numbers(actual, predicted)
    cluster = codes("customers", customers, len(actual))
    group = cluster if groups is None else _lists(codes("groups", groups, len(actual)), cluster)
    if np.isnan(metric(actual, predicted, group)) or cluster.max() == 0:
        return float("nan"), float("nan")
    order = np.argsort(predicted)  # rows that come sorted are sorted again in a fraction of the time, each draw
    actual, predicted, cluster, group = actual[order], predicted[order], cluster[order], group[order]
    lists = int(group.max()) + 1
    values = [
        metric(actual[rows], predicted[rows], group[rows] + lists * copy if metric.grouped else None)
        for rows, copy in resamples(cluster, draws, seed)
    ]
    return _percentiles(np.array(values), level)


def _lists(group: Rows, cluster: Rows) -> Rows:
    """Give the groups back; one that spans two customers is a `ValueError`."""
    owner = np.empty(int(group.max()) + 1, dtype=np.intp)
    owner[group] = cluster
    shared = np.flatnonzero(owner[group] != cluster)
    if shared.size:
        raise ValueError(
            f"{shared.size} rows are in a group with rows of another customer; a ranked list is of one customer"
        )
    return group


def _percentiles(values: NDArray[np.float64], level: float) -> tuple[float, float]:
    defined = values[~np.isnan(values)]
    if not defined.size:
        return float("nan"), float("nan")
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
