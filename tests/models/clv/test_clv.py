"""Expected value: that it is purchases times amounts on its terms, month by month, and the contract."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from configs.registry import UnknownName
from models.buy_till_you_die.fit import fit
from models.buy_till_you_die.gamma_gamma import Amounts
from models.buy_till_you_die.gamma_gamma import GammaGamma as Spend
from models.buy_till_you_die.processes import PROCESSES
from models.estimators import create
from models.estimators.clv import Clv
from models.purchases import histories
from tests.models.clv.buyers import HORIZON, on

# ---- what it is ----


@pytest.mark.parametrize("process", list(PROCESSES))
def test_it_is_purchases_times_value_with_the_first_day_counted_in_value_alone(
    frame: pd.DataFrame, process: str
) -> None:
    found, amounts = histories(frame), Amounts.of(x=frame["frequency"] + 1, m=frame["mean_day_spend"])
    params = fit(PROCESSES[process], found).params
    purchases = found.spread(PROCESSES[process].expected_purchases(params, found, horizon=HORIZON / 7))
    value = Spend().expected_value(fit(Spend(), amounts.positive).params, amounts)
    predicted = Clv(HORIZON, process=process).fit(frame).predict(frame)
    assert predicted == pytest.approx(purchases * value, rel=1e-12)


def test_it_may_learn_amounts_from_repeat_days_alone_as_the_papers_do(frame: pd.DataFrame) -> None:
    model = Clv(HORIZON, repeat_only=True).fit(frame)
    assert model.requires == ("frequency", "recency_days", "tenure_days", "monetary_value")
    amounts = Amounts.of(x=frame["frequency"], m=frame["monetary_value"])
    assert model.value_.params_ == fit(Spend(), amounts.positive).params
    once = (frame["frequency"] == 0).to_numpy()
    told = model.details(frame)
    assert len(set(told["expected_value"][once])) == 1
    assert len(set(told["expected_value"][~once])) > 100
    odd = frame.drop(columns="mean_day_spend").assign(monetary_value=frame["monetary_value"].where(~once))
    assert model.predict(odd).tolist() == model.predict(frame).tolist()


def test_it_foretells_the_total_and_the_order(model: Clv, sample: tuple[pd.DataFrame, np.ndarray]) -> None:
    frame, later = sample
    predicted = model.predict(frame)
    assert predicted.sum() == pytest.approx(later.sum(), rel=0.1)
    top = np.argsort(-predicted)[: len(frame) // 10]
    assert later[top].sum() > 0.35 * later.sum()


def test_it_is_never_negative_and_grows_with_the_horizon(model: Clv, frame: pd.DataFrame) -> None:
    returner = frame.iloc[:5].assign(mean_day_spend=[-20.0, 0.0, 1.0, 10.0, 1e6])
    before = np.zeros(5)
    for days in (1, 30, 365, 3650):
        now = on(model, horizon_days=days).predict(returner)
        assert (now > before).all()
        before = now
    assert before[0] < before[4]


def test_more_spend_is_worth_more(model: Clv, frame: pd.DataFrame) -> None:
    doubled = frame.assign(mean_day_spend=2 * frame["mean_day_spend"])
    assert (model.predict(doubled) > model.predict(frame)).all()


# ---- its terms ----


def test_interest_is_paid_from_the_day_on_which_each_purchase_comes(model: Clv, frame: pd.DataFrame) -> None:
    """Day by day what is added counts exp(−rate · years); half a day off either way nearly cancels."""
    some, total, before = frame.iloc[:50], np.zeros(50), np.zeros(50)
    for day in range(HORIZON):
        until = on(model, horizon_days=day + 1).predict(some)
        total += (until - before) * np.exp(-0.8 * (day + 0.5) / 365.25)
        before = until
    assert on(model, discount_rate=0.8).predict(some) == pytest.approx(total, rel=1e-6)
    assert (total < 0.95 * before).any()


def test_the_margin_is_a_share_of_revenue_the_same_or_each_customers_own(model: Clv, frame: pd.DataFrame) -> None:
    revenue = model.predict(frame)
    assert on(model, margin=0.3).predict(frame) == pytest.approx(0.3 * revenue)
    own = on(model, margin=0.3, margin_from="share")
    assert own.requires == (*Clv.requires, "share")
    assert own.predict(frame) == pytest.approx(frame["share"] * revenue)
    assert (own.predict(frame) < 0).any()
    unknown = own.predict(frame.assign(share=frame["share"].where(frame["share"] > 0)))
    assert unknown == pytest.approx(np.where(frame["share"] > 0, 0.4, 0.3) * revenue)
    with pytest.raises(ValueError, match=r"lacks the features \['share'\]"):
        Clv(HORIZON, margin_from="share").fit(frame.drop(columns="share"))


def test_a_cost_falls_due_all_the_time_whoever_is_alive(model: Clv, frame: pd.DataFrame) -> None:
    revenue, years = model.predict(frame), HORIZON / 365.25
    assert on(model, cost_per_year=12).predict(frame) == pytest.approx(revenue - 12 * years)
    discounted = on(model, cost_per_year=12, discount_rate=0.5).predict(frame)
    cost = sum(12 * years / 1000 * np.exp(-0.5 * years * (step + 0.5) / 1000) for step in range(1000))
    assert discounted == pytest.approx(on(model, discount_rate=0.5).predict(frame) - cost, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize(
    ("terms", "told"),
    [
        ({"discount_rate": -0.1}, "discount_rate is -0.1; give the yearly rate"),
        ({"discount_rate": float("inf")}, "discount_rate is inf"),
        ({"margin": float("nan")}, "margin is nan; give the share of revenue"),
        ({"cost_per_year": -1.0}, "cost_per_year is -1.0; give a cost from 0 on"),
        ({"process": "sbg"}, "unknown process 'sbg'"),
    ],
)
def test_terms_that_cannot_be_are_refused(frame: pd.DataFrame, terms: dict[str, Any], told: str) -> None:
    with pytest.raises((ValueError, UnknownName), match=told):
        Clv(HORIZON, **terms).fit(frame)


# ---- month by month ----


@pytest.mark.parametrize("terms", [{}, {"discount_rate": 0.3, "margin": 0.4, "cost_per_year": 5.0}])
def test_the_months_of_the_horizon_add_up_to_it(model: Clv, frame: pd.DataFrame, terms: dict[str, Any]) -> None:
    other = on(model, **terms)
    months = other.by_month(frame)
    assert months.shape == (len(frame), 5)  # 140 days are 4.6 months
    assert months.sum(axis=1) == pytest.approx(other.predict(frame), rel=1e-9, abs=1e-9)
    ends = [30.4375 * month for month in (1, 2)]
    first, second = (on(other, horizon_days=end).predict(frame) for end in ends)
    assert months[:, 0] == pytest.approx(first)
    assert months[:, 1] == pytest.approx(second - first, abs=1e-9)
    plain = other.by_month(frame, discounted=False).sum(axis=1)
    assert plain == pytest.approx(on(other, discount_rate=0.0).predict(frame), rel=1e-9, abs=1e-9)


def test_months_may_be_more_or_fewer_and_customers_fade(model: Clv, frame: pd.DataFrame) -> None:
    two, year = model.by_month(frame, 2), model.by_month(frame, 12)
    assert (two.shape, year.shape) == ((len(frame), 2), (len(frame), 12))
    assert two == pytest.approx(year[:, :2])
    assert (np.diff(year, axis=1) < 0).all()
    alone = model.by_month(frame.iloc[[7]], 12)
    assert alone[0].tolist() == year[7].tolist()


# ---- the contract ----


def test_one_row_equals_many_bit_for_bit(model: Clv, frame: pd.DataFrame) -> None:
    together = model.predict(frame)
    for row in range(0, len(frame), 97):
        assert model.predict(frame.iloc[[row]])[0] == together[row]


def test_state_survives_json_bit_for_bit(model: Clv, frame: pd.DataFrame) -> None:
    again = create("clv", horizon_days=HORIZON).restore(json.loads(json.dumps(model.state())))
    assert (again.predict(frame) == model.predict(frame)).all()
    assert (again.state(), again.get_params()) == (model.state(), model.get_params())


def test_y_is_ignored_and_the_contract_is_kept(model: Clv, frame: pd.DataFrame) -> None:
    fitted = create("clv", setting={"horizon_days": 7, "kind": "amount"}).fit(frame, frame["frequency"])
    assert fitted.state() == model.state()
    assert (fitted.learns, fitted.kinds, fitted.labels) == ("past", ("amount",), ())


def test_weights_are_customers(frame: pd.DataFrame) -> None:
    weight = np.arange(len(frame)) % 3
    weighed = Clv(HORIZON).fit(frame, sample_weight=weight)
    repeated = Clv(HORIZON).fit(frame.loc[np.repeat(frame.index, weight)])
    assert weighed.predict(frame) == pytest.approx(repeated.predict(frame), rel=1e-5)


def test_refusals(model: Clv, frame: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="not fitted"):
        Clv(horizon_days=7).predict(frame)
    with pytest.raises(ValueError, match="not fitted"):
        Clv(horizon_days=7).state()
    with pytest.raises(ValueError, match=r"lacks the features \['mean_day_spend'\]"):
        model.predict(frame.drop(columns="mean_day_spend"))
    with pytest.raises(ValueError, match=r"only 0 of \d+ customers have a repeat purchase day"):
        Clv(horizon_days=7).fit(frame[frame["frequency"] == 0])
    with pytest.raises(ValueError, match="only 0 of 4000 customers have a mean amount above 0"):
        Clv(horizon_days=7).fit(frame.assign(mean_day_spend=0.0))
    with pytest.raises(ValueError, match=r"4000 of 4000 customers .* null or infinite mean amount"):
        model.predict(frame.assign(mean_day_spend=np.nan))


def test_what_was_simulated_on_other_terms_is_not_taken_up_again(frame: pd.DataFrame) -> None:
    spent = frame.assign(monetary_value=frame["mean_day_spend"])
    model = Clv(HORIZON).fit(spent)
    model.details(spent.head(40))
    turned = model.set_params(repeat_only=True).details(spent.head(40))
    fresh = Clv(HORIZON, repeat_only=True).restore(model.state()).details(spent.head(40))
    pd.testing.assert_frame_equal(turned, fresh)


def test_a_margin_without_end_is_refused(frame: pd.DataFrame) -> None:
    endless = frame.assign(margin=np.where(np.arange(len(frame)) == 3, np.inf, 0.3))
    with pytest.raises(
        ValueError, match=r"\(first: row 3\) have an infinite margin, which is to be a share of revenue"
    ):
        Clv(HORIZON, margin_from="margin").fit(endless)
