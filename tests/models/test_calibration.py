"""Calibration against scikit-learn, loops, and laws: no rank reversed, and reasons that still add up."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from models.calibration import FARTHEST, METHODS, Calibration, calibrate, season_shift
from models.metrics import METRICS

Values = NDArray[np.float64]
PROPERTY = settings(derandomize=True, max_examples=100, deadline=None)
LOG_ODDS = st.lists(st.integers(-12_000, 12_000), min_size=1, max_size=30)
SHIFT = st.floats(-2.5, 2.5)


def history(rows: int = 4000, slope: float = 1.6, intercept: float = -0.5) -> tuple[Values, Values]:
    rng = np.random.default_rng(2)
    predicted = rng.beta(1, 4, rows)
    return (rng.random(rows) < expit(slope * logit(predicted) + intercept)).astype(float), predicted


def fitted(method: str) -> Calibration:
    return calibrate(method, *history())


EVERY = [Calibration(), Calibration(shift=0.7), *(fitted(method).with_shift(-0.4) for method in METHODS)]
named = pytest.mark.parametrize("calibration", EVERY, ids=["same", "shifted", *METHODS])


def test_the_identity_gives_back_what_it_gets_bit_for_bit() -> None:
    values = np.array([0.0, 1e-300, 0.1, 1 / 3, 1.0 - 2**-53, 1.0])
    assert Calibration().apply(values).tobytes() == values.tobytes()
    assert calibrate("none", [], []) == Calibration()
    assert not Calibration().changes
    counts = np.array([0.0, 17.5, -3.0, math.nan])  # what is no probability passes too
    assert Calibration().apply(counts).tobytes() == counts.tobytes()
    terms = np.arange(8.0).reshape(4, 2)
    assert Calibration().contributions(terms, counts).tobytes() == terms.tobytes()


def test_a_line_on_log_odds_by_hand() -> None:
    calibration = Calibration("sigmoid", slope=2.0, intercept=math.log(3))
    # odds 1 become 1² · 3, that is ¾; odds 1/3 become 1/9 · 3, that is ¼
    assert calibration.apply([0.5, 0.25]) == pytest.approx([0.75, 0.25])
    assert calibration.with_shift(math.log(2)).apply([0.5]) == pytest.approx([6 / 7])


def test_steps_by_hand() -> None:
    calibration = Calibration("isotonic", knots=(0.2, 0.4, 0.8), heights=(0.1, 0.5, 0.6))
    assert calibration.apply([0.0, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0]) == pytest.approx([0.1, 0.1, 0.3, 0.5, 0.55, 0.6, 0.6])
    assert calibration.with_shift(math.log(9)).apply([0.1]) == pytest.approx([0.5])


def test_the_sigmoid_is_that_of_scikit_learn_on_platts_targets() -> None:
    actual, predicted = history()
    ones, zeros = actual.sum(), (1 - actual).sum()
    target = np.where(actual == 1, (ones + 1) / (ones + 2), 1 / (zeros + 2))
    twice = np.tile(logit(predicted), 2)[:, None]  # each row once as a 1 and once as a 0, weighted
    labels, weight = np.repeat([1, 0], len(actual)), np.concatenate([target, 1 - target])
    line = LogisticRegression(C=np.inf, tol=1e-10).fit(twice, labels, sample_weight=weight)
    made = calibrate("sigmoid", actual, predicted)
    assert (made.slope, made.intercept) == pytest.approx((line.coef_[0, 0], line.intercept_[0]), rel=1e-4)
    assert (made.slope, made.intercept) == pytest.approx((1.6, -0.5), abs=0.15)  # what made the outcomes


def test_a_perfect_ranking_still_gives_finite_odds() -> None:
    predicted = np.linspace(0.01, 0.99, 100)
    made = calibrate("sigmoid", predicted > 0.5, predicted)
    assert 0 < made.apply([0.4])[0] < 0.5 < made.apply([0.6])[0] < 1
    assert np.isfinite(logit(made.apply([0.0, 1.0]))).all()


def test_isotonic_is_a_slow_pooling_of_neighbours() -> None:
    actual, predicted = history(1200)
    made = calibrate("isotonic", actual, predicted)
    blocks: list[list[float]] = []  # outcomes that share a height
    for _, outcome in sorted(zip(predicted.tolist(), actual.tolist(), strict=True)):
        blocks.append([outcome])
        while len(blocks) > 1 and np.mean(blocks[-2]) >= np.mean(blocks[-1]):
            last = blocks.pop()
            blocks[-1] += last
    expected = np.clip([np.mean(block) for block in blocks for _ in block], 1 / 1202, 1201 / 1202)
    assert made.apply(np.sort(predicted)) == pytest.approx(expected, rel=1e-9)


def test_isotonic_keeps_away_from_certainty() -> None:
    predicted = np.linspace(0, 1, 2000)
    made = calibrate("isotonic", predicted > 0.3, predicted)
    assert made.apply([0.0, 1.0]) == pytest.approx([1 / 2002, 2001 / 2002])


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_it_repairs_what_is_distorted(method: str) -> None:
    actual, predicted = history()
    later, again = history(20_000)
    after = calibrate(method, actual, predicted).apply(again)
    assert METRICS["ece"](later, again) > 0.05
    assert METRICS["ece"](later, after) < 0.015
    assert METRICS["log_loss"](later, after) < METRICS["log_loss"](later, again) - 0.01
    assert METRICS["roc_auc"](later, after) == pytest.approx(METRICS["roc_auc"](later, again), abs=0.003)


@named
@PROPERTY
@given(LOG_ODDS)
def test_no_rank_is_reversed(calibration: Calibration, thousandths: list[int]) -> None:
    values = expit(np.sort(np.array(thousandths) / 1000))
    made = calibration.apply(values)
    assert (np.diff(made) >= 0).all()
    assert ((made > 0) & (made < 1)).all()


def test_a_line_between_two_knots_does_not_pass_its_end() -> None:
    knots, heights = (0.18, 0.86), (0.131, 0.48)
    near = [np.nextafter(0.86, 0), 0.86]
    before, at = np.interp(near, knots, heights)
    assert before > at  # as NumPy rounds
    below, on = Calibration("isotonic", knots=knots, heights=heights).apply(near)
    assert below <= on


@named
def test_a_row_alone_gets_what_it_gets_among_many(calibration: Calibration) -> None:
    predicted = history(300)[1]
    together = calibration.apply(predicted)
    assert np.concatenate([calibration.apply(predicted[[row]]) for row in range(300)]).tobytes() == together.tobytes()


@named
def test_terms_add_up_to_the_calibrated_log_odds(calibration: Calibration) -> None:
    rng = np.random.default_rng(5)
    terms = np.column_stack([rng.normal(0, 1, (200, 4)), np.full(200, -1.5)])
    before = terms.copy()
    probability = expit(terms.sum(axis=1))
    made = calibration.contributions(terms, probability)
    assert made.sum(axis=1) == pytest.approx(logit(calibration.apply(probability)), abs=1e-6)
    assert made[:, :-1] == pytest.approx(terms[:, :-1] * calibration.slope)  # no reason changes place or sign
    if not calibration.knots:
        assert np.ptp(made[:, -1]) == 0  # the base stays everyone's
    np.testing.assert_array_equal(terms, before)


@named
def test_state_is_json_and_comes_back(calibration: Calibration) -> None:
    again = Calibration.restore(json.loads(json.dumps(calibration.state())))
    assert again == calibration
    assert again.apply(history()[1]).tobytes() == calibration.apply(history()[1]).tobytes()


def test_a_shift_takes_the_place_of_the_last() -> None:
    assert fitted("sigmoid").with_shift(1.0).with_shift(0.0) == fitted("sigmoid")
    with pytest.raises(ValueError, match="finite number of log-odds; got nan"):
        Calibration().with_shift(math.nan)


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_where_outcomes_fall_only_the_level_moves_and_the_note_says_so(method: str) -> None:
    actual, predicted = np.repeat([1.0, 0.0], [300, 900]), np.linspace(0.1, 0.9, 1200)
    made = calibrate(method, actual, predicted)
    assert (made.method, made.slope, made.knots) == (method, 1.0, ())
    assert made.note.endswith(": only the level was moved")
    assert made.apply(predicted).mean() == pytest.approx(0.25)
    assert (np.diff(made.apply(predicted)) > 0).all()


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_one_prediction_for_all_becomes_the_rate(method: str) -> None:
    made = calibrate(method, np.repeat([1.0, 0.0], [12, 1188]), np.full(1200, 0.9))
    assert made.apply([0.9]) == pytest.approx([0.01])  # farther than a season may move it
    assert "only the level" in made.note


@PROPERTY
@given(SHIFT)
def test_the_season_is_found_again(delta: float) -> None:
    predicted = np.linspace(0.05, 0.6, 400)
    moved = expit(logit(predicted) + delta)
    ones = round(moved.sum())
    actual = np.arange(400) < ones
    found = season_shift(actual, predicted)
    assert Calibration().with_shift(found).apply(predicted).mean() == pytest.approx(ones / 400, abs=1e-9)
    assert found == pytest.approx(delta, abs=0.05)  # but for the half a customer that was rounded


def test_a_season_has_bounds() -> None:
    predicted = [0.2, 0.3, 0.4]
    assert season_shift([], []) == 0.0
    assert season_shift([0, 0, 0], predicted) == -FARTHEST
    assert season_shift([1, 1, 1], predicted) == FARTHEST
    assert abs(season_shift([1, 0, 1, 0], [0.0, 0.0, 1.0, 1.0])) < FARTHEST
    assert season_shift([1, 0], [0.5, 0.5]) == pytest.approx(0.0, abs=1e-9)


def test_bad_arguments_are_named() -> None:
    actual, predicted = history(1000)
    with pytest.raises(ValueError, match="calibration 'platt' is none of none, sigmoid, isotonic"):
        calibrate("platt", actual, predicted)
    with pytest.raises(ValueError, match="'sigmoid' needs at least 50 rows; got 49"):
        calibrate("sigmoid", actual[:49], predicted[:49])
    with pytest.raises(ValueError, match="'isotonic' needs at least 1000 rows; got 999"):
        calibrate("isotonic", actual[:999], predicted[:999])
    for method in ("sigmoid", "isotonic"):
        for only in (0, 1):
            with pytest.raises(ValueError, match=f"needs both outcomes; all 1000 rows have {only}"):
                calibrate(method, np.full(1000, only), predicted)
        with pytest.raises(ValueError, match="predicted must be a probability between 0 and 1"):
            calibrate(method, actual, predicted + 1)
        with pytest.raises(ValueError, match="between 0 and 1; row 1 has 1\\.5"):
            fitted(method).apply([0.5, 1.5])
    with pytest.raises(ValueError, match="actual must be 0 or 1"):
        season_shift([2], [0.5])
    with pytest.raises(ValueError, match="predicted has 0 rows and actual has 1"):
        season_shift([1], [])
    with pytest.raises(ValueError, match=r"terms have the shape \(2, 2\), probabilities \(3,\)"):
        fitted("sigmoid").contributions(np.zeros((2, 2)), [0.1, 0.2, 0.3])


def test_the_least_rows_suffice() -> None:
    for method, least in (("sigmoid", 50), ("isotonic", 1000)):
        assert calibrate(method, *history(least)).method == method
