"""Levels of text: what is text, which levels are kept, and where a value goes."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.levels import FEWEST, MOST, Levels, is_text


def column(**counts: int) -> pd.Series:
    return pd.Series([name for name, count in counts.items() for _ in range(count)], dtype="str")


@pytest.mark.parametrize(
    ("values", "dtype", "text"),
    [
        (["a", None], "str", True),
        ([None, None], "str", True),
        (["a", None], object, True),
        ([1, 2], "category", True),
        ([True, False, None], object, True),
        ([1, "a"], object, True),
        ([1, None], object, False),
        ([1.5, 2], object, False),
        ([None, None], object, False),
        ([True, False], bool, False),
        ([True, None], "boolean", False),
        ([1, None], "Int64", False),
        ([1.0, None], float, False),
    ],
)
def test_what_is_text(values: list[Any], dtype: Any, text: bool) -> None:
    assert is_text(pd.Series(values, dtype=dtype)) is text


def test_levels_are_sorted_and_rare_ones_pooled() -> None:
    levels = Levels.of(column(rare=FEWEST - 1, wine=FEWEST, bread=30))
    assert levels == Levels(("bread", "wine"), rare=True, nulls=False)
    seen = pd.Series(["wine", "bread", "rare", "new", None], dtype="str")
    assert levels.codes(seen).tolist() == [1, 0, 2, 2, -1]
    assert levels.labels == ["bread", "wine", "(other)"]
    assert levels.one_hot(seen).tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 1], [0, 0, 1], [0, 0, 0]]


def test_without_rare_ones_a_new_level_is_no_level_and_nulls_are_one_where_training_had_them() -> None:
    levels = Levels.of(pd.concat([column(a=FEWEST, b=FEWEST), pd.Series([None], dtype="str")]))
    assert levels == Levels(("a", "b"), rare=False, nulls=True)
    assert levels.labels == ["a", "b", "(null)"]
    assert levels.one_hot(pd.Series(["b", "new", None])).tolist() == [[0, 1, 0], [0, 0, 0], [0, 0, 1]]


def test_of_many_levels_the_most_frequent_are_kept_and_of_two_as_frequent_the_first() -> None:
    counts = {f"level {number:02}": FEWEST + (number == MOST + 4) for number in range(MOST + 5)}
    levels = Levels.of(column(**counts))
    assert list(levels.names) == [*(f"level {number:02}" for number in range(MOST - 1)), f"level {MOST + 4:02}"]
    assert levels.rare


@pytest.mark.parametrize("nothing", [[], [None], [np.nan, None]])
def test_a_column_of_nothing_has_no_levels(nothing: list[Any]) -> None:
    levels = Levels.of(pd.Series(nothing, dtype="str"))
    assert levels == Levels((), rare=False, nulls=bool(nothing))
    assert levels.one_hot(pd.Series(["a", None])).tolist() == ([[0.0], [1.0]] if nothing else [[], []])


def test_a_value_counts_as_the_text_it_reads_as() -> None:
    levels = Levels.of(pd.Series([1, 2] * FEWEST, dtype="category"))
    assert levels.names == ("1", "2")
    assert levels.codes(pd.Series(["2", 2, 1, "1"], dtype=object)).tolist() == [1, 1, 0, 0]


texts = st.lists(st.sampled_from(["a", "b", "c", None]), max_size=60).map(lambda values: pd.Series(values, dtype="str"))


@settings(derandomize=True, deadline=None)
@given(texts, texts)
def test_codes_are_those_of_a_loop_and_survive_json(reference: pd.Series, other: pd.Series) -> None:
    levels = Levels.of(reference)
    present = [value for value in reference if isinstance(value, str)]
    kept = [name for name in ("a", "b", "c") if present.count(name) >= FEWEST]
    assert list(levels.names) == kept
    assert levels.rare == any(name not in kept for name in present)
    assert levels.nulls == (len(present) < len(reference))
    places = [(kept.index(value) if value in kept else len(kept)) if isinstance(value, str) else -1 for value in other]
    assert levels.codes(other).tolist() == places
    again = Levels.restore(json.loads(json.dumps(levels.state())))
    assert again == levels
    hot = levels.one_hot(other)
    for row, place in zip(hot, places, strict=True):
        label = "(null)" if place < 0 else [*kept, "(other)"][place]
        assert row.tolist() == [float(each == label) for each in levels.labels]
