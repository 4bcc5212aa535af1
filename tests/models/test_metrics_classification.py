"""Metrics of a probability against numbers by hand, loops and laws."""

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from models.metrics import METRICS
from models.metrics.classification import lift_at
from models.metrics.ties import best, cuts, shared

Rows = list[tuple[int, float]]
LEVELS = [0.0, 0.125, 0.25, 0.5, 0.75, 1.0]
ROW = st.tuples(st.integers(0, 1), st.sampled_from(LEVELS))
ROWS = st.lists(ROW, min_size=1, max_size=40)
TENS = st.sampled_from([10, 20]).flatmap(lambda n: st.lists(ROW, min_size=n, max_size=n))
PROPERTY = settings(derandomize=True, max_examples=150, deadline=None)
RANKS = ("roc_auc", "pr_auc", "lift_at_10")


def value(name: str, rows: Rows) -> float:
    return METRICS[name]([y for y, _ in rows], [p for _, p in rows])


def slow_auc(rows: Rows) -> float:
    wins = [(p > q) + (p == q) / 2 for y, p in rows if y for z, q in rows if not z]
    return sum(wins) / len(wins) if wins else math.nan


def slow_average_precision(rows: Rows) -> float:
    ones, found, area = sum(y for y, _ in rows), 0, 0.0
    if not ones:
        return math.nan
    for threshold in sorted({p for _, p in rows}, reverse=True):
        hits = [y for y, p in rows if p >= threshold]
        area += (sum(hits) - found) / ones * sum(hits) / len(hits)
        found = sum(hits)
    return area


def slow_log_loss(rows: Rows) -> float:
    kept = [(y, min(max(p, 2.220446049250313e-16), 1 - 2.220446049250313e-16)) for y, p in rows]
    return -sum(math.log(p if y else 1 - p) for y, p in kept) / len(rows)


def slow_ece(rows: Rows) -> float:
    shared = []
    for p in sorted(p for _, p in rows):
        tied = [y for y, q in rows if q == p]
        shared.append((sum(tied) / len(tied), p))
    total = 0.0
    for number in range(10):
        size = len(rows) // 10 + (number < len(rows) % 10)
        bin_, shared = shared[:size], shared[size:]
        if bin_:
            share, mean = sum(y for y, _ in bin_) / size, sum(p for _, p in bin_) / size
            total += size / len(rows) * abs(share - mean)
    assert not shared
    return total


def slow_lift(rows: Rows) -> float:
    """Mean over every way to choose the last of the top tenth among its ties; rows are a multiple of ten."""
    top = len(rows) // 10
    edge = sorted((p for _, p in rows), reverse=True)[top - 1]
    above, tied = [y for y, p in rows if p > edge], [y for y, p in rows if p == edge]
    rates = [(sum(above) + sum(chosen)) / top for chosen in combinations(tied, top - len(above))]
    ones = sum(y for y, _ in rows)
    return sum(rates) / len(rates) / (ones / len(rows)) if ones else math.nan


def test_by_hand() -> None:
    rows: Rows = [(0, 0.1), (0, 0.4), (1, 0.35), (1, 0.8)]  # the example of scikit-learn's user guide, 3.4.4
    assert value("roc_auc", rows) == 0.75  # 3 of 4 pairs
    assert value("pr_auc", rows) == pytest.approx(1 / 2 * 1 + 1 / 2 * 2 / 3)
    assert value("brier", [(0, 0.1), (1, 0.9), (1, 0.8), (0, 0.3)]) == pytest.approx(0.15 / 4)
    assert value("log_loss", [(1, 0.9), (0, 0.1), (0, 0.2), (1, 0.65)]) == pytest.approx(0.21616, abs=5e-6)
    assert value("log_loss", [(1, 0.5), (0, 0.5)]) == pytest.approx(math.log(2))


def test_a_tie_counts_half() -> None:
    assert value("roc_auc", [(0, 0.3), (1, 0.3)]) == 0.5
    assert value("roc_auc", [(0, 0.3), (1, 0.3), (1, 0.4)]) == 0.75


def test_a_certain_and_wrong_row_costs_36_nats() -> None:
    assert value("log_loss", [(1, 0.0)]) == pytest.approx(36.0437, abs=1e-4)
    assert value("log_loss", [(0, 1.0)]) == pytest.approx(36.0437, abs=1e-4)


