"""Whole cents: what is shared out is all there is, and nobody is a cent away from their exact part."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from features.ledger.cents import cents, rounded, spread


def test_by_hand() -> None:
    assert spread(100, [1, 1, 1]).tolist() == [34, 33, 33]
    assert spread(10_000, [5550, 13333, 800]).tolist() == [2820, 6774, 406]
    assert spread(5, [0, 3, 0]).tolist() == [0, 5, 0]
    assert spread(0, [1, 2]).tolist() == [0, 0]
    assert rounded(np.array([-1895, -1333, -7482]), -1071, unit=10).tolist() == [-190, -133, -748]
    assert rounded(np.array([150, 250, 50]), 45, unit=10).tolist() == [15, 25, 5]
    assert rounded(np.array([5, 5]), 1, unit=10).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("amount", "decimals", "whole"),
    [("0.125", 2, 12), ("0.135", 2, 14), ("-0.125", 2, -12), ("1234.5", 0, 1234), ("0.00009", 4, 1)],
)
def test_half_goes_to_even(amount: str, decimals: int, whole: int) -> None:
    assert cents(Decimal(amount), decimals=decimals) == whole


@given(st.lists(st.integers(0, 10**13), min_size=1, max_size=30).filter(any), st.integers(0, 10**15))
@example([1, 0, 10**13], 10**15)
def test_a_spread_is_all_there_is(weights: list[int], total: int) -> None:
    parts = spread(total, weights).tolist()
    assert sum(parts) == total
    exact = [Fraction(total * weight, sum(weights)) for weight in weights]
    assert all(abs(part - each) < 1 for part, each in zip(parts, exact, strict=True))
    rest = [each - int(each) for each in exact]
    more = [part - int(each) for part, each in zip(parts, exact, strict=True)]
    least = min((r for r, m in zip(rest, more, strict=True) if m), default=Fraction(1))
    assert all(r <= least for r, m in zip(rest, more, strict=True) if not m)


@given(st.lists(st.integers(-(10**16), 10**16), min_size=1, max_size=30))
def test_rounded_parts_add_up(parts: list[int]) -> None:
    total = cents(Decimal(sum(parts)).scaleb(-8), decimals=2)
    made = rounded(np.array(parts), total, unit=10**6).tolist()
    assert sum(made) == total
    assert all(abs(Fraction(part, 10**6) - each) < 1 for part, each in zip(parts, made, strict=True))


@pytest.mark.parametrize("total", [3, 5])
def test_parts_of_another_total_are_refused(total: int) -> None:
    """1.5 + 2.5 is 4 cents, however each of them is rounded."""
    with pytest.raises(ValueError, match=f"the parts add up to 4.0000 cents, and the total is {total}"):
        rounded(np.array([15, 25]), total, unit=10)


@pytest.mark.parametrize("weights", [[], [0, 0], [2, -1]])
def test_weights_that_are_none(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="one of them is above 0"):
        spread(10, weights)
