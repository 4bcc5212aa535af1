"""The interval against a slow bootstrap of lists, a formula, and laws."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from models.metrics import METRICS, Metric
from models.metrics.bootstrap import Paired, interval, paired, resamples

Columns = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.intp]]
EVERY = [pytest.param(each, id=each.name) for each in METRICS.values()]


def sample(customers: int = 40, rows: int = 400) -> Columns:
    rng = np.random.default_rng(9)
    predicted = rng.integers(1, 50, rows) / 50
    return (rng.random(rows) < predicted).astype(float), predicted, rng.integers(0, customers, rows)


def slow_values(metric: Metric, columns: Columns, draws: int, seed: int) -> NDArray[np.float64]:
    actual, predicted, customers = columns
    known = sorted(set(customers.tolist()))
    rng = np.random.default_rng(seed)
    values = []
    for _ in range(draws):
        y, p, who = [], [], []
        for place, drawn in enumerate(rng.integers(len(known), size=len(known))):
            for row in range(len(actual)):
                if customers[row] == known[drawn]:
                    y.append(actual[row])
                    p.append(predicted[row])
                    who.append(place)
        values.append(metric(y, p, who))
    return np.array(values)


def slow_interval(metric: Metric, columns: Columns, draws: int, seed: int) -> list[float]:
    return [float(end) for end in np.percentile(slow_values(metric, columns, draws, seed), [2.5, 97.5])]


@pytest.mark.parametrize("each", EVERY)
def test_as_a_slow_bootstrap_has_it(each: Metric) -> None:
    actual, predicted, customers = sample()
    fast = interval(each, actual, predicted, customers=customers, draws=20, seed=3)
    assert fast == pytest.approx(slow_interval(each, (actual, predicted, customers), 20, 3), rel=1e-9)


@pytest.mark.parametrize("each", EVERY)
def test_two_predictions_meet_on_the_same_customers(each: Metric) -> None:
    actual, first, customers = sample()
    second = np.roll(first, 3)  # in another order, so that each is sorted in its own way
    found = paired(each, actual, first, second, customers=customers, draws=15, seed=3)
    slow = [slow_values(each, (actual, predicted, customers), 15, 3) for predicted in (first, second)]
    ends = np.percentile(slow[0] - slow[1], [2.5, 97.5])
    value = each(actual, first, customers) - each(actual, second, customers)
    assert (found.difference, found.low, found.high) == pytest.approx((value, *ends), rel=1e-9)


def test_a_prediction_does_not_differ_from_itself_and_the_other_way_round_is_the_negative() -> None:
    actual, first, customers = sample()
    roc_auc = METRICS["roc_auc"]
    assert paired(roc_auc, actual, first, first, customers=customers) == Paired(0.0, 0.0, 0.0)
    assert paired(roc_auc, actual, first, 7 * first, customers=customers) == Paired(0.0, 0.0, 0.0)
    there = paired(roc_auc, actual, first, -first, customers=customers)
    back = paired(roc_auc, actual, -first, first, customers=customers)
    assert (back.difference, back.low, back.high) == pytest.approx((-there.difference, -there.high, -there.low))
    assert 0 < there.low < there.difference < there.high


def test_what_two_predictions_share_does_not_widen_their_difference() -> None:
    actual, first, customers = sample(customers=400)
    second = first + np.random.default_rng(1).normal(0, 0.01, len(first))
    alone = interval(METRICS["roc_auc"], actual, first, customers=customers)
    found = paired(METRICS["roc_auc"], actual, first, second, customers=customers)
    assert found.high - found.low < 0.2 * (alone[1] - alone[0])


def test_a_difference_of_lists_keeps_them_apart() -> None:
    actual, first, groups = sample(customers=60)
    found = paired(METRICS["map_at_5"], actual, first, -first, customers=groups // 3, groups=groups, draws=50)
    values = [METRICS["map_at_5"](actual, each, groups) for each in (first, -first)]
    assert found.difference == pytest.approx(values[0] - values[1])
    assert found.low < found.difference < found.high
    alone = paired(METRICS["map_at_5"], actual, first, -first, customers=groups // 3, draws=50)
    assert alone.difference != pytest.approx(found.difference, rel=1e-3)  # a customer's rows as one list


def test_an_undefined_difference() -> None:
    found = paired(METRICS["roc_auc"], [0, 0], [0.1, 0.3], [0.2, 0.1], customers=[1, 2])
    assert np.isnan([found.difference, found.low, found.high]).all()
    one = paired(METRICS["brier"], [0, 1], [0.1, 0.3], [0.2, 0.3], customers=["a", "a"])
    assert one.difference == pytest.approx((0.01 - 0.04) / 2)
    assert np.isnan([one.low, one.high]).all()  # one customer
    with pytest.raises(ValueError, match="at least 1 draw"):
        paired(METRICS["brier"], [0, 1], [0.1, 0.3], [0.2, 0.3], customers=[1, 2], draws=0)
    with pytest.raises(ValueError, match="predicted has 1 rows and actual has 2"):
        paired(METRICS["brier"], [0, 1], [0.1, 0.3], [0.2], customers=[1, 2])


def test_a_customer_drawn_twice_comes_twice_with_all_rows() -> None:
    customers = np.array([0, 1, 0, 2, 1])
    for rows, copies in resamples(customers, 50, 0):
        drawn = list(zip(rows.tolist(), copies.tolist(), strict=True))
        assert len(set(drawn)) == len(drawn)
        chosen = {(customers[row], copy) for row, copy in drawn}
        assert len(chosen) == 3
        assert set(drawn) == {(row, copy) for row in range(5) for who, copy in chosen if customers[row] == who}
        assert {(who, copy - 1) for who, copy in chosen if copy} <= chosen


def test_two_copies_of_a_customer_are_two_lists() -> None:
    # Each list alone gives ½; copies thrown together would tie with each other and give something else.
    actual, predicted = [0, 1, 0, 1, 0, 1], [0.9, 0.2] * 3
    ends = interval(METRICS["map_at_5"], actual, predicted, customers=[1, 1, 2, 2, 3, 3])
    assert ends == pytest.approx((0.5, 0.5))


def test_groups_are_the_lists_and_customers_the_clusters() -> None:
    actual, predicted, groups = sample(customers=60)
    customers = groups // 3  # three lists each
    ends = interval(METRICS["map_at_5"], actual, predicted, customers=customers, groups=groups)
    value = METRICS["map_at_5"](actual, predicted, groups)
    assert ends[0] < value < ends[1]
    assert ends != interval(METRICS["map_at_5"], actual, predicted, customers=customers)
    alone = interval(METRICS["roc_auc"], actual, predicted, customers=customers, groups=groups)
    assert alone == interval(METRICS["roc_auc"], actual, predicted, customers=customers)


def test_width_as_the_formula_has_it() -> None:
    rng = np.random.default_rng(4)
    predicted = rng.random(2000)
    actual = (rng.random(2000) < predicted).astype(float)
    low, high = interval(METRICS["brier"], actual, predicted, customers=np.arange(2000), draws=1000)
    squares = (actual - predicted) ** 2
    half = 1.96 * squares.std() / math.sqrt(2000)
    assert (low, high) == pytest.approx((squares.mean() - half, squares.mean() + half), abs=0.1 * half)


def test_rows_of_one_customer_are_not_new_evidence() -> None:
    actual, predicted, customers = sample(customers=400)
    ten = [np.repeat(column, 10) for column in (actual, predicted, customers)]
    for name in ("roc_auc", "brier"):
        once = interval(METRICS[name], actual, predicted, customers=customers)
        assert interval(METRICS[name], ten[0], ten[1], customers=ten[2]) == pytest.approx(once, rel=1e-9)
        apart = interval(METRICS[name], ten[0], ten[1], customers=np.arange(4000))
        assert apart[1] - apart[0] < 0.5 * (once[1] - once[0])


@pytest.mark.parametrize("each", EVERY)
def test_the_row_order_does_not_matter_and_the_seed_does(each: Metric) -> None:
    actual, predicted, customers = sample()
    ends = interval(each, actual, predicted, customers=customers, draws=50)
    shuffled = np.random.default_rng(0).permutation(len(actual))
    again = interval(each, actual[shuffled], predicted[shuffled], customers=customers[shuffled], draws=50)
    assert again == pytest.approx(ends, rel=1e-9)
    assert interval(each, actual, predicted, customers=customers, draws=50, seed=1) != ends


def test_a_higher_level_is_wider() -> None:
    actual, predicted, customers = sample()
    narrow = interval(METRICS["roc_auc"], actual, predicted, customers=customers, level=0.5)
    wide = interval(METRICS["roc_auc"], actual, predicted, customers=customers, level=0.99)
    assert wide[0] < narrow[0] < narrow[1] < wide[1]


def test_undefined_draws_are_left_out() -> None:
    ends = interval(METRICS["roc_auc"], [0, 0, 1], [0.1, 0.3, 0.2], customers=["a", "b", "c"])
    assert ends == (0.0, 1.0)


def test_an_undefined_metric_has_an_undefined_interval() -> None:
    for name in ("roc_auc", "map_at_5", "normalised_gini"):
        assert np.isnan(interval(METRICS[name], [0, 0, 0], [0.1, 0.3, 0.2], customers=[1, 2, 3])).all()
    refunded = interval(METRICS["aggregate_bias"], [-5, 1, 1], [1, 1, 1], customers=[1, 2, 3])
    assert np.isnan(refunded).all()  # though draws without the first customer have a value
    assert np.isnan(interval(METRICS["brier"], [0, 1], [0.1, 0.3], customers=["a", "a"])).all()  # one customer
    lone = [interval(METRICS["roc_auc"], [0, 1], [0.1, 0.3], customers=[1, 2], draws=1, seed=seed) for seed in range(9)]
    assert {str(ends) for ends in lone} == {"(nan, nan)", "(1.0, 1.0)"}  # the one draw was of one class, or not


def test_bad_arguments_are_named() -> None:
    roc_auc, data = METRICS["roc_auc"], ([0, 1, 1], [0.1, 0.3, 0.2])
    with pytest.raises(ValueError, match=r"at least 1 draw and a level between 0 and 1; got 0 and 0\.95"):
        interval(roc_auc, *data, customers=[1, 2, 3], draws=0)
    with pytest.raises(ValueError, match="got 200 and 95"):
        interval(roc_auc, *data, customers=[1, 2, 3], level=95)
    with pytest.raises(ValueError, match="customers has 2 rows and actual has 3"):
        interval(roc_auc, *data, customers=[1, 2])
    with pytest.raises(ValueError, match="customers has 1 missing ids"):
        interval(roc_auc, *data, customers=[1.0, 2.0, math.nan])
    with pytest.raises(ValueError, match=r"row 2 has 3\.0"):
        interval(roc_auc, [0, 1, 3], [0.9, 0.3, 0.2], customers=[1, 2, 3])
    with pytest.raises(ValueError, match="a group with rows of another customer"):
        interval(METRICS["map_at_5"], *data, customers=[1, 2, 3], groups=["x", "x", "y"])
