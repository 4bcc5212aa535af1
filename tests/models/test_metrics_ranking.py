"""MAP@5 against numbers by hand and against every order of the ties."""

import math
from itertools import groupby, permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.metrics import METRICS

Row = tuple[int, float, str]  # actual, score, customer
map_at_5 = METRICS["map_at_5"]


def value(rows: list[Row]) -> float:
    return map_at_5(*(list(column) for column in zip(*rows, strict=True)))


def one_list(actual: str, customer: str = "a") -> list[Row]:
    """Make a customer's list without ties, best first: '10100'."""
    return [(int(each), -float(rank), customer) for rank, each in enumerate(actual)]


def slow_average_precision(ranked: list[int]) -> float:
    total = 0.0
    for i in range(1, min(5, len(ranked)) + 1):
        if ranked[i - 1]:
            total += sum(ranked[:i]) / i
    return total / min(5, sum(ranked))


def slow_map(rows: list[Row]) -> float:
    values = []
    for customer in {who for *_, who in rows}:
        mine = sorted(((p, y) for y, p, who in rows if who == customer), reverse=True)
        if not any(y for _, y in mine):
            continue
        ties = [[y for _, y in tie] for _, tie in groupby(mine, key=lambda row: row[0])]
        orders = list(product(*(permutations(tie) for tie in ties)))
        each = [slow_average_precision([y for tie in order for y in tie]) for order in orders]
        values.append(sum(each) / len(each))
    return sum(values) / len(values) if values else math.nan


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        ("10100", (1 + 2 / 3) / 2),
        ("01", 1 / 2),
        ("1", 1.0),
        ("00001", 1 / 5),
        ("000001", 0.0),  # rank 6 is too late
        ("100001", 1 / 2),  # but counts among what could be found
        ("1111111", 1.0),  # seven to find in five places
        ("0111111", (1 / 2 + 2 / 3 + 3 / 4 + 4 / 5) / 5),
    ],
)
def test_one_customer_by_hand(actual: str, expected: float) -> None:
    assert value(one_list(actual)) == pytest.approx(expected)


def test_the_mean_is_over_customers_who_have_something_to_find() -> None:
    rows = one_list("10", "a") + one_list("00", "b") + one_list("01", "c")
    assert value(rows) == pytest.approx((1 + 1 / 2) / 2)
    assert math.isnan(value(one_list("000", "a") + one_list("0", "b")))


def test_ties_give_the_expected_value() -> None:
    assert value([(1, 0.5, "a"), (0, 0.5, "a")]) == pytest.approx((1 + 1 / 2) / 2)
    assert value([(1, 0.5, "a")] * 3) == pytest.approx(1.0)
    # One 1 among ten ties: rank 1 to 5 with a chance of a tenth each.
    assert value([(1, 0.5, "a")] + [(0, 0.5, "a")] * 9) == pytest.approx((1 + 1 / 2 + 1 / 3 + 1 / 4 + 1 / 5) / 10)


def test_equal_scores_of_two_customers_are_no_tie() -> None:
    assert value([(1, 0.5, "a"), (0, 0.5, "b"), (1, 0.5, "c")]) == 1.0


@settings(derandomize=True, max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.sampled_from([0.1, 0.2, 0.3]), st.sampled_from("abcd")), min_size=1, max_size=9
    )
)
def test_as_every_order_of_the_ties_has_it(rows: list[Row]) -> None:
    assert value(rows) == pytest.approx(slow_map(rows), nan_ok=True)


def test_long_lists_as_the_loop_has_it() -> None:
    rng = np.random.default_rng(2)
    rows = [(int(rng.random() < 0.1), float(rng.random()), str(rng.integers(20))) for _ in range(600)]
    assert value(rows) == pytest.approx(slow_map(rows))


def test_laws() -> None:
    rng = np.random.default_rng(3)
    groups = rng.integers(0, 30, 400)
    predicted = rng.integers(0, 9, 400) / 9
    actual = (rng.random(400) < 0.2).astype(float)
    expected = map_at_5(actual, predicted, groups)
    offset = rng.random(30)[groups]  # each customer's scores moved and stretched in their own way
    assert map_at_5(actual, np.exp(predicted) * (1 + offset) - offset, groups) == pytest.approx(expected)
    assert map_at_5(actual, predicted, groups.astype(str)) == pytest.approx(expected)
    assert map_at_5(actual, actual, groups) == pytest.approx(1.0)
    twice = map_at_5(np.tile(actual, 2), np.tile(predicted, 2), np.concatenate([groups, groups + 30]))
    assert twice == pytest.approx(expected)
    assert map_at_5(actual, -actual, groups) < map_at_5(actual, np.zeros(400), groups) < 1
