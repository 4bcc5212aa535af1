"""The loops that make numbers of events, by hand: each row asked has the events `[lo, hi)`."""

import math
import statistics
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from features.engine.kernel import loops

NAN = math.nan
Bounds = list[tuple[int, int]]
Floats = npt.NDArray[np.float64]


def ints(*values: int) -> npt.NDArray[np.int64]:
    return np.array(values, np.int64)


def ran(loop: Any, *arrays: Any, bounds: Bounds, last: tuple[Any, ...] = (), dtype: type = np.float64) -> list[Any]:
    """Run a loop over rows asked, into memory that held something else."""
    lo, hi = (ints(*column) for column in zip(*bounds, strict=True))
    out: npt.NDArray[Any] = np.full(len(bounds), NAN if dtype is np.float64 else 77, dtype)
    loop(*arrays, lo, hi, *last[:-1], out, *last[-1:])
    answers: list[Any] = out.tolist()
    return answers


def valid(*given: int) -> npt.NDArray[np.bool_]:
    return np.array(given, np.bool_)


# Sums


@pytest.mark.parametrize("dtype", [np.int64, np.int8, np.bool_, np.float64])
def test_sums_go_on_while_events_begin_alike_and_begin_anew_where_they_do_not(dtype: type) -> None:
    data: npt.NDArray[Any] = np.array([1, 1, 0, 1, 1], dtype)
    bounds = [(0, 0), (0, 2), (0, 2), (0, 3), (1, 3), (1, 4), (3, 3), (3, 5)]
    out = np.float64 if dtype is np.float64 else np.int64
    assert ran(loops.total, data, bounds=bounds, dtype=out) == [0, 2, 2, 2, 1, 2, 0, 2]


def test_what_lay_in_memory_before_is_no_part_of_a_sum() -> None:
    assert ran(loops.total, np.array([1.5, 2.0]), bounds=[(0, 2), (0, 2)]) == [3.5, 3.5]


def test_the_infinite_sum_of_one_is_not_the_next_ones() -> None:
    assert ran(loops.total, np.array([np.inf, 1.0, NAN, 2.0]), bounds=[(0, 1), (1, 2), (3, 4)]) == [math.inf, 1, 2]


def test_whole_numbers_are_added_exactly() -> None:
    assert ran(loops.total, ints(2**61, 3, -(2**61)), bounds=[(0, 3)], dtype=np.int64) == [3]


def test_the_volume_is_that_of_the_busiest_entity() -> None:
    assert loops.volume(ints(-3, 4, 5, -1), ints(0, 2, 2, 4)) == 7
    assert loops.volume(ints(), ints(0)) == 0
    assert loops.volume(ints(-(2**62), -(2**62)), ints(0, 2)) == 2.0**63


# Extremes, and what is picked


@pytest.mark.parametrize(("greatest", "expected"), [(True, [NAN, NAN, 5, 5, -2]), (False, [NAN, NAN, 5, 3, -2])])
def test_extremes_are_of_valid_values(greatest: bool, expected: list[float]) -> None:
    data, given = ints(9, 5, 3, -2, -7), valid(0, 1, 1, 1, 0)
    bounds = [(0, 0), (0, 1), (0, 2), (0, 3), (3, 5)]
    actual = ran(loops.extreme, data, given, bounds=bounds, last=(greatest,))
    np.testing.assert_array_equal(actual, expected)


@pytest.mark.parametrize("greatest", [True, False])
def test_there_is_no_extreme_where_nothing_is_valid(greatest: bool) -> None:
    assert ran(loops.extreme, ints(1, 2), valid(0, 0), bounds=[(0, 2)], last=(greatest,)) == [
        pytest.approx(NAN, nan_ok=True)
    ]


def test_an_extreme_is_not_the_one_of_the_entity_before() -> None:
    bounds = [(0, 2), (2, 2), (2, 3)]
    actual = ran(loops.extreme, ints(1, 9, 4), valid(1, 1, 1), bounds=bounds, last=(True,))
    np.testing.assert_array_equal(actual, [9, NAN, 4])


AT = ints(10, 10, 20, 30, 30, 30)


@pytest.mark.parametrize(
    ("given", "bounds", "first", "last"),
    [
        ((1, 1, 1, 1, 1, 1), (0, 6), 3, 8),  # of one time the least, or the greatest
        ((0, 1, 1, 1, 0, 1), (0, 6), 4, 7),
        ((0, 0, 1, 0, 0, 0), (0, 6), 5, 5),
        ((0, 0, 0, 0, 0, 0), (0, 6), NAN, NAN),
        ((1, 1, 1, 1, 1, 1), (1, 4), 4, 7),  # beyond the bounds the same time goes on
        ((1, 1, 1, 1, 1, 1), (2, 2), NAN, NAN),
        ((1, 1, 0, 0, 0, 0), (1, 6), 4, 4),
        ((0, 0, 0, 0, 1, 1), (0, 5), 8, 8),
    ],
)
def test_the_first_and_the_last_valid_value_are_picked(
    given: tuple[int, ...], bounds: tuple[int, int], first: float, last: float
) -> None:
    data = ints(3, 4, 5, 7, 8, 6)
    actual = [
        ran(loops.picked, data, valid(*given), AT, bounds=[bounds], last=(latest,))[0] for latest in (False, True)
    ]
    np.testing.assert_array_equal(actual, [first, last])


