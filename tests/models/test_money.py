"""Money against four customers by hand, loops, and laws."""

import math
import time
from dataclasses import astuple
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.metrics.classification import lift_at
from models.metrics.empc import maximum_profit
from models.money import Campaign, Cut, at_budget, best_cut, gain, gains, profit_curve

CAMPAIGN = Campaign(contact_cost=1, offer_cost=10, acceptance=0.5, value=110)
# Four customers by hand. A churner who is contacted brings .5 · (110 − 10) − 1 = 49, anybody else −10 − 1 = −11,
# and so a probability p brings 60 p − 11.
ACTUAL, PREDICTED = [1, 0, 1, 0], [0.8, 0.4, 0.3, 0.1]
GAINS = [37.0, 13.0, 7.0, -5.0]
ROWS = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 8)), min_size=1, max_size=15)
PROPERTY = settings(derandomize=True, max_examples=100, deadline=None)


def numbers_of(cut: Cut) -> list[float]:
    return list(astuple(cut))


def test_four_customers_by_hand() -> None:
    assert gain(PREDICTED, campaign=CAMPAIGN) == pytest.approx(GAINS)
    assert gain(ACTUAL, campaign=CAMPAIGN) == pytest.approx([49, -11, 49, -11])
    expected = pd.DataFrame(
        {
            "contacted": [0, 1, 2, 3, 4],
            "share": [0, 0.25, 0.5, 0.75, 1],
            "expected": [0.0, 37, 50, 57, 52],
            "realised": [0.0, 49, 38, 87, 76],
            "found": [0, 0.5, 0.5, 1, 1],
            "lift": [math.nan, 2, 1, 4 / 3, 1],
        }
    )
    pd.testing.assert_frame_equal(profit_curve(ACTUAL, PREDICTED, campaign=CAMPAIGN), expected, check_dtype=False)
    # a contact costs 1, and the offer 10 for half of the churners and all others: 1 + 10 (1 − p / 2), so 7, 9 and 9.5
    assert numbers_of(best_cut(ACTUAL, PREDICTED, campaign=CAMPAIGN)) == pytest.approx([3, 0.75, 57, 87, 25.5])


def test_budgets_by_hand() -> None:
    def contacted(**budget: float) -> int:
        limits: Any = budget
        return at_budget(ACTUAL, PREDICTED, campaign=CAMPAIGN, **limits).contacted

    assert [contacted(customers=each) for each in (0, 1, 2, 3, 4, 99)] == [0, 1, 2, 3, 3, 3]  # the fourth costs more
    assert [contacted(money=each) for each in (0, 6.9, 7, 15.9, 16, 25.5, 1000)] == [0, 0, 1, 1, 2, 3, 3]
    assert contacted(customers=1, money=16) == contacted(customers=2, money=7) == 1
    assert at_budget(ACTUAL, PREDICTED, campaign=CAMPAIGN, customers=2).realised == pytest.approx(38)


def test_a_budget_for_three_reaches_three_whatever_rounding_makes_of_the_sum() -> None:
    dime = Campaign.wins(contact_cost=0.1, offer_cost=0, value=9)
    assert 0.1 + 0.1 + 0.1 > 0.3
    assert at_budget(ACTUAL, PREDICTED, campaign=dime, money=0.3).contacted == 3


def test_a_value_for_each_customer_changes_whom_to_contact_first() -> None:
    value = [10, 110, 510, 110]  # the first is not worth the offer
    assert gain(PREDICTED, campaign=CAMPAIGN, value=value) == pytest.approx([-3, 13, 67, -5])
    cut = best_cut(ACTUAL, PREDICTED, campaign=CAMPAIGN, value=value)
    assert numbers_of(cut) == pytest.approx([2, 0.5, 80, 249 - 11, 9 + 9.5])
    found = profit_curve(ACTUAL, PREDICTED, campaign=CAMPAIGN, value=value)["found"]
    assert found.tolist() == [0, 0.5, 0.5, 1, 1]
    same = best_cut(ACTUAL, PREDICTED, campaign=CAMPAIGN, value=[110] * 4)
    assert same == best_cut(ACTUAL, PREDICTED, campaign=CAMPAIGN)


def test_a_campaign_that_wins_pays_for_the_offer_only_where_it_is_taken() -> None:
    campaign = Campaign.wins(contact_cost=2, offer_cost=5, value=45)
    assert gain([0.5, 0.05, 0.0, 1.0], campaign=campaign) == pytest.approx([18, 0, -2, 38])
    assert gain([0.5], campaign=campaign, value=[105]) == pytest.approx([48])
    spent = at_budget([1, 0], [0.5, 0.2], campaign=campaign, customers=1).spent
    assert spent == pytest.approx(2 + 0.5 * 5)


