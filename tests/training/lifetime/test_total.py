"""The band of a total: by hand, against simulation, and which past periods count."""

import numpy as np
import pandas as pd
import pytest

from training.record.lifetime.total import Closed, apart, band, total

DAY = pd.Timedelta(days=1)
START = pd.Timestamp("2025-01-01")


def closed(*days: int, actual: float = 1.0) -> list[Closed]:
    return [Closed(START + day * DAY, 1.0, actual) for day in days]


def kept(*days: int, closes_in: int) -> list[int]:
    return [(each.cutoff - START).days for each in apart(closed(*days), closes_in=closes_in * DAY)]


def test_three_by_hand() -> None:
    """Logarithms −.1, 0, .1: mean 0, sd .1; t of 2 degrees of freedom at 95 % is 2.91999 (any table)."""
    found = band([np.exp(-0.1), 1.0, np.exp(0.1)])
    assert found is not None
    assert np.log(found) == pytest.approx(np.array([-1, 1]) * 2.919986 * 0.1 * np.sqrt(4 / 3), rel=1e-6)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_have_no_band(count: int) -> None:
    assert band([1.1, 0.9][:count]) is None


def test_a_model_that_is_always_off_alike_is_put_right() -> None:
    assert band([1.2, 1.2, 1.2]) == pytest.approx((1.2, 1.2))


@pytest.mark.parametrize("count", [3, 4, 8])
def test_nine_next_totals_in_ten_lie_within(count: int) -> None:
    """Ratios drawn around 1.07 with a spread of 12 %; 90 % of 4,000 is 3,600 with a standard error of 19."""
    rng, within = np.random.default_rng(0), 0
    for ratios in np.exp(rng.normal(np.log(1.07), 0.12, (4000, count + 1))):
        low, high = band(ratios[:-1]) or (np.nan, np.nan)
        within += int(low <= ratios[-1] <= high)
    assert within == pytest.approx(3600, abs=57)


@pytest.mark.parametrize(
    ("days", "closes_in", "expected"),
    [
        ((0, 28, 56, 84), 28, [0, 28, 56, 84]),
        ((0, 28, 56, 84), 29, [28, 84]),
        ((84, 0, 56, 28), 56, [28, 84]),
        ((0,), 28, [0]),
        ((), 28, []),
        ((5, 5), 1, [5]),
    ],
)
def test_horizons_that_overlap_count_once(days: tuple[int, ...], closes_in: int, expected: list[int]) -> None:
    assert kept(*days, closes_in=closes_in) == expected


def test_totals_of_nothing_have_no_ratio() -> None:
    told = [Closed(START, 0.0, 5.0), Closed(START + DAY, 5.0, 0.0), Closed(START + 2 * DAY, 4.0, 5.0)]
    assert [each.ratio for each in apart(told, closes_in=DAY)] == [1.25]


def test_it_is_told_with_what_it_rests_on() -> None:
    told = [Closed(START + 30 * number * DAY, 100.0, 110.0 - 10 * number) for number in range(3)]
    found = total(told, closes_in=30 * DAY)
    assert [row["cutoff"] for row in found["closed"]] == ["2025-01-01", "2025-01-31", "2025-03-02"]
    assert [row["ratio"] for row in found["closed"]] == pytest.approx([1.1, 1.0, 0.9])
    assert (found["low"], found["high"]) == band([1.1, 1.0, 0.9])
    few = total(told[:2], closes_in=30 * DAY)
    assert (few["low"], few["high"], few["fewest"], len(few["closed"])) == (None, None, 3, 2)