def test_the_place_of_the_first_and_last_valid_event() -> None:
    given, bounds = valid(0, 1, 1, 0, 0), [(0, 5), (0, 2), (0, 1), (2, 5), (3, 5), (5, 5)]
    for latest, expected in ((False, [1, 1, -1, 2, -1, -1]), (True, [2, 1, -1, 2, -1, -1])):
        assert ran(loops.place, given, bounds=bounds, last=(latest,), dtype=np.int64) == expected


# Deviations


@pytest.mark.parametrize("value", [0.1, 1 / 3, 1e13 + 0.1, -7e-9, 10**17 + 1])
def test_equal_values_do_not_deviate_at_all(value: float) -> None:
    data = np.array([value] * 7)
    assert ran(loops.deviation, data, valid(1, 1, 1, 1, 1, 1, 1), bounds=[(0, 7), (2, 4)]) == [0, 0]


def test_neighbours_far_from_zero_deviate_as_those_near_it() -> None:
    near = ints(1, 2, 4, 9)
    expected = statistics.stdev([1, 2, 4, 9])
    for shift in (0, 10**17, -(10**17)):
        assert ran(loops.deviation, near + shift, valid(1, 1, 1, 1), bounds=[(0, 4)]) == [
            pytest.approx(expected, rel=1e-14)
        ]


def test_a_deviation_needs_two_valid_values() -> None:
    data, given = np.array([5.0, 1.0, 99.0, 3.0]), valid(1, 1, 0, 1)
    actual = ran(loops.deviation, data, given, bounds=[(0, 0), (0, 1), (1, 3), (2, 4), (0, 2), (0, 4), (2, 3)])
    np.testing.assert_allclose(actual, [NAN, NAN, NAN, NAN, math.sqrt(8), 2.0, NAN])


# Decayed sums


def decayed(data: Any, day: list[int], asked: list[tuple[int, int, int]], half_life: int) -> list[float]:
    """Sum with weights as long as the days that events span."""
    days = np.array(day, np.int32)
    weights = loops.weights(int(days.max() - days.min()) + 1 if day else 1, half_life)
    out = np.full(len(asked), NAN)
    lo, hi, today = (ints(*column) for column in zip(*asked, strict=True))
    loops.decayed(np.asarray(data), days, lo, hi, today, half_life, weights, out)
    answers: list[Any] = out.tolist()
    return answers


def plainly(data: list[float], day: list[int], asked: list[tuple[int, int, int]], half_life: int) -> list[float]:
    return [sum(data[i] * 2 ** (-(today - day[i]) / half_life) for i in range(lo, hi)) for lo, hi, today in asked]


def test_weights_halve_with_every_half_life() -> None:
    assert loops.weights(7, 2)[::2].tolist() == [1, 0.5, 0.25, 0.125]
    assert loops.weights(1, 2).tolist() == [1]


@pytest.mark.parametrize("half_life", [1, 3, 45])
def test_decayed_sums_are_those_of_each_event_by_itself(half_life: int) -> None:
    data, day = [1.0, -2.5, 3.0, 4.0, 5.0, 6.0], [1, 1, 4, 40, 2, 2]
    asked = [(0, 0, 1), (0, 2, 2), (0, 3, 5), (0, 3, 9), (0, 4, 41), (1, 4, 41), (4, 4, 9), (4, 6, 3), (4, 6, 60)]
    actual = decayed(data, day, asked, half_life)
    np.testing.assert_allclose(actual, plainly(data, day, asked, half_life), rtol=1e-14)


def test_an_event_of_the_cutoffs_day_counts_whole() -> None:
    assert decayed([3.0], [8], [(0, 1, 8)], 5) == [3]


def test_cutoffs_far_behind_the_last_event_decay_on() -> None:
    asked = [(0, 1, 11), (0, 1, 21), (0, 1, 101)]
    assert decayed([8.0], [1], asked, 10) == [4, 2, 8 / 2**10]
    assert decayed([8.0, 8.0], [1, 2], [(0, 2, 12)], 10) == [pytest.approx(4 + 4 * 2**-0.1, rel=1e-15)]


def test_gaps_that_outlast_a_double_leave_nothing() -> None:
    assert decayed([8.0, 1.0], [0, 20_000], [(0, 1, 20_000), (0, 2, 20_000), (0, 2, 20_001)], 1) == [0, 1, 0.5]


