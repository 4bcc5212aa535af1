"""What retention is worth: by hand, by adding up what comes, and at the edges."""

import pytest

from models.economics.retention import (
    break_even_retention,
    margin_multiple,
    per_period,
    still_to_come,
    value_of_point,
)


@pytest.mark.parametrize(
    ("retention", "multiples"),
    [
        (0.60, (1.20, 1.15, 1.11, 1.07)),
        (0.70, (1.75, 1.67, 1.59, 1.52)),
        (0.80, (2.67, 2.50, 2.35, 2.22)),
        (0.90, (4.50, 4.09, 3.75, 3.46)),
    ],
)
def test_margin_multiples_by_hand(retention: float, multiples: tuple[float, ...]) -> None:
    """At discount rates of 10, 12, 14 and 16 %: 0.90 / 0.20 = 4.50, 0.90 / 0.22 = 4.09 and so on."""
    found = [margin_multiple(retention, discount=rate) for rate in (0.10, 0.12, 0.14, 0.16)]
    assert found == pytest.approx(multiples, abs=0.005)


@pytest.mark.parametrize(("retention", "discount"), [(0.8, 0.1), (0.35, 0.02), (0.97, 0.15)])
def test_what_is_still_to_come_adds_up(retention: float, discount: float) -> None:
    summed = sum(12.5 * retention**period / (1 + discount) ** period for period in range(1, 3000))
    assert still_to_come(12.5, retention, discount=discount) == pytest.approx(summed, rel=1e-12)


def test_a_point_by_hand() -> None:
    """From .80 to .81 at 10 %: 0.80 / 0.30 = 2.6667 margins become 0.81 / 0.29 = 2.7931; of 100 that is 12.64."""
    assert value_of_point(100, 0.80, discount=0.10) == pytest.approx(100 * (0.81 / 0.29 - 0.80 / 0.30), abs=1e-12)
    assert value_of_point(100, 0.80, discount=0.10) == pytest.approx(12.6437, abs=1e-4)
    derivative = 100 * 1.1 / 0.30**2 / 100
    assert (value_of_point(100, 0.80, discount=0.10) or 0.0) > derivative
    assert value_of_point(100, 0.80, discount=0.10) == pytest.approx(100 * 0.01 * 1.1 / (0.30 * 0.29))


def test_beyond_certainty_there_is_no_point_and_a_loss_grows() -> None:
    assert value_of_point(10, 0.99, discount=0.1) == pytest.approx(10 * (1 / 0.1 - 0.99 / 0.11))
    assert value_of_point(10, 0.995, discount=0.1) is None
    assert value_of_point(10, 1.0, discount=0.1) is None
    lost, won = value_of_point(-10, 0.8, discount=0.1), value_of_point(10, 0.8, discount=0.1)
    assert lost is not None
    assert won is not None
    assert lost == -won


@pytest.mark.parametrize(("margin", "cost"), [(100, 266.0), (5, 1.0), (1, 9.999)])
def test_at_the_retention_that_breaks_even_the_cost_comes_back(margin: float, cost: float) -> None:
    found = break_even_retention(margin, cost, discount=0.1)
    assert found is not None
    assert still_to_come(margin, found, discount=0.1) == pytest.approx(cost, rel=1e-9)


def test_where_nothing_breaks_even() -> None:
    assert break_even_retention(1, 10.0, discount=0.1) == 1.0
    assert break_even_retention(1, 10.1, discount=0.1) is None
    assert break_even_retention(0, 1, discount=0.1) is None
    assert break_even_retention(-3, 1, discount=0.1) is None
    assert break_even_retention(-3, 0, discount=0.1) == 0


def test_rates_of_a_period() -> None:
    assert per_period(0.21, months=6) == pytest.approx(0.10)
    assert (1 + per_period(0.1, months=3)) ** 4 == pytest.approx(1.1)


@pytest.mark.parametrize(
    ("retention", "discount", "what"),
    [(1.01, 0.1, "retention is a share"), (-0.01, 0.1, "retention is a share"), (0.5, 0.0, "discount is above 0")],
)
def test_what_no_rate_is(retention: float, discount: float, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        margin_multiple(retention, discount=discount)
    with pytest.raises(ValueError, match=what):
        value_of_point(1, retention, discount=discount)
