"""The loops that arrange events: sorted by entity and time, bounded, grouped to days, copied out."""

import numpy as np
import numpy.typing as npt
import pytest

from features.engine.kernel import loops

DAY = 86_400_000_000
Ints = npt.NDArray[np.int64]


def ints(*values: int) -> Ints:
    return np.array(values, np.int64)


def ordered(codes: list[int], time: list[int], entities: int) -> tuple[list[int], list[int]]:
    """Give where each entity starts, and the events in their new order by their old place."""
    starts, slots = loops.order(np.array(codes, np.int32), ints(*time), entities)
    placed = np.full(int(starts[-1]), -1, np.int64)
    loops.scatter(np.arange(len(codes)), slots, placed)
    assert [slot for slot, code in zip(slots, codes, strict=True) if code < 0] == [-1] * codes.count(-1)
    return starts.tolist(), placed.tolist()


def test_events_are_sorted_by_entity_and_time() -> None:
    assert ordered([1, 0, 1, 0], [9, 8, 7, 6], 2) == ([0, 2, 4], [3, 1, 2, 0])


def test_what_is_in_order_stays_so() -> None:
    assert ordered([0, 1, 0, 1], [1, 1, 2, 5], 2) == ([0, 2, 4], [0, 2, 1, 3])


def test_events_of_one_time_stay_in_the_order_they_came_in() -> None:
    assert ordered([0, 0, 0, 0, 0], [5, 3, 5, 3, 5], 1) == ([0, 5], [1, 3, 0, 2, 4])
    time = [number % 3 for number in range(60)]
    expected = sorted(range(60), key=lambda place: (time[place], place))
    assert ordered([0] * 60, time, 1) == ([0, 60], expected)


def test_one_unsorted_entity_leaves_the_others_as_they_are() -> None:
    assert ordered([0, 1, 1, 2, 0, 2], [4, 9, 2, 7, 4, 7], 3) == ([0, 2, 4, 6], [0, 4, 2, 1, 3, 5])


def test_events_of_nobody_who_is_asked_about_go_nowhere() -> None:
    assert ordered([-1, 2, -1, 2, -1], [9, 5, 3, 1, 0], 4) == ([0, 0, 0, 2, 2], [3, 1])


def test_nothing_is_in_order() -> None:
    assert ordered([], [], 0) == ([0], [])
    assert ordered([], [], 2) == ([0, 0, 0], [])
    assert ordered([-1], [3], 1) == ([0, 0], [])


def test_times_before_1970_are_days_before() -> None:
    out = np.full(4, 99, np.int32)
    loops.days(ints(-1, -DAY, 0, DAY - 1, DAY), np.array([0, 1, 2, -1, 3], np.int32), out)
    assert out.tolist() == [-1, -1, 0, 1]


def bounded(at: list[int], starts: list[int], asked: list[tuple[int, int, int]]) -> list[tuple[int, int]]:
    """Bound the events of (entity, first, end)."""
    lo, hi = np.full(len(asked), 77), np.full(len(asked), 77)
    entity, first, end = (ints(*column) for column in zip(*asked, strict=True))
    loops.bounds(ints(*at), ints(*starts), entity, first, end, lo, hi)
    return list(zip(lo.tolist(), hi.tolist(), strict=True))


AT, STARTS = [10, 20, 20, 30, 5, 20], [0, 4, 4, 6]
"""Three entities: four events, none, two."""


@pytest.mark.parametrize(
    ("first", "end", "expected"),
    [
        (0, 20, (0, 1)),  # what is at the end is not before it
        (0, 21, (0, 3)),
        (20, 30, (1, 3)),  # what is at the first instant is inside
        (21, 30, (3, 3)),
        (10, 31, (0, 4)),
        (31, 99, (4, 4)),
        (0, 10, (0, 0)),
        (30, 20, (1, 1)),  # nothing lies at or after 30 and before 20
    ],
)
def test_bounds_hold_the_first_instant_and_not_the_end(first: int, end: int, expected: tuple[int, int]) -> None:
    assert bounded(AT, STARTS, [(0, first, end)]) == [expected]


