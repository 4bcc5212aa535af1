"""Lanes: what a loop over them would say, bit for bit."""

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numba import njit
from numba.core.errors import TypingError

from models.trees.lanes import put, taken, total, zeros

COUNTS = [1, 2, 3, 4, 8, 12]
OPERATIONS: list[Callable[[Any, Any], Any]] = [operator.add, operator.sub, operator.mul]
PLACE = 3
DRAWN = np.random.default_rng(0).normal(size=(2, 40)) * 10.0 ** np.arange(-20, 20)


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_lanes_are_what_a_loop_makes_of_each(operation: Callable[[Any, Any], Any], count: int) -> None:
    @njit
    def asked(one: Any, other: Any, number: float, place: int, out: Any) -> None:
        none = zeros(count)
        left, right = taken(one, place, none), taken(other, place, none)
        put(out[0], place, operation(left, right))
        put(out[1], place, operation(left, number))
        put(out[2], place, operation(number, right))

    one, other = DRAWN
    out = np.full((3, 40), 7.0)
    asked(one, other, 0.1, np.uint64(PLACE), out)
    there = slice(PLACE, PLACE + count)
    expected = np.full((3, 40), 7.0)
    expected[:, there] = [operation(a, b)[there] for a, b in ((one, other), (one, 0.1), (0.1, other))]
    assert out.tobytes() == expected.tobytes()


@pytest.mark.parametrize("array", [np.zeros(9, dtype=np.float32), np.zeros((3, 3)), np.zeros(18)[::2]])
def test_lanes_are_of_plain_arrays_of_doubles(array: Any) -> None:
    @njit
    def asked(values: Any) -> float:
        return total(taken(values, np.uint32(0), zeros(2)))  # type: ignore[no-any-return]  # Numba's

    with pytest.raises(TypingError, match="lanes are of plain arrays of doubles, not of array"):
        asked(array)


@pytest.mark.parametrize("count", COUNTS)
def test_a_total_adds_one_after_the_other(count: int) -> None:
    @njit
    def asked(values: Any) -> float:
        return total(taken(values, np.uint32(0), zeros(count)))  # type: ignore[no-any-return]  # Numba's

    expected = 0.0
    for value in DRAWN[0, :count]:
        expected += value
    assert asked(DRAWN[0]) == expected


@pytest.mark.parametrize("count", COUNTS)
def test_zeros_are_zeros_and_a_number_counts_in_each(count: int) -> None:
    @njit
    def asked(out: Any) -> None:
        put(out, np.uint64(0), zeros(count))
        put(out, np.uint64(20), zeros(count) + 1)

    out = np.full(40, np.nan)
    asked(out)
    assert out[:count].tolist() == [0.0] * count
    assert out[20 : 20 + count].tolist() == [1.0] * count
    assert np.isnan(out).sum() == 40 - 2 * count
