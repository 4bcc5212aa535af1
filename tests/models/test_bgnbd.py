"""BG/NBD as a model: the published CDNOW numbers, and the contract."""

import json
import math

import numpy as np
import pandas as pd
import pytest

from models.estimators import create
from models.estimators.bgnbd import Bgnbd
from tests.models.cdnow import END, calibration, history, purchases


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    return purchases("CDNOW_sample.txt")


@pytest.fixture(scope="module")
def frame(log: pd.DataFrame) -> pd.DataFrame:
    return history(log)


@pytest.fixture(scope="module")
def model(frame: pd.DataFrame) -> Bgnbd:
    return Bgnbd(horizon_days=39 * 7).fit(frame)


def log_likelihood(params: dict[str, float], frame: pd.DataFrame) -> float:
    """Sum eq. 6 of Fader, Hardie & Lee 2005, customer by customer."""
    r, alpha, a, b = (params[name] for name in ("r", "alpha", "a", "b"))
    total = 0.0
    for x, recency_days, tenure_days in frame.itertuples(index=False):
        t_x, T = recency_days / 7, tenure_days / 7
        alive = math.exp(math.lgamma(b + x) - math.lgamma(a + b + x)) / (alpha + T) ** (r + x)
        gone = a * math.exp(math.lgamma(b + x - 1) - math.lgamma(a + b + x)) / (alpha + t_x) ** (r + x) if x else 0.0
        total += math.lgamma(r + x) - math.lgamma(r) + r * math.log(alpha)
        total += math.lgamma(a + b) - math.lgamma(b) + math.log(alive + gone)
    return total


def test_the_published_fit_of_cdnow_one_tenth(model: Bgnbd, frame: pd.DataFrame) -> None:
    """Fader, Hardie & Lee 2005, table 1; CLVTools test_correctness_bgnbd.R."""
    assert len(frame) == 2357
    published = {"r": 0.2425945, "alpha": 4.4136019, "a": 0.7929199, "b": 2.4258881}
    assert model.params_ == pytest.approx(published, abs=1e-3)
    assert log_likelihood(model.params_, frame) == pytest.approx(-9582.429, abs=1e-3)


def test_no_parameters_nearby_are_likelier(model: Bgnbd, frame: pd.DataFrame) -> None:
    best = log_likelihood(model.params_, frame)
    for name, value in model.params_.items():
        for factor in (0.99, 1.01):
            assert log_likelihood({**model.params_, name: value * factor}, frame) < best


def test_the_fit_of_all_cdnow_customers() -> None:
    model = Bgnbd(horizon_days=7).fit(calibration("CDNOW_master.txt"))
    expected = {"r": 0.25162, "alpha": 4.78894, "a": 0.72343, "b": 2.16109}
    assert model.params_ == pytest.approx(expected, abs=1e-4)


def test_holdout_means_by_calibration_frequency(model: Bgnbd, frame: pd.DataFrame) -> None:
    """BTYD walkthrough, conditional expectations, row BG/NBD: 39 weeks, frequencies 0 … 6 and 7 or more."""
    published = [0.225, 0.523, 1.044, 1.520, 2.164, 2.654, 3.504, 6.157]
    predicted, frequency = model.predict(frame), frame["frequency"].to_numpy()
    means = [predicted[frequency == x].mean() for x in range(7)] + [predicted[frequency >= 7].mean()]
    assert means == pytest.approx(published, abs=6e-4)


def test_the_total_is_near_what_was_bought(model: Bgnbd, log: pd.DataFrame, frame: pd.DataFrame) -> None:
    later = log[(log["day"] > END) & (log["day"] <= END + pd.Timedelta(days=39 * 7))].drop_duplicates()
    assert model.predict(frame).sum() == pytest.approx(len(later), rel=0.15)


def test_one_row_equals_many_bit_for_bit(model: Bgnbd, frame: pd.DataFrame) -> None:
    together = model.predict(frame)
    for row in range(0, len(frame), 41):
        assert model.predict(frame.iloc[[row]])[0] == together[row]


def test_more_time_brings_more_purchases_and_no_nulls(model: Bgnbd, frame: pd.DataFrame) -> None:
    before = np.zeros(len(frame))
    for days in (1, 30, 365, 3650):
        now = Bgnbd(horizon_days=days).restore(model.state()).predict(frame)
        assert (now > before).all()  # so none is NaN
        before = now


def test_state_survives_json_bit_for_bit(model: Bgnbd, frame: pd.DataFrame) -> None:
    again = create("bgnbd", horizon_days=39 * 7).restore(json.loads(json.dumps(model.state())))
    assert (again.predict(frame) == model.predict(frame)).all()
    assert again.state() == model.state()
    assert again.get_params() == {"horizon_days": 273}


def test_y_is_ignored_and_the_contract_is_kept(model: Bgnbd, frame: pd.DataFrame) -> None:
    fitted = create("bgnbd", setting={"horizon_days": 7, "kind": "count"}).fit(frame, frame["frequency"] * 3)
    assert fitted.state() == model.state()
    assert (fitted.learns, fitted.kinds, fitted.labels) == ("past", ("count",), ())


def test_refusals(model: Bgnbd, frame: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="not fitted"):
        Bgnbd(horizon_days=7).predict(frame)
    with pytest.raises(ValueError, match="not fitted"):
        Bgnbd(horizon_days=7).state()
    with pytest.raises(ValueError, match=r"lacks the features \['tenure_days'\]"):
        model.predict(frame.drop(columns="tenure_days"))
    with pytest.raises(ValueError, match=r"only 7 of \d+ customers have a repeat"):
        Bgnbd(horizon_days=7).fit(frame.sort_values("frequency").iloc[: (frame["frequency"] == 0).sum() + 7])
    with pytest.raises(ValueError, match="must be above 0"):
        Bgnbd(horizon_days=0).restore(model.state()).predict(frame)
    with pytest.raises(ValueError, match=r"1 of 2 customers \(first: row 1\) have a null"):
        model.predict(pd.DataFrame({"frequency": [1, None], "recency_days": [7, 7], "tenure_days": [9, 9]}))
