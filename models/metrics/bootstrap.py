"""How far a metric would move with other customers."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.metrics.inputs import codes, numbers
from models.metrics.registry import Metric

Rows = NDArray[np.intp]
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Paired:
    """A metric of one prediction minus that of another, on the same rows, and the interval of the difference.

    An interval that holds 0 does not tell the two apart.
    """

    difference: float
    low: float
    high: float


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
    _check(draws, level)
    sample = _sample(metric, actual, predicted, customers=customers, groups=groups)
    return _percentiles(_drawn(metric, sample, draws=draws, seed=seed), level)


def paired(
    metric: Metric,
    actual: ArrayLike,
    first: ArrayLike,
    second: ArrayLike,
    *,
    customers: ArrayLike,
    draws: int = 200,
    seed: int = 0,
    level: float = 0.95,
    groups: ArrayLike | None = None,
) -> Paired:
    """Compare two predictions of the same rows: metric(first) − metric(second), with its interval over customers.

    Both are measured on the same drawn customers, so that what makes a sample easy or hard for both drops out: the
    interval of the difference is narrower than the intervals of the two would suggest. All else is as for `interval`.
    """
    _check(draws, level)
    samples = [_sample(metric, actual, each, customers=customers, groups=groups) for each in (first, second)]
    drawn = [_drawn(metric, each, draws=draws, seed=seed) for each in samples]
    return Paired(samples[0].value - samples[1].value, *_percentiles(drawn[0] - drawn[1], level))


@dataclass(frozen=True)
class _Sample:
    """A metric's value and its rows, in the order of prediction: each draw sorts them again in a fraction of time."""

    value: float
    actual: Values
    predicted: Values
    customers: Rows
    lists: Rows


def _check(draws: int, level: float) -> None:
    if draws < 1 or not 0 < level < 1:
        raise ValueError(f"an interval needs at least 1 draw and a level between 0 and 1; got {draws} and {level}")


def _sample(
    metric: Metric, actual: ArrayLike, predicted: ArrayLike, *, customers: ArrayLike, groups: ArrayLike | None
) -> _Sample:
    actual, predicted = numbers(actual, predicted)
    cluster = codes("customers", customers, len(actual))
    group = cluster if groups is None else _lists(codes("groups", groups, len(actual)), cluster)
    value, order = metric(actual, predicted, group), np.argsort(predicted)
    return _Sample(value, actual[order], predicted[order], cluster[order], group[order])


def _drawn(metric: Metric, sample: _Sample, *, draws: int, seed: int) -> Values:
    """Measure each resample of a sample; the same seed draws the same customers whatever is predicted for them.

    All is NaN if the metric of the sample is, or there is only one customer. Rows that went through the metric's door
    once are not checked in every draw.
    """
    if np.isnan(sample.value) or sample.customers.max() == 0:
        return np.full(draws, np.nan)
    lists = int(sample.lists.max()) + 1
    values = []
    for rows, copy in resamples(sample.customers, draws, seed):
        columns = [sample.actual[rows], sample.predicted[rows]]
        grouping = [sample.lists[rows] + lists * copy] if metric.grouped else []
        values.append(metric.function(*columns, *grouping))
    return np.array(values)


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


def _percentiles(values: Values, level: float) -> tuple[float, float]:
    defined = values[~np.isnan(values)]
    if not defined.size:
        return float("nan"), float("nan")
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
