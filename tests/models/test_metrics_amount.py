"""Metrics of counts and amounts against numbers by hand, areas under a curve and laws."""

import math
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.metrics import METRICS

gini, bias, mae, rmse = (METRICS[name] for name in ("normalised_gini", "aggregate_bias", "mae", "rmse"))


def slow_area(ordered: list[float]) -> float:
    """Area between the diagonal and the curve of the cumulative sum, by trapezoids, times the sum."""
    n, total, height, area = len(ordered), sum(ordered), 0.0, 0.0
    for each in ordered:
        area += (height + height + each) / 2 / n
        height += each
    return total / 2 - area


def slow_gini(actual: list[float], predicted: list[float]) -> float:
    """Mean over every row order: sorting is stable, so tied rows come in every order."""
    areas = [
        slow_area([y for y, _ in sorted(rows, key=lambda row: row[1])])
        for rows in permutations(list(zip(actual, predicted, strict=True)))
    ]
    return sum(areas) / len(areas) / slow_area(sorted(actual))


def test_gini_by_hand() -> None:
    # Perfect order 0, 1, 3: covariance with the ranks (0·−1 + 1·0 + 3·1) = 3; the order 1, 0, 3 gives −1 + 0 + 3 = 2.
    assert gini([0, 1, 3], [2, 1, 5]) == pytest.approx(2 / 3)
    assert gini([0, 1, 3], [1, 1, 5]) == pytest.approx(2.5 / 3)  # the tie shares: 0.5, 0.5, 3
    assert gini([0, 1, 3], [4, 4, 4]) == pytest.approx(0.0)
    assert gini([0, 0, 0, 8], [1, 2, 3, 2.5]) == pytest.approx(1 / 3)


def test_undefined_is_nan() -> None:
    assert math.isnan(gini([0, 0, 0], [1, 2, 3]))
    assert math.isnan(gini([0.1, 0.1, 0.1], [1, 2, 3]))  # nothing to rank
    assert math.isnan(bias([0, 0], [1, 2]))
    assert math.isnan(bias([-3, 1], [1, 2]))  # more returned than bought


def test_bias_by_hand() -> None:
    assert bias([100, 0, 100], [50, 60, 100]) == pytest.approx(0.05)
    assert bias([100, 100], [80, 70]) == pytest.approx(-0.25)
    assert bias([1, 2], [0, 0]) == -1.0
    assert bias([-1, 5], [3, 3]) == pytest.approx(0.5)


def test_errors_by_hand() -> None:
    assert mae([1, 2, 3], [2, 2, 1]) == pytest.approx(1.0)
    assert rmse([1, 2, 3], [2, 2, 1]) == pytest.approx(math.sqrt(5 / 3))


@settings(derandomize=True, max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(-2, 9), st.integers(0, 3)), min_size=2, max_size=6))
def test_gini_is_the_quotient_of_the_areas_over_every_order_of_the_ties(rows: list[tuple[int, int]]) -> None:
    actual, predicted = [float(y) for y, _ in rows], [float(p) for _, p in rows]
    value = gini(actual, predicted)
    if len(set(actual)) == 1:
        assert math.isnan(value)
    else:
        assert value == pytest.approx(slow_gini(actual, predicted), abs=1e-12)


@settings(derandomize=True, max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 5)), min_size=2, max_size=30))
def test_gini_of_zeros_and_ones_is_twice_the_auc_less_1(rows: list[tuple[int, int]]) -> None:
    actual, predicted = zip(*rows, strict=True)
    auc = METRICS["roc_auc"](actual, predicted)
    assert gini(actual, predicted) == pytest.approx(2 * auc - 1, nan_ok=True, abs=1e-12)


def test_laws_of_gini() -> None:
    rng = np.random.default_rng(0)
    predicted = rng.integers(1, 100, 500).astype(float)
    actual = np.where(rng.random(500) < 0.4, predicted * rng.gamma(1, 30, 500), 0)
    value = gini(actual, predicted)
    assert 0 < value < 1
    assert gini(actual, np.log(predicted)) == gini(actual, predicted**3) == value
    assert gini(actual * 100, predicted) == pytest.approx(value)
    assert gini(actual + 1000, predicted) == pytest.approx(value)
    assert gini(actual, -predicted) == pytest.approx(-value)
    assert gini(np.tile(actual, 2), np.tile(predicted, 2)) == pytest.approx(value)
    assert gini(actual, actual) == pytest.approx(1.0)
    assert gini(actual, -actual) == pytest.approx(-1.0)


def test_laws_of_errors() -> None:
    rng = np.random.default_rng(1)
    actual, predicted = rng.gamma(1, 30, 500), rng.gamma(1, 30, 500)
    assert mae(actual, actual) == rmse(actual, actual) == bias(actual, actual) == 0
    assert mae(actual, predicted) < rmse(actual, predicted)
    assert bias(actual, 1.2 * actual) == pytest.approx(0.2)
    for each in (mae, rmse):
        assert each(100 * actual, 100 * predicted) == pytest.approx(100 * each(actual, predicted))
        assert each(predicted, actual) == pytest.approx(each(actual, predicted))
    assert bias(100 * actual, 100 * predicted) == pytest.approx(bias(actual, predicted))
