"""Customers with the same history are one row."""

from collections import Counter
from typing import Any

import numpy as np
import pytest

from models.buy_till_you_die.histories import Histories, alike


def test_alike_customers_are_one_row_in_order() -> None:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 3, 500).astype(float)
    t_x, T = np.where(x > 0, rng.integers(1, 4, 500) / 7, 0.0), rng.integers(4, 6, 500).astype(float)
    weight = rng.integers(1, 4, 500).astype(float)
    seen = Histories.of(x=x, t_x=t_x, T=T, weight=weight)
    counted: Counter[tuple[float, ...]] = Counter()
    for row, count in zip(zip(x, t_x, T, strict=True), weight, strict=True):
        counted[row] += count
    rows = list(zip(seen.x, seen.t_x, seen.T, strict=True))
    assert rows == sorted(counted)
    assert dict(zip(rows, seen.weight, strict=True)) == counted
    for place, row in enumerate(zip(x, t_x, T, strict=True)):
        assert rows[seen.which[place]] == row
    assert seen.spread(seen.T).tolist() == T.tolist()


def test_each_kind_of_column_is_numbered() -> None:
    """Wide and narrow ranges, fractions, and more combinations than a whole number can hold."""
    rng = np.random.default_rng(1)
    wide = rng.choice(np.array([0.0, 1e18, 3.5, -2.0]), 300)
    columns = [wide, *(rng.permutation(300).astype(float) for _ in range(9)), rng.integers(0, 2, 300).astype(float)]
    first, which = alike(*columns)
    rows = [tuple(row) for row in zip(*columns, strict=True)]
    assert [rows[place] for place in first] == sorted(set(rows))
    assert all(rows[first[group]] == row for group, row in zip(which, rows, strict=True))


def test_nobody_is_no_row() -> None:
    seen = Histories.of(x=[], t_x=[], T=[])
    assert seen.x.shape == seen.weight.shape == seen.spread(seen.x).shape == (0,)


def test_another_unit_changes_times_alone() -> None:
    seen = Histories.of(x=[0, 2], t_x=[0, 7], T=[14, 21], weight=[3, 1])
    assert seen.unit == (3 * 14 + 21) / 4
    weeks = seen.per(7)
    assert (weeks.x.tolist(), weeks.t_x.tolist(), weeks.T.tolist()) == ([0, 2], [0, 1], [2, 3])
    assert Histories.of(x=[0], t_x=[0], T=[0]).unit == 1  # all joined this very instant


@pytest.mark.parametrize(
    ("words", "x", "t_x", "T"),
    [
        (r"1 of 3 customers \(first: row 1\) have a null", [1, np.nan, 0], [1, 1, 0], [2, 2, 2]),
        ("null or infinite", [1], [1], [np.inf]),
        ("no count of repeat purchase days", [1.5], [1], [2]),
        ("no count of repeat purchase days", [-1], [0], [2]),
        (r"t_x outside 0 … T", [1], [3], [2]),
        (r"t_x outside 0 … T", [1], [-1], [2]),
        ("x = 0 with t_x above 0", [0], [1], [2]),
    ],
)
def test_histories_that_cannot_be_are_refused(words: str, x: Any, t_x: Any, T: Any) -> None:
    with pytest.raises(ValueError, match=words):
        Histories.of(x=x, t_x=t_x, T=T)


@pytest.mark.parametrize(
    ("words", "weight"),
    [
        (r"there are 2 customers and weights of the shape \(3,\)", [1, 1, 1]),
        ("a weight that is no number from 0 on", [1, -1]),
        ("a weight that is no number from 0 on", [1, np.nan]),
        ("all weights are 0", [0, 0]),
    ],
)
def test_weights_that_cannot_be_are_refused(words: str, weight: Any) -> None:
    with pytest.raises(ValueError, match=words):
        Histories.of(x=[0, 1], t_x=[0, 1], T=[2, 2], weight=weight)
