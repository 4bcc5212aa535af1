"""AUCs and means by value against loops over all pairs and rows."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.ranked import FOLDS, Ranked, auc


def slow_auc(values: list[float], labels: list[float]) -> float:
    """Compare every 1 with every 0."""
    ones = [value for value, label in zip(values, labels, strict=True) if label == 1]
    zeros = [value for value, label in zip(values, labels, strict=True) if label == 0]
    if not ones or not zeros:
        return math.nan
    wins = sum((one > zero) + (one == zero) / 2 for one in ones for zero in zeros)
    return wins / (len(ones) * len(zeros))


def test_auc_by_hand() -> None:
    labels = np.array([0.0, 0.0, 1.0, 1.0])
    assert auc(np.array([1.0, 2.0, 3.0, 4.0]), labels) == 1
    assert auc(np.array([4.0, 3.0, 2.0, 1.0]), labels) == 0
    assert auc(np.array([1.0, 1.0, 1.0, 1.0]), labels) == 0.5
    assert auc(np.array([1.0, 3.0, 2.0, 4.0]), labels) == 0.75
    assert auc(np.array([1.0, 2.0, 2.0, 4.0]), labels) == 0.875
    assert math.isnan(auc(np.array([1.0, 2.0]), np.array([1.0, 1.0])))


@settings(derandomize=True, max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([-1.5, 0.0, 0.5, 2.0, 9.0]), st.sampled_from([0.0, 1.0])), min_size=1))
def test_auc_is_that_of_all_pairs(rows: list[tuple[float, float]]) -> None:
    values, labels = (list(each) for each in zip(*rows, strict=True))
    assert auc(np.array(values), np.array(labels)) == pytest.approx(slow_auc(values, labels), abs=1e-12, nan_ok=True)


def test_a_column_of_numbers_is_ranked_where_it_is_known() -> None:
    column = pd.Series([3.0, np.nan, 1.0, np.inf, 3.0])
    ranked = Ranked.of("x", column, np.array([1.0, 1.0, 0.0, 0.0, 0.0]))
    assert not ranked.text
    assert ranked.known.tolist() == [True, False, True, False, True]
    assert (ranked.distinct.tolist(), ranked.rows.tolist(), ranked.ones.tolist()) == ([1, 3], [1, 2], [0, 1])
    assert ranked.labels.tolist() == [1, 0, 0]
    assert ranked.where == " among the 3 rows where it is known"
    whole = Ranked.of("x", pd.Series([1, 2, 2], dtype="Int64"), np.array([1.0, 1.0, 0.0]))
    assert (whole.rows.tolist(), whole.where) == ([1, 2], "")


@pytest.mark.parametrize("dtype", [pd.StringDtype(na_value=np.nan), np.dtype(object), pd.CategoricalDtype()])
def test_a_column_of_text_is_counted_by_value(dtype: Any) -> None:
    column = pd.Series(["b", None, "a", "b"], dtype=dtype)
    ranked = Ranked.of("x", column, np.array([1.0, 1.0, 0.0, 0.0]))
    assert ranked.text
    assert dict(zip(ranked.distinct, ranked.rows, strict=True)) == {"b": 2, "a": 1}
    assert dict(zip(ranked.distinct, ranked.ones, strict=True)) == {"b": 1, "a": 0}
    assert ranked.known.tolist() == [True, False, True, True]


def test_columns_of_nulls_alone() -> None:
    for column in (pd.Series([np.nan, np.nan]), pd.Series([None, None], dtype="str")):
        ranked = Ranked.of("x", column, np.array([1.0, 0.0]))
        assert not ranked.known.any()
        assert len(ranked.rows) == 0


def test_means_of_a_value_leave_out_the_rows_own_fold() -> None:
    generator = np.random.default_rng(5)
    values, labels = generator.choice(["a", "b", "c"], 200), generator.integers(0, 2, 200).astype(float)
    folds = generator.integers(0, FOLDS, 200)
    found = Ranked.of("x", pd.Series(values), labels).means_elsewhere(folds)
    for row in range(200):
        others = [
            label for v, label, f in zip(values, labels, folds, strict=True) if v == values[row] and f != folds[row]
        ]
        assert found[row] == pytest.approx((sum(others) + 10 * labels.mean()) / (len(others) + 10))
