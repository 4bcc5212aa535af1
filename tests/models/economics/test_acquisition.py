"""When what winning customers cost comes back, by hand."""

import pytest

from models.economics.acquisition import lifetime_value, ltv_to_cac, payback_months


@pytest.mark.parametrize(
    ("cost", "months"), [(0.0, 0), (-1.0, 0), (9.99, 1), (10.0, 1), (10.01, 3), (15.0, 3), (21.0, 5), (21.01, None)]
)
def test_payback(cost: float, months: int | None) -> None:
    """After each month 10, 8, 15, 20 and 21 have come."""
    assert payback_months([10, -2, 7, 5, 1], cost) == months


def test_what_rounding_lacks_is_paid_back() -> None:
    assert payback_months([0.1] * 10, 1.0) == 10
    assert payback_months([3.3] * 3, 9.9) == 3


def test_payback_of_nobody() -> None:
    assert payback_months([], 1.0) is None


def test_lifetime_value_by_hand() -> None:
    """At 21 % a year the seventh month is discounted by half of it: 11 / 1.1."""
    assert lifetime_value([5, 0, 0, 0, 0, 0, 11], discount=0.21) == pytest.approx(5 + 10)
    assert lifetime_value([0] * 12 + [12.1], discount=0.21) == pytest.approx(10)
    assert lifetime_value([], discount=0.1) == 0


def test_ltv_to_cac() -> None:
    assert ltv_to_cac(30.0, 10.0) == 3.0
    assert ltv_to_cac(-3.0, 10.0) == -0.3
    assert ltv_to_cac(30.0, 0.0) is None
