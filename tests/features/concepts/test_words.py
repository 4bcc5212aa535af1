"""Numbers in words: the examples in the docstrings, and the edges of rounding."""

import doctest
import math

import pytest

from features.concepts import words


def test_the_examples_in_the_docstrings() -> None:
    found = doctest.testmod(words)
    assert (found.attempted, found.failed) == (8, 0)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.0, "0"),
        (0.00004, "0"),
        (0.0095, "0.01"),
        (0.994, "0.99"),
        (0.996, "1"),
        (9.94, "9.9"),
        (9.96, "10"),
        (-4.62, "-4.6"),
        (-0.00001, "0"),
        (99.5, "100"),
        (1e6, "1,000,000"),
        (20.0, "20"),
        (100.0, "100"),
    ],
)
def test_numbers_are_rounded_once(value: float, said: str) -> None:
    assert words.number(value) == said


def test_one_is_singular_also_after_rounding() -> None:
    assert words.count(0.996, "day") == words.count(1, "day") == "1 day"
    assert words.count(1.06, "day") == "1.1 days"
    assert words.count(2, "category", "categories") == "2 categories"


def test_none_of_a_thing() -> None:
    assert [words.some(value, "visit") for value in (0, 0.5, 1, 2)] == [
        "no visits",
        "0.5 visits",
        "1 visit",
        "2 visits",
    ]
    assert words.some(0, "category", "categories") == "no categories"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.0, "0 days"),
        (0.4, "0.4 days"),
        (2.96, "3 days"),
        (3.4, "3 days"),
        (730.0, "730 days"),
        (730.5, "2 years"),
        (365.25 * 10, "10 years"),
    ],
)
def test_times(value: float, said: str) -> None:
    assert words.days(value) == said


def test_shares_round_to_none_and_all_only_where_they_are() -> None:
    assert [words.percent(share) for share in (0.0, 0.0049, 0.0051, 0.994, 0.996, 1.0, 1.004, 2.5)] == [
        "0%",
        "under 1%",
        "1%",
        "99%",
        "over 99%",
        "100%",
        "100%",
        "250%",
    ]


def test_money() -> None:
    assert [words.money(amount) for amount in (0.0, -0.001, 99.99, 99.996, 1234.5)] == [
        "0.00",
        "0.00",
        "99.99",
        "100",
        "1,234",
    ]
    assert words.money(-1234.0, "CHF") == "-1,234 CHF"


@pytest.mark.parametrize(
    ("ratio", "said"),
    [
        (0.0, "100% less than"),
        (0.949, "5% less than"),
        (0.95, "as much as"),
        (1.05, "as much as"),
        (1.06, "6% more than"),
        (2.0, "100% more than"),
        (2.04, "2 times as much as"),
        (7.0, "7 times as much as"),
    ],
)
def test_changes(ratio: float, said: str) -> None:
    assert words.change(ratio) == said


def test_entropy_as_a_number_of_things() -> None:
    assert [words.effective(nats) for nats in (0.0, math.log(5), 12345.0)] == [1, 5, 1_000_000]
