"""Ways to calibrate: each is fitted on the latest closed cutoff alone, and on last year's season where there is one."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.library import POPULATIONS
from models.calibration import Calibration, calibrate, season_shift
from models.metrics import METRICS
from tests.training.made import DAY, LAST, STEP, Past, Said, examples, rolled
from training.calibrate import calibrations
from training.splits import Split
from training.task import Task


def ways(task: Task, split: Split, make: Callable[[], Said]) -> dict[str, Calibration]:
    fitted = make()
    learned = split.train if fitted.learns == "outcome" else split.test
    return calibrations(task, split, fitted.fit(learned.X, learned.y), make)


def since(days: int, *, rows: int = 300) -> Split:
    """Learn at a cutoff that lies so many days before the test, and at the two latest closed ones."""
    learned = sorted({LAST - days * DAY, LAST - 2 * STEP, LAST - STEP})
    return Split("one", examples(learned, rows=rows), examples([LAST], rows=rows), STEP)


def test_maps_are_fitted_on_the_latest_closed_cutoff_by_what_had_closed_by_it(churn: Task) -> None:
    """By hand: the rate of all but the last training cutoff, and that cutoff's rows."""
    split = rolled(origins=1, cutoffs=4, rows=1200).final
    X, y = split.train.X, split.train.y
    latest = X["cutoff"] == LAST - STEP
    predicted = X.loc[latest, "p"] * y[~latest].mean()
    found = ways(churn, split, lambda: Said("p", scaled=True))
    assert set(found) == {"none", "sigmoid", "isotonic"}
    assert found["none"] == Calibration()
    for method in ("sigmoid", "isotonic"):
        assert found[method] == calibrate(method, y[latest], predicted)


def test_nothing_of_the_test_is_seen(churn: Task) -> None:
    split = rolled(origins=1, cutoffs=15, rows=300).final
    blind = replace(split, test=replace(split.test, y=1 - split.test.y))
    other = ways(churn, blind, lambda: Said("sharp", scaled=True))
    assert set(other) == {"none", "sigmoid", "none+season", "sigmoid+season"}
    assert other == ways(churn, split, lambda: Said("sharp", scaled=True))


def test_small_cutoffs_are_taken_together(churn: Task) -> None:
    """Of 120 rows a cutoff the two latest make a block; what learns from the past knows the first of them alone."""
    split = rolled(origins=1, cutoffs=4, rows=120).final
    X, y = split.train.X, split.train.y
    latest = X["cutoff"] >= LAST - 2 * STEP
    closed = X["cutoff"] <= LAST - 3 * STEP
    for make, learned in ((Said, closed), (Past, X["cutoff"] == LAST - 2 * STEP)):
        found = ways(churn, split, lambda make=make: make("p", scaled=True))  # type: ignore[misc]
        assert found["sigmoid"] == calibrate("sigmoid", y[latest], X.loc[latest, "p"] * y[learned].mean())


def test_what_the_rows_do_not_allow_is_left_out(churn: Task) -> None:
    assert set(ways(churn, rolled(origins=1, rows=999).final, Said)) == {"none", "sigmoid"}
    assert set(ways(churn, rolled(origins=1, rows=1000).final, Said)) == {"none", "sigmoid", "isotonic"}
    few = rolled(origins=1, rows=16, cutoffs=2).final  # two cutoffs of 16 rows make one block, before which is nothing
    assert set(ways(churn, few, Said)) == {"none"}
    sure = rolled(origins=1, rows=300).final
    X = sure.train.X["cutoff"]
    sure = replace(sure, train=replace(sure.train, y=sure.train.y.where(X != LAST - STEP, 0.0)))
    assert set(ways(churn, sure, Said)) == {"none"}


def test_a_season_is_what_the_model_was_off_a_year_before(churn: Task) -> None:
    """By hand: the shift that makes the mean of last year's predictions last year's rate."""
    split = since(364)
    found = ways(churn, split, lambda: Said("sharp"))
    before = split.train.X["cutoff"] == LAST - 364 * DAY
    actual, predicted = split.train.y[before], split.train.X.loc[before, "sharp"]
    assert set(found) == {"none", "sigmoid", "none+season", "sigmoid+season"}
    assert found["none+season"] == Calibration(shift=season_shift(actual, predicted))
    assert found["none+season"].apply(predicted).mean() == pytest.approx(actual.mean(), abs=1e-9)
    moved = found["sigmoid+season"]
    assert (moved.slope, moved.intercept) == (found["sigmoid"].slope, found["sigmoid"].intercept)
    assert moved.apply(predicted).mean() == pytest.approx(actual.mean(), abs=1e-9)


@pytest.mark.parametrize(("days", "near"), [(349, False), (350, True), (364, True), (378, True), (379, False)])
def test_a_year_before_is_within_two_weeks(days: int, near: bool, churn: Task) -> None:
    assert ("none+season" in ways(churn, since(days), Said)) is near


def test_the_nearest_cutoff_to_a_year_before_stands_for_the_season(churn: Task) -> None:
    learned = [LAST - days * DAY for days in (376, 368, 354, 56, 28)]
    split = Split("one", examples(learned), examples([LAST]), STEP)
    nearest = split.train.X["cutoff"] == LAST - 368 * DAY
    expected = season_shift(split.train.y[nearest], split.train.X.loc[nearest, "p"])
    assert ways(churn, split, Said)["none+season"].shift == expected


def test_without_a_year_or_cutoffs_there_is_no_season(churn: Task) -> None:
    assert "none+season" not in ways(churn, rolled(origins=1, cutoffs=12).final, Said)
    assert "none+season" in ways(churn, rolled(origins=1, cutoffs=13).final, Said)
    asked = replace(churn, population=POPULATIONS["touched"])
    assert "none+season" not in ways(asked, since(364), Said)
    assert "none+season" not in ways(churn, replace(since(364), closes_in=None), Said)


def test_pairs_that_are_not_asked_about_calibrate_nothing(churn: Task) -> None:
    split = rolled(origins=1, cutoffs=15, rows=400).final
    asked = pd.Series(np.arange(len(split.train.X)) % 2 == 0)
    odd = split.train.y.where(asked, 1.0)  # all of those not asked about come true
    marked = replace(split, train=replace(split.train, X=split.train.X.assign(eligible=asked), y=odd))
    half = replace(split, train=split.train.where(asked))
    assert ways(churn, marked, Said) == ways(churn, half, Said)


def test_a_calibrated_model_is_calibrated_by_next_to_nothing(churn: Task) -> None:
    split = rolled(origins=1, rows=3000).final
    found = ways(churn, split, lambda: Said("true"))
    assert found["sigmoid"].slope == pytest.approx(1, abs=0.1)
    assert found["sigmoid"].intercept == pytest.approx(0, abs=0.1)
    sharp = ways(churn, split, lambda: Said("sharp"))["sigmoid"]  # expit(3 · x + 1) undone is (x − 1) / 3
    assert sharp.slope == pytest.approx(1 / 3, abs=0.03)
    assert sharp.intercept == pytest.approx(-1 / 3, abs=0.05)
    raw, mended = (
        METRICS["ece"](split.test.y, each) for each in (split.test.X["sharp"], sharp.apply(split.test.X["sharp"]))
    )
    assert mended < 0.4 * raw
