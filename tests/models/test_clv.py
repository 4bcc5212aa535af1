"""Expected spend: that it is purchases times value, and the contract."""

import json

import numpy as np
import pandas as pd
import pytest

from models.buy_till_you_die import expected_purchases, expected_value, fit_bgnbd, fit_gamma_gamma
from models.estimators import create
from models.estimators.clv import Clv


def simulate(n: int = 4000, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """Simulate BG/NBD buyers who spend by Gamma-Gamma: 280 days of history, and spend in the 140 days after."""
    rng = np.random.default_rng(seed)
    rows, later = [], []
    for _ in range(n):
        rate, dropout, price = rng.gamma(0.6, 1 / 30), rng.beta(0.6, 3.0), 40 / rng.gamma(4.0)
        start, day = int(rng.integers(0, 90)), 0
        days = [start]
        while rng.random() > dropout and day < 420:
            day = days[-1] + 1 + int(rng.exponential(1 / rate))
            days.append(day)
        paid = rng.gamma(3.0, price / 3.0, len(days))
        past = [(day, amount) for day, amount in zip(days, paid, strict=True) if day < 280]
        first, last = past[0][0], past[-1][0]
        rows.append((len(past) - 1, last - first, 280 - first, sum(amount for _, amount in past) / len(past)))
        later.append(sum(amount for day, amount in zip(days, paid, strict=True) if 280 <= day < 420))
    return pd.DataFrame(rows, columns=list(Clv.requires), dtype=float), np.array(later)


@pytest.fixture(scope="module")
def sample() -> tuple[pd.DataFrame, np.ndarray]:
    return simulate()


@pytest.fixture(scope="module")
def frame(sample: tuple[pd.DataFrame, np.ndarray]) -> pd.DataFrame:
    return sample[0]


@pytest.fixture(scope="module")
def model(frame: pd.DataFrame) -> Clv:
    return Clv(horizon_days=140).fit(frame)


def test_it_is_purchases_times_value_with_the_first_day_counted_in_value_alone(model: Clv, frame: pd.DataFrame) -> None:
    weeks = {"x": frame["frequency"], "t_x": frame["recency_days"] / 7, "T": frame["tenure_days"] / 7}
    days, amount = frame["frequency"] + 1, frame["mean_day_spend"]
    purchases = expected_purchases(fit_bgnbd(**weeks), horizon=20, **weeks)
    value = expected_value(fit_gamma_gamma(days, amount), x=days, m=amount)
    assert model.predict(frame) == pytest.approx(purchases * value, rel=1e-14)


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
        now = Clv(horizon_days=days).restore(model.state()).predict(returner)
        assert (now > before).all()
        before = now
    assert before[0] < before[4]


def test_more_spend_is_worth_more(model: Clv, frame: pd.DataFrame) -> None:
    doubled = frame.assign(mean_day_spend=2 * frame["mean_day_spend"])
    assert (model.predict(doubled) > model.predict(frame)).all()


def test_one_row_equals_many_bit_for_bit(model: Clv, frame: pd.DataFrame) -> None:
    together = model.predict(frame)
    for row in range(0, len(frame), 97):
        assert model.predict(frame.iloc[[row]])[0] == together[row]


def test_state_survives_json_bit_for_bit(model: Clv, frame: pd.DataFrame) -> None:
    again = create("clv", horizon_days=140).restore(json.loads(json.dumps(model.state())))
    assert (again.predict(frame) == model.predict(frame)).all()
    assert (again.state(), again.get_params()) == (model.state(), {"horizon_days": 140})


def test_y_is_ignored_and_the_contract_is_kept(model: Clv, frame: pd.DataFrame) -> None:
    fitted = create("clv", setting={"horizon_days": 7, "kind": "amount"}).fit(frame, frame["frequency"])
    assert fitted.state() == model.state()
    assert (fitted.learns, fitted.kinds, fitted.labels) == ("past", ("amount",), ())


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