def test_as_neslin_and_others_write_it() -> None:
    # Π = N α ([γ CLV + δ (1 − γ)] β₀ λ − δ − c) − A, with λ 1, A 0: δ the offer, c the contact, γ the acceptance
    churners, gamma, clv, delta, c = 0.3, 0.4, 200.0, 12.0, 3.0
    each = (gamma * clv + delta * (1 - gamma)) * churners - delta - c
    campaign = Campaign(contact_cost=c, offer_cost=delta, acceptance=gamma, value=clv)
    assert gain([churners], campaign=campaign) == pytest.approx([each])


def test_the_best_cut_of_a_known_acceptance_is_the_maximum_profit() -> None:
    # EMPC with γ all but certain, on predictions that are the observed rates
    actual = np.repeat([1, 0, 1, 0, 1, 0], [60, 40, 20, 80, 1, 99])
    predicted = np.repeat([0.6, 0.2, 0.01], 100)
    campaign = Campaign(contact_cost=1, offer_cost=10, acceptance=0.3, value=200)
    cut = best_cut(actual, predicted, campaign=campaign)
    sure = maximum_profit(actual, predicted, alpha=3e6, beta=7e6)
    assert (cut.realised / 300, cut.share) == pytest.approx((sure.profit, sure.share), rel=1e-3)
    assert cut.expected == pytest.approx(cut.realised)


def slow_curve(rows: list[tuple[int, int]]) -> list[tuple[float, float]]:
    """Money of the best 0, 1, … customers: a tie gives each of its members the mean of them all."""
    table = [(60 * p / 8 - 11, 60 * y - 11) for y, p in rows]
    even = [(e, float(np.mean([r for other, r in table if other == e]))) for e, _ in table]
    best_first = sorted(even, reverse=True)
    return [(sum(e for e, _ in best_first[:k]), sum(r for _, r in best_first[:k])) for k in range(len(rows) + 1)]


@PROPERTY
@given(ROWS, st.randoms(use_true_random=False))
def test_as_the_loop_has_it_in_any_order(rows: list[tuple[int, int]], chance: Any) -> None:
    slow = slow_curve(rows)
    chance.shuffle(rows)
    actual, predicted = [y for y, _ in rows], [p / 8 for _, p in rows]
    curve = profit_curve(actual, predicted, campaign=CAMPAIGN)
    assert curve["contacted"].tolist() == list(range(len(rows) + 1))
    assert curve["expected"].tolist() == pytest.approx([e for e, _ in slow])
    assert curve["realised"].tolist() == pytest.approx([r for _, r in slow])
    cut = best_cut(actual, predicted, campaign=CAMPAIGN)
    assert cut.expected == pytest.approx(max(e for e, _ in slow))
    assert cut.realised == pytest.approx(slow[cut.contacted][1])
    assert cut.contacted == sum(60 * p / 8 > 11 for _, p in rows)


def sample(rows: int = 5003) -> tuple[Any, Any]:
    rng = np.random.default_rng(3)
    predicted = np.round(rng.beta(1, 5, rows), 3)
    return (rng.random(rows) < predicted).astype(float), predicted


def test_a_long_curve_is_thinned_and_keeps_the_best_cut() -> None:
    actual, predicted = sample()
    curve = profit_curve(actual, predicted, campaign=CAMPAIGN)
    cut = best_cut(actual, predicted, campaign=CAMPAIGN)
    assert len(curve) <= 200
    assert curve["contacted"].iloc[[0, -1]].tolist() == [0, 5003]
    assert curve["contacted"].is_monotonic_increasing
    at = curve[curve["contacted"] == cut.contacted].iloc[0]
    assert (at["expected"], at["realised"]) == (cut.expected, cut.realised)
    assert curve["expected"].max() == cut.expected
    for _, point in curve.iloc[[20, 90, 150]].iterrows():
        assert point["lift"] == pytest.approx(lift_at(actual, predicted, point["share"]))


def test_the_row_order_does_not_matter() -> None:
    actual, predicted = sample()
    value = np.round(np.random.default_rng(1).gamma(2, 60, 5003), 0)
    shuffled = np.random.default_rng(0).permutation(5003)
    one, other = [
        profit_curve(actual[order], predicted[order], campaign=CAMPAIGN, value=value[order])
        for order in (np.arange(5003), shuffled)
    ]
    pd.testing.assert_frame_equal(one, other, rtol=1e-12)