def test_ece_by_hand() -> None:
    # Twenty rows, two a bin; all agree but the last bin (0.9, 1.0), of which none happened.
    rows: Rows = [(0, 0.0)] * 18 + [(0, 0.9), (0, 1.0)]
    assert value("ece", rows) == pytest.approx(2 / 20 * 0.95)
    # In bins of equal width 0.6 and 0.8 would stand apart; in bins of equal count they cancel out.
    assert value("ece", [(0, 0.0)] * 18 + [(1, 0.6), (1, 0.8)]) == pytest.approx(2 / 20 * 0.3)
    assert value("ece", [(0, 0.0)] * 18 + [(0, 0.4), (1, 0.6)]) == pytest.approx(0.0)


def test_ece_of_one_probability_is_its_distance_from_the_base_rate() -> None:
    assert value("ece", [(1, 0.4)] * 3 + [(0, 0.4)] * 7) == pytest.approx(0.1)
    assert value("ece", [(0, 0.4)] * 13 + [(1, 0.4)] * 24) == pytest.approx(24 / 37 - 0.4)


def test_ece_of_a_calibrated_model_is_as_high_as_its_docstring_says() -> None:
    rng = np.random.default_rng(0)
    predicted = 0.3 + np.linspace(-1e-3, 1e-3, 1000)
    seen = [METRICS["ece"](rng.random(1000) < predicted, predicted) for _ in range(300)]
    assert np.mean(seen) == pytest.approx(math.sqrt(2 * 0.3 * 0.7 / (math.pi * 100)), rel=0.03)


def test_lift_by_hand() -> None:
    best: Rows = [(1, 0.9), (1, 0.8)] + [(0, 0.1)] * 16 + [(1, 0.05)] * 2
    assert value("lift_at_10", best) == pytest.approx(1 / 0.2)  # both at the top are 1, a fifth of all is
    assert value("lift_at_10", [(1, 0.9), (0, 0.8)] + [(0, 0.1)] * 17 + [(1, 0.05)]) == pytest.approx(0.5 / 0.1)
    assert value("lift_at_10", [(1, 0.5)] * 4 + [(0, 0.5)] * 16) == pytest.approx(1.0)  # all tied
    # Top two: one sure 1, the other drawn from four ties of which one is a 1.
    assert value("lift_at_10", [(1, 0.9), (1, 0.8)] + [(0, 0.8)] * 3 + [(0, 0.1)] * 15) == pytest.approx(0.625 / 0.1)


def test_lift_takes_a_part_of_the_last_row() -> None:
    rows: Rows = (
        [(1, 0.9), (0, 0.8)] + [(0, 0.1)] * 12 + [(1, 0.0)]
    )  # a tenth of 15 rows: the first and half the second
    assert value("lift_at_10", rows) == pytest.approx(1 / 1.5 / (2 / 15))
    assert value("lift_at_10", [(1, 0.9), (0, 0.8), (0, 0.1)]) == pytest.approx(3.0)  # under ten rows: the first


@PROPERTY
@given(ROWS)
def test_as_the_loops_have_it(rows: Rows) -> None:
    assert value("roc_auc", rows) == pytest.approx(slow_auc(rows), nan_ok=True)
    assert value("pr_auc", rows) == pytest.approx(slow_average_precision(rows), nan_ok=True)
    assert value("brier", rows) == pytest.approx(sum((y - p) ** 2 for y, p in rows) / len(rows))
    assert value("log_loss", rows) == pytest.approx(slow_log_loss(rows))
    assert value("ece", rows) == pytest.approx(slow_ece(rows), abs=1e-12)


@PROPERTY
@given(TENS)
def test_lift_is_the_mean_over_all_ways_to_break_ties(rows: Rows) -> None:
    assert value("lift_at_10", rows) == pytest.approx(slow_lift(rows), nan_ok=True)


def sample(rows: int = 1003) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rng = np.random.default_rng(5)
    predicted = rng.integers(1, 200, rows) / 200
    return (rng.random(rows) < predicted).astype(float), predicted


@pytest.mark.parametrize("name", RANKS)
def test_only_the_ranks_matter_to_a_rank_metric(name: str) -> None:
    actual, predicted = sample()
    expected = METRICS[name](actual, predicted)
    for moved in (predicted**3, np.log(predicted), 1000 * predicted - 7):
        assert METRICS[name](actual, moved) == pytest.approx(expected, rel=1e-12)


def test_as_scikit_learn_has_it() -> None:
    for rows, seed in ((5, 0), (300, 1), (1003, 2)):
        actual, predicted = sample(rows)
        predicted = np.where(np.random.default_rng(seed).random(rows) < 0.1, np.round(predicted), predicted)
        assert METRICS["roc_auc"](actual, predicted) == pytest.approx(roc_auc_score(actual, predicted), rel=1e-12)
        average = average_precision_score(actual, predicted)
        assert METRICS["pr_auc"](actual, predicted) == pytest.approx(average, rel=1e-12)
        assert METRICS["brier"](actual, predicted) == pytest.approx(brier_score_loss(actual, predicted), rel=1e-12)
        assert METRICS["log_loss"](actual, predicted) == pytest.approx(log_loss(actual, predicted), rel=1e-12)


