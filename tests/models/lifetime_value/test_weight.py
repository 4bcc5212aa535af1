"""The weight of what was learned: half, until three past cutoffs could be forecast, then what would have been best."""

import numpy as np
import pandas as pd
import pytest

from models.lifetime_value.weight import HALF, Forecast, blended, forecastable, weight_of
from models.lifetime_value.window import Floats, Window

DAYS = [pd.Timestamp("2024-01-01") + pd.Timedelta(days=20 * number) for number in range(6)]


def window(cutoff: pd.Timestamp, days: int = 40) -> Window:
    return Window(cutoff, days, np.zeros((1, 1)), np.ones(1), np.ones(1))


def test_a_past_cutoff_is_forecast_from_what_had_closed_by_it() -> None:
    """Windows of 40 days, 20 apart: the fourth, 60 days after the first, sees two closed ones, the last of them on its
    very cutoff.
    """
    windows = [window(day) for day in DAYS]
    found = {later.cutoff: [each.cutoff for each in closed] for closed, later in forecastable(windows)}
    assert found == {DAYS[3]: DAYS[:2], DAYS[4]: DAYS[:3], DAYS[5]: DAYS[:4]}
    longer = [window(day, 41) for day in DAYS]
    assert [later.cutoff for _, later in forecastable(longer)] == DAYS[4:]
    assert list(forecastable(windows[:3])) == []


def drawn(right: float, *, seed: int = 0, n: int = 4000) -> Forecast:
    """Draw spend whose expected value is `right` of what was learned and the rest of what the process says."""
    rng = np.random.default_rng(seed)
    process, learned = rng.gamma(2.0, 20.0, n), rng.gamma(2.0, 20.0, n)
    mean = blended(process, learned, weight=right)
    return Forecast(process, learned, np.where(rng.random(n) < 0.4, mean * rng.gamma(1.0, 1 / 0.4, n), 0.0))


@pytest.mark.parametrize("right", [0.0, 0.3, 0.8, 1.0])
def test_the_weight_is_what_the_past_was_made_by(right: float) -> None:
    found = weight_of([drawn(right, seed=seed) for seed in range(3)])
    assert found == pytest.approx(right, abs=0.1)
    assert found == weight_of([Forecast(*(7 * each for each in parts(drawn(right, seed=seed)))) for seed in range(3)])


def parts(forecast: Forecast) -> tuple[Floats, Floats, Floats]:
    return forecast.process, forecast.learned, forecast.came


def test_fewer_than_three_forecasts_decide_nothing() -> None:
    assert weight_of([drawn(1.0), drawn(1.0, seed=1)]) == HALF == 0.5
    assert weight_of([]) == 0.5
    assert weight_of([drawn(1.0, seed=seed) for seed in range(3)]) > 0.5


def test_returns_and_those_of_whom_nothing_is_expected_break_nothing() -> None:
    odd = Forecast(np.array([0.0, 1.0, 5.0]), np.array([0.0, 2.0, 5.0]), np.array([3.0, -2.0, 5.0]))
    assert 0 <= weight_of([odd, odd, odd]) <= 1


def test_a_window_without_spend_is_no_forecast_and_nothing_to_learn_from() -> None:
    """Its deviance is no number: one such window would make all weights alike, and the first of them is 0."""
    nothing = [Window(day, 40, np.zeros((1, 1)), np.ones(1), np.zeros(1)) for day in DAYS]
    some = [window(day) for day in DAYS]
    assert list(forecastable([*nothing[:2], *some[2:4]])) == []
    assert [later.cutoff for _, later in forecastable([*some[:3], nothing[3], *some[4:]])] == DAYS[4:]