def test_bounds_of_later_cutoffs_go_on_from_the_earlier() -> None:
    asked = [(0, 0, 10), (0, 5, 20), (0, 11, 21), (0, 20, 31), (0, 40, 60)]
    assert bounded(AT, STARTS, asked) == [(0, 0), (0, 1), (1, 3), (1, 4), (4, 4)]


def test_bounds_begin_anew_with_every_entity() -> None:
    asked = [(0, 0, 99), (1, 0, 99), (2, 0, 6), (2, 6, 99)]
    assert bounded(AT, STARTS, asked) == [(0, 4), (4, 4), (4, 5), (5, 6)]


def test_nobody_has_no_events() -> None:
    assert bounded(AT, STARTS, [(-1, 0, 99), (-1, 5, 99), (0, 0, 99)]) == [(0, 0), (0, 0), (0, 4)]
    assert bounded([], [0], [(-1, 0, 99)]) == [(0, 0)]


def test_days_are_grouped_by_entity() -> None:
    """The last day of an entity and the first of the next may be the same."""
    firsts, starts = loops.grouped(np.array([1, 1, 3, 3, 3, 4, 4], np.int32), ints(0, 3, 3, 7))
    assert firsts.tolist() == [0, 2, 3, 5, 7]
    assert starts.tolist() == [0, 2, 2, 4]


def test_nothing_has_no_days() -> None:
    firsts, starts = loops.grouped(np.empty(0, np.int32), ints(0, 0))
    assert (firsts.tolist(), starts.tolist()) == ([0], [0, 0])


def test_gaps_are_to_the_day_before_of_the_same_entity() -> None:
    gap, valid = loops.gaps(np.array([1, 4, 9, 2, 3, 8], np.int32), ints(0, 3, 3, 5, 6))
    assert valid.tolist() == [False, True, True, False, True, False]
    assert gap[valid].tolist() == [3, 5, 1]


def test_each_row_gets_the_events_that_were_known_at_its_cutoff() -> None:
    """Known at the cutoff itself is too late."""
    known = ints(10, 50, 30, 20)
    starts, chosen = loops.spread(ints(0, 0, 1), ints(4, 4, 3), known, ints(30, 31, 99))
    assert starts.tolist() == [0, 2, 5, 7]
    assert chosen.tolist() == [0, 3, 0, 2, 3, 1, 2]


def test_without_known_times_all_events_are_copied_out() -> None:
    starts, chosen = loops.spread(ints(0, 2, 1), ints(2, 2, 3), ints(), ints(0, 0, 0))
    assert (starts.tolist(), chosen.tolist()) == ([0, 2, 2, 4], [0, 1, 1, 2])


def late(known: list[int], asked: list[tuple[int, int, int]]) -> list[bool]:
    lo, hi, cutoff = (ints(*column) for column in zip(*asked, strict=True))
    out = np.zeros(len(asked), np.bool_)
    loops.late(ints(*known), lo, hi, cutoff, out)
    return out.tolist()


def test_what_became_known_at_the_cutoff_is_late() -> None:
    assert late([4, 7, 5], [(0, 3, 7), (0, 3, 8)]) == [True, False]
    assert late([-9], [(0, 1, -9), (0, 1, -8)]) == [True, False]


def test_lateness_goes_on_to_later_cutoffs_and_not_to_the_next_entity() -> None:
    assert late([4, 99, 5, 6], [(0, 1, 5), (0, 2, 50), (0, 2, 99), (0, 2, 100), (2, 4, 10), (4, 4, 10)]) == [
        False,
        True,
        True,
        False,
        False,
        False,
    ]


def test_each_row_of_the_spine_takes_its_answer() -> None:
    out = np.zeros(4)
    loops.put(np.array([1.5, np.nan, 3.0]), ints(2, 0, 0, 1), ints(3, 0, 2, 1), out)
    np.testing.assert_array_equal(out, [1.5, np.nan, 1.5, 3.0])