def test_nobody_pays() -> None:
    dear = Campaign(contact_cost=1000, offer_cost=10, acceptance=0.5, value=110)
    assert best_cut(ACTUAL, PREDICTED, campaign=dear) == Cut(0, 0.0, 0.0, 0.0, 0.0)
    assert profit_curve([0, 0], [0.1, 0.9], campaign=CAMPAIGN)["found"].isna().all()
    even = Campaign(contact_cost=0, offer_cost=0, acceptance=0.0, value=1)  # nothing gained, nothing lost
    assert best_cut(ACTUAL, PREDICTED, campaign=even).contacted == 0


def test_gains_by_hand() -> None:
    table = gains([1, 0, 1, 0, 0, 1, 0, 0], [0.9, 0.8, 0.7, 0.6, 0.5, 0.5, 0.2, 0.1], parts=4)
    assert table["part"].tolist() == [1, 2, 3, 4]
    assert table["share"].tolist() == [0.25, 0.5, 0.75, 1.0]
    assert table["rate"].tolist() == [0.5, 0.5, 0.5, 0.0]
    assert table["lift"].tolist() == pytest.approx([4 / 3, 4 / 3, 4 / 3, 0])
    assert table["found"].tolist() == pytest.approx([1 / 3, 2 / 3, 1, 1])
    assert table["lift_so_far"].tolist() == pytest.approx([4 / 3, 4 / 3, 4 / 3, 1])
    # a part ends within a tie, and within a row
    assert gains([1, 0, 0, 0], [0.5] * 4)["rate"].tolist() == pytest.approx([0.25] * 10)
    assert gains([1, 0, 0], [0.9, 0.5, 0.1], parts=2)["found"].tolist() == pytest.approx([1, 1])
    assert gains([0, 1, 0], [0.9, 0.5, 0.1], parts=2)["found"].tolist() == pytest.approx([0.5, 1])


def test_gains_are_lifts() -> None:
    actual, predicted = sample()
    table = gains(actual, predicted)
    lifts = [lift_at(actual, predicted, share) for share in table["share"]]
    assert table["lift_so_far"].tolist() == pytest.approx(lifts)
    assert (table["rate"].mean(), table["lift"].mean()) == pytest.approx((actual.mean(), 1.0))
    nothing = gains([0, 0], [0.1, 0.2])
    assert nothing[["lift", "found", "lift_so_far"]].isna().all(axis=None)
    assert (nothing["rate"] == 0).all()


def test_quick_on_many_rows() -> None:
    rng = np.random.default_rng(0)
    predicted = rng.random(50_000)
    started = time.perf_counter()
    profit_curve(predicted > 0.5, predicted, campaign=CAMPAIGN)
    assert time.perf_counter() - started < 1.0


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"contact_cost": -1}, "contact_cost must be finite and between 0 and inf; got -1"),
        ({"offer_cost": math.inf}, "offer_cost must be finite"),
        ({"acceptance": 1.1}, "acceptance must be finite and between 0 and 1; got 1.1"),
        ({"others": -0.1}, "others must be finite and between 0 and 1"),
        ({"value": math.nan}, "value must be finite; got nan"),
    ],
)
def test_no_such_campaign(wrong: dict[str, float], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Campaign(**{"contact_cost": 1.0, "offer_cost": 1.0, "acceptance": 0.5, "value": 1.0, **wrong})


def test_bad_arguments_are_named() -> None:
    with pytest.raises(ValueError, match=r"value has the shape \(2,\), and there are 4 customers"):
        gain(PREDICTED, campaign=CAMPAIGN, value=[1, 2])
    with pytest.raises(ValueError, match="value has 1 values that are not finite, the first in row 1"):
        gain([0.1, 0.2], campaign=CAMPAIGN, value=[1, math.nan])
    with pytest.raises(ValueError, match="probability has 1 values that are not finite, the first in row 0"):
        gain([math.nan, 0.2], campaign=CAMPAIGN)
    with pytest.raises(ValueError, match=r"probability has the shape \(1, 2\)"):
        gain([[0.1, 0.2]], campaign=CAMPAIGN)
    with pytest.raises(ValueError, match=r"between 0 and 1; row 1 has 1\.2"):
        profit_curve([0, 1], [0.1, 1.2], campaign=CAMPAIGN)
    with pytest.raises(ValueError, match="actual must be 0 or 1"):
        best_cut([0, 0.5], [0.1, 0.2], campaign=CAMPAIGN)
    for budget in ({}, {"customers": -1}, {"money": -0.5, "customers": 3}, {"money": math.nan}):
        asked: Any = budget
        with pytest.raises(ValueError, match="a budget is a number of customers or money, from 0 on"):
            at_budget(ACTUAL, PREDICTED, campaign=CAMPAIGN, **asked)
    with pytest.raises(ValueError, match="at least one part; got 0"):
        gains(ACTUAL, PREDICTED, parts=0)
