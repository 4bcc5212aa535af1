"""Runs of days with too few rows: found where they are, and not where chance, trend, season or closing days explain."""

import numpy as np
import pandas as pd
import pytest

from features.usability.volume import Run, ending, falls, gaps, volume

DAYS = pd.date_range("2024-01-01", periods=365)


def _poisson(mean: float, seed: int = 0, *, lines: int = 1) -> pd.Series:
    rng = np.random.default_rng(seed)
    return pd.Series(rng.poisson(mean, len(DAYS)) * lines, DAYS)


def _told(rows: pd.Series) -> list[Run]:
    usual = volume(rows)
    end = ending(usual)
    return [*gaps(usual), *falls(usual), *([end] if end else [])]


def _run(first: str, last: str, rows: int = 0) -> Run:
    days = (pd.Timestamp(last) - pd.Timestamp(first)).days + 1
    return Run(pd.Timestamp(first), pd.Timestamp(last), days, rows)


@pytest.mark.parametrize("mean", [0.3, 2, 8, 30, 400])
@pytest.mark.parametrize("seed", range(20))
def test_chance_is_not_told(mean: float, seed: int) -> None:
    assert _told(_poisson(mean, seed)) == []


@pytest.mark.parametrize("seed", range(20))
def test_orders_of_many_lines_are_not_told(seed: int) -> None:
    """Three orders of nine lines a day: every twentieth day has none."""
    assert _told(_poisson(3, seed, lines=9)) == []


def test_a_shop_that_grows_or_shrinks_is_not_told() -> None:
    rng = np.random.default_rng(1)
    for trend in (np.linspace(2, 300, 365), np.linspace(300, 60, 365), 100 * np.exp(-np.arange(365) / 90)):
        assert _told(pd.Series(rng.poisson(trend), DAYS)) == []


def test_a_shop_that_is_closed_on_sundays_is_not_told() -> None:
    rows = _poisson(60).where(DAYS.day_of_week < 6, 0)
    assert _told(rows) == []


def test_a_shop_that_begins_to_close_on_sundays_is_not_told() -> None:
    rows = _poisson(60).where((DAYS.day_of_week < 6) | (DAYS.month < 7), 0)
    assert gaps(volume(rows)) == []


def test_a_drop_to_a_third_is_business_and_no_fault() -> None:
    """CDNOW fell from 440 to 140 rows a day when its first quarter's customers had joined."""
    rows = pd.concat([_poisson(440)[:90], _poisson(140)[90:]])
    assert _told(rows) == []


def test_one_lost_day_of_a_large_shop_is_a_gap() -> None:
    rows = _poisson(60)
    rows["2024-05-15"] = 0
    assert _told(rows) == [_run("2024-05-15", "2024-05-15")]


def test_three_lost_days_of_a_small_shop_are_a_gap_and_one_is_not() -> None:
    rows = _poisson(6)
    rows["2024-05-15"] = 0
    assert _told(rows) == []
    rows["2024-05-15":"2024-05-17"] = 0
    assert gaps(volume(rows)) == [_run("2024-05-15", "2024-05-17")]


def test_gaps_apart_are_told_apart() -> None:
    rows = _poisson(50)
    for day in ("2024-03-05", "2024-07-01", "2024-07-02"):
        rows[day] = 0
    assert gaps(volume(rows)) == [_run("2024-03-05", "2024-03-05"), _run("2024-07-01", "2024-07-02")]


def test_a_feed_without_rows_on_many_days_has_no_gaps() -> None:
    """Fewer than 95 % of the days have rows: campaigns, not a feed."""
    rows = _poisson(50).where(np.arange(365) % 15 > 0, 0)
    assert (rows > 0).mean() < 0.95
    assert gaps(volume(rows)) == []


@pytest.mark.parametrize("days", [5, 14, 40, 100])
def test_long_gaps_are_told_whole(days: int) -> None:
    rows = _poisson(50)
    first = pd.Timestamp("2024-04-17")
    last = first + pd.Timedelta(days=days - 1)
    rows[first:last] = 0
    assert _told(rows) == [Run(first, last, days, 0)]


@pytest.mark.parametrize("days", [3, 30, 120])
def test_long_silence_at_the_end_is_told_whole(days: int) -> None:
    rows = _poisson(50)
    rows.iloc[-days:] = 0
    assert _told(rows) == [Run(DAYS[-days], DAYS[-1], days, 0)]


def test_campaigns_are_no_feed() -> None:
    for every in (30, 60):
        assert _told(pd.Series(np.where(np.arange(365) % every == 9, 500, 0), DAYS)[: 365 - every]) == []


def test_two_fallen_days_are_told_and_one_is_not() -> None:
    rows = _poisson(100)
    rows["2024-06-03"] = 10
    assert _told(rows) == []
    rows["2024-06-04"] = 11
    assert falls(volume(rows)) == [_run("2024-06-03", "2024-06-04", 21)]


def test_a_fall_begins_below_a_fifth() -> None:
    rows = pd.Series(100, DAYS)
    rows["2024-06-03":"2024-06-05"] = 20
    assert falls(volume(rows)) == []
    rows["2024-06-03":"2024-06-05"] = 19
    assert falls(volume(rows)) == [_run("2024-06-03", "2024-06-05", 57)]


def test_a_last_day_of_half_is_incomplete() -> None:
    rows = pd.Series(100, DAYS)
    rows.iloc[-1] = 50
    assert _told(rows) == []
    rows.iloc[-1] = 40
    assert _told(rows) == [_run("2024-12-30", "2024-12-30", 40)]


def test_low_days_at_the_end_are_three_at_most_and_fallen_ones_any() -> None:
    rows = pd.Series(100, DAYS)
    rows.iloc[-5:] = 40
    assert _told(rows) == [_run("2024-12-28", "2024-12-30", 120)]
    rows.iloc[-5:] = 5
    assert _told(rows) == [_run("2024-12-26", "2024-12-30", 25)]


def test_days_without_a_row_at_the_end_are_an_end_and_no_gap() -> None:
    rows = _poisson(40)
    rows.iloc[-20:] = 0
    assert _told(rows) == [_run("2024-12-11", "2024-12-30")]


def test_short_feeds_are_not_judged() -> None:
    for days in range(1, 21):
        rows = pd.Series([100] * (days - 1) + [0], DAYS[:days])
        assert _told(rows) == []


def test_a_run_names_its_days() -> None:
    assert _run("2024-01-02", "2024-01-02").line() == "2024-01-02"
    assert _run("2024-01-02", "2024-01-05").line() == "2024-01-02 to 2024-01-05"