def test_events_ahead_of_the_cutoff_grow() -> None:
    """So they do in a horizon."""
    assert decayed([1.0, 3.0], [4, 8], [(0, 1, 0), (0, 2, 0)], 4) == [2, 14]
    assert decayed([1.0], [4], [(0, 1, 0)], 4) == [2]


# Values counted


def codes(values: list[int | None], starts: list[int]) -> list[int]:
    hashes = np.array([0 if value is None else value for value in values], np.uint64)
    given = np.array([value is not None for value in values])
    numbered: list[int] = loops.localised(hashes, given, ints(*starts)).tolist()
    return numbered


def test_values_are_numbered_in_the_order_they_come_and_anew_for_each_entity() -> None:
    assert codes([7, 9, 7, None, 9, 7, 5], [0, 4, 4, 7]) == [0, 1, 0, -1, 0, 1, 2]


def test_values_whose_hashes_end_alike_are_told_apart() -> None:
    far = [3 + (number << 40) for number in range(9)]
    assert codes([*far, *far], [0, 18]) == [*range(9), *range(9)]
    assert codes([*far, 3, *far], [0, 9, 19]) == [*range(9), 0, 0, *range(1, 9)]


def test_a_hash_of_zero_and_the_greatest_are_values() -> None:
    assert codes([0, 2**64 - 1, 0, 2**64 - 1, None], [0, 5]) == [0, 1, 0, 1, -1]


def test_nobody_has_no_values() -> None:
    assert codes([], [0]) == []
    assert codes([], [0, 0, 0]) == []


def labels(codes: list[int], bounds: Bounds, kind: int, texts: list[float] | None = None) -> list[float]:
    logs = loops.surprise(len(codes))
    return ran(loops.labels, np.array(codes, np.int32), np.array(texts or []), logs, bounds=bounds, last=(kind,))


CODES = [0, 1, 1, -1, 2, 0, 0, 1]
BOUNDS = [(0, 0), (0, 1), (0, 3), (0, 4), (0, 5), (3, 4), (5, 7), (5, 8)]
"""Two entities, of five events and three: their values have the same numbers."""


def test_different_values_are_counted() -> None:
    assert labels(CODES, BOUNDS, loops.DISTINCT) == [0, 1, 2, 2, 3, 0, 1, 2]


def test_different_values_from_the_first_event_on_are_as_many_as_were_numbered() -> None:
    assert ran(loops.different, np.array(CODES, np.int32), bounds=BOUNDS) == [0, 1, 2, 2, 3, 0, 1, 2]
    assert ran(loops.different, np.array([-1, -1, 0], np.int32), bounds=[(0, 1), (0, 2), (0, 3)]) == [0, 0, 1]


def test_n_log_n_of_counts() -> None:
    np.testing.assert_allclose(loops.surprise(3), [0, 0, 2 * math.log(2), 3 * math.log(3)], rtol=1e-15)
    assert loops.surprise(0).tolist() == [0]


def test_the_share_of_the_most_frequent_value() -> None:
    expected = [NAN, 1, 2 / 3, 2 / 3, 2 / 4, NAN, 1, 2 / 3]
    np.testing.assert_array_equal(labels(CODES, BOUNDS, loops.TOP_SHARE), expected)


def test_entropy_is_that_of_the_shares() -> None:
    def of(*shares: float) -> float:
        return -sum(share * math.log(share) for share in shares)

    expected = [NAN, 0, of(1 / 3, 2 / 3), of(1 / 3, 2 / 3), of(1 / 4, 1 / 2, 1 / 4), NAN, 0, of(2 / 3, 1 / 3)]
    actual = labels(CODES, BOUNDS, loops.ENTROPY)
    np.testing.assert_allclose(actual, expected, rtol=1e-14)
    assert (actual[1], actual[6]) == (0, 0)


def test_the_top_value_is_the_one_whose_text_comes_first_of_several() -> None:
    texts = [6.0, 4.0, 4.0, NAN, 5.0, 1.0, 1.0, 0.0]
    np.testing.assert_array_equal(labels(CODES, BOUNDS, loops.TOP, texts), [NAN, 6, 4, 4, 4, NAN, 1, 1])
    assert labels([0, 1, 2], [(0, 3)], loops.TOP, [5.0, 3.0, 4.0]) == [3]


def test_counts_begin_anew_with_the_window() -> None:
    assert labels([0, 1, 0, 2], [(0, 3), (1, 4), (3, 4)], loops.DISTINCT) == [2, 3, 1]


def test_no_values_at_all_are_counted_to_nothing() -> None:
    assert labels([], [(0, 0)], loops.DISTINCT) == [0]
    assert labels([-1, -1], [(0, 2)], loops.DISTINCT) == [0]