def test_cuts_count_what_scores_at_least_as_high() -> None:
    rows, ones = cuts(np.array([0.0, 1, 1, 0, 1]), np.array([0.2, 0.7, 0.2, 0.9, 0.7]))
    assert rows.tolist() == [1, 3, 5]  # 0.9; 0.7 too; 0.2 too
    assert ones.tolist() == [0, 2, 3]


def test_tied_rows_share_what_happened() -> None:
    outcome, predicted = shared(np.array([0.0, 1, 1, 0, 0]), np.array([0.2, 0.7, 0.2, 0.2, 0.1]))
    assert predicted.tolist() == [0.1, 0.2, 0.2, 0.2, 0.7]
    assert outcome == pytest.approx([0, 1 / 3, 1 / 3, 1 / 3, 1])


def test_the_best_share_takes_a_part_of_each_tie() -> None:
    assert best(np.array([0.9, 0.5, 0.1, 0.5]), 0.5).tolist() == [1, 0.5, 0, 0.5]
    assert best(np.array([0.9, 0.5, 0.1, 0.5]), 0.9) == pytest.approx([1, 1, 0.6, 1])
    assert best(np.array([0.9, 0.5, 0.1]), 0.1) == pytest.approx([0.3, 0, 0])
    assert best(np.array([0.9, 0.5, 0.1]), 1.0).tolist() == [1, 1, 1]
    for share in (0.1, 0.3, 0.7):
        assert best(sample()[1], share).sum() == pytest.approx(share * 1003)


def test_lift_at_any_share() -> None:
    actual, predicted = sample()
    assert lift_at(actual, predicted, 0.1) == METRICS["lift_at_10"](actual, predicted)
    assert lift_at(actual, predicted, 1.0) == pytest.approx(1.0)
    order = np.argsort(-predicted, kind="stable")
    apart = np.arange(1003.0)[::-1]  # no ties
    for top in (50, 200, 700):
        rate = actual[order][:top].mean()
        assert lift_at(actual[order], apart, top / 1003) == pytest.approx(rate / actual.mean())
    assert math.isnan(lift_at([0, 0], [0.1, 0.2], 0.5))
    for wrong in (0.0, -0.1, 1.1, math.nan):
        with pytest.raises(ValueError, match=r"share of rows lies in \(0, 1\]; got"):
            lift_at(actual, predicted, wrong)
    with pytest.raises(ValueError, match="actual must be 0 or 1"):
        lift_at([0, 2], [0.1, 0.2], 0.5)


def test_the_best_and_the_worst_order() -> None:
    actual = np.repeat([0.0, 1.0], [75, 25])
    best, worst = np.arange(100.0), -np.arange(100.0)
    assert METRICS["roc_auc"](actual, best) == 1.0
    assert METRICS["pr_auc"](actual, best) == pytest.approx(1.0)
    assert METRICS["lift_at_10"](actual, best) == pytest.approx(4.0)  # 1 / base rate
    assert METRICS["lift_at_10"](actual[70:], best[:30]) == pytest.approx(30 / 25)
    assert METRICS["roc_auc"](actual, worst) == METRICS["lift_at_10"](actual, worst) == 0.0


def test_the_best_and_the_worst_probability() -> None:
    actual = np.repeat([0.0, 1.0], [70, 30])
    assert METRICS["brier"](actual, actual) == METRICS["ece"](actual, actual) == 0.0
    assert METRICS["log_loss"](actual, actual) == pytest.approx(0.0, abs=1e-15)
    assert METRICS["brier"](actual, 1 - actual) == METRICS["ece"](actual, 1 - actual) == 1.0


@pytest.mark.parametrize("name", ["roc_auc", "pr_auc", "brier", "log_loss", "lift_at_10"])
def test_each_row_twice_changes_nothing(name: str) -> None:
    actual, predicted = sample()
    expected = METRICS[name](actual, predicted)
    assert METRICS[name](np.tile(actual, 2), np.tile(predicted, 2)) == pytest.approx(expected, rel=1e-12)


def test_either_class_may_be_called_1() -> None:
    actual, predicted = sample(1000)
    for name in ("brier", "log_loss", "ece"):
        assert METRICS[name](1 - actual, 1 - predicted) == pytest.approx(METRICS[name](actual, predicted), rel=1e-9)
    assert METRICS["roc_auc"](1 - actual, predicted) == pytest.approx(1 - METRICS["roc_auc"](actual, predicted))
