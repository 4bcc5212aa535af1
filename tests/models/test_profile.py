"""Profiles: deciles, counts that a loop would count, and that add up."""

import json
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.profile import Cells, profile

values = st.lists(st.one_of(st.floats(), st.sampled_from([0.0, 1.0, 2.0])), max_size=60).map(np.array)


def test_a_hundred_different_values_make_ten_equal_cells() -> None:
    cells = Cells.of(np.arange(100.0))
    assert cells.edges.tolist() == [9, 19, 29, 39, 49, 59, 69, 79, 89]
    assert cells.counts.tolist() == [10] * 10
    assert (cells.missing, cells.rows) == (0, 100)


def test_a_value_that_many_share_is_one_edge() -> None:
    cells = Cells.of(np.array([0.0] * 80 + [5.0] * 20))
    assert cells.edges.tolist() == [0, 5]
    assert cells.counts.tolist() == [80, 20, 0]


def test_nulls_and_infinities_are_missing() -> None:
    cells = Cells.of(np.array([1.0, np.nan, np.inf, -np.inf, 1.0]))
    assert (cells.edges.tolist(), cells.counts.tolist(), cells.missing) == ([1], [2, 0], 3)
    assert cells.rows == 5


@pytest.mark.parametrize("column", [[], [np.nan, np.nan]])
def test_a_column_of_nothing_has_one_empty_cell(column: list[float]) -> None:
    cells = Cells.of(np.array(column))
    assert (cells.edges.tolist(), cells.counts.tolist(), cells.missing) == ([], [0], len(column))
    assert cells.count(np.array([3.0])).counts.tolist() == [1]


def test_an_edge_belongs_to_the_cell_below_it() -> None:
    cells = Cells(np.array([1.0, 2.0]), np.zeros(3, dtype=np.int64), 0)
    assert cells.count(np.array([0.5, 1.0, 1.5, 2.0, 2.5])).counts.tolist() == [2, 2, 1]


@settings(derandomize=True, deadline=None)
@given(values, values)
def test_counts_are_those_of_a_loop(reference: np.ndarray, column: np.ndarray) -> None:
    cells = Cells.of(reference).count(column)
    present = [value for value in column if np.isfinite(value)]
    bounds = [-np.inf, *cells.edges.tolist(), np.inf]
    expected = [sum(low < value <= high for value in present) for low, high in pairwise(bounds)]
    assert cells.counts.tolist() == expected
    assert cells.missing == len(column) - len(present)
    assert cells.rows == len(column)


@settings(derandomize=True, deadline=None)
@given(values, values)
def test_counts_of_two_periods_add_up_and_do_not_change_the_cells(one: np.ndarray, other: np.ndarray) -> None:
    cells = Cells.of(one)
    both, again = cells.count(np.concatenate([one, other])), cells.count(other)
    assert both.counts.tolist() == (cells.counts + again.counts).tolist()
    assert both.missing == cells.missing + again.missing
    assert both.edges.tolist() == cells.edges.tolist() == sorted(set(cells.edges.tolist()))


@settings(derandomize=True, deadline=None)
@given(values)
def test_cells_survive_json(column: np.ndarray) -> None:
    cells = Cells.of(column)
    again = Cells.restore(json.loads(json.dumps(cells.state())))
    assert again.state() == cells.state()
    assert (again.counts.dtype, again.edges.dtype) == (cells.counts.dtype, np.dtype(float))


def test_a_profile_has_a_column_each() -> None:
    table = pd.DataFrame({"a": pd.array([1, None, 3], dtype="Int64"), "b": [True, False, True]})
    made = profile(table)
    assert list(made) == ["a", "b"]
    assert (made["a"].missing, made["b"].missing) == (1, 0)
    assert made["b"].counts.tolist() == [1, 2, 0]


TEXT = pd.Series(["gold"] * 12 + ["iron"] * 30 + ["rare"] * 2 + [None] * 6, dtype="str")


def test_text_has_a_cell_a_level_and_one_for_the_rest() -> None:
    cells = Cells.of(TEXT)
    assert cells.levels == ("gold", "iron")
    assert (cells.counts.tolist(), cells.missing, cells.rows) == ([12, 30, 2], 6, 50)
    later = cells.count(pd.Series(["iron", "new", None, "gold", "never", "iron"], dtype=object))
    assert (later.counts.tolist(), later.missing, later.levels) == ([1, 2, 2], 1, ("gold", "iron"))


def test_text_survives_json_and_numbers_have_the_state_that_they_had() -> None:
    cells = Cells.of(TEXT)
    assert cells.state() == {"levels": ["gold", "iron"], "counts": [12, 30, 2], "missing": 6}
    again = Cells.restore(json.loads(json.dumps(cells.state())))
    assert again.state() == cells.state()
    assert again.count(TEXT).counts.tolist() == cells.counts.tolist()
    assert Cells.of(np.array([1.0, 1.0])).state() == {"edges": [1.0], "counts": [2, 0], "missing": 0}


@pytest.mark.parametrize("column", [pd.Series([], dtype="str"), pd.Series([None, None], dtype="str")])
def test_text_of_nothing_has_one_empty_cell(column: pd.Series) -> None:
    cells = Cells.of(column)
    assert (cells.levels, cells.counts.tolist(), cells.missing) == ((), [0], len(column))


def test_a_series_of_numbers_counts_as_its_values() -> None:
    column = pd.Series([1, None, 3, 3], dtype="Int64")
    assert Cells.of(column).state() == Cells.of(np.array([1, np.nan, 3, 3])).state()


def test_a_profile_takes_text_beside_numbers() -> None:
    made = profile(pd.DataFrame({"plan": TEXT, "score": np.arange(50.0)}))
    assert made["plan"].counts.tolist() == [12, 30, 2]
    assert made["score"].levels is None
    assert made["score"].counts.tolist() == [5] * 10
