"""Gamma-Gamma as a model: the published CDNOW numbers, and the contract."""

import importlib.util
import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from models.buy_till_you_die.fit import NotConverged
from models.estimators import create
from models.estimators.gamma_gamma import GammaGamma

END = "19970930"


def history(file: str) -> pd.DataFrame:
    """Give repeat purchase days and their mean amount of each CDNOW customer up to END inclusive."""
    spec = importlib.util.find_spec("lifetimes")
    assert spec is not None
    assert spec.origin is not None
    lines = (Path(spec.origin).parent / "datasets" / file).read_text().splitlines()
    spent: dict[str, dict[str, float]] = {}
    for line in lines:
        customer, *_, day, _, dollars = line.split()
        if customer.isdigit() and day <= END:
            days = spent.setdefault(customer, {})
            days[day] = days.get(day, 0.0) + float(dollars)
    rows = []
    for days in spent.values():
        repeats = [days[day] for day in sorted(days)[1:]]
        rows.append((len(repeats), sum(repeats) / len(repeats) if repeats else None))
    return pd.DataFrame(rows, columns=["frequency", "monetary_value"], dtype=float)


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return history("CDNOW_sample.txt")


@pytest.fixture(scope="module")
def model(frame: pd.DataFrame) -> GammaGamma:
    return GammaGamma().fit(frame)


def log_likelihood(params: dict[str, float], frame: pd.DataFrame) -> float:
    """Sum eq. 1a of Fader & Hardie 2013 over repeat buyers."""
    p, q, v = (params[name] for name in "pqv")
    total = 0.0
    for x, m in frame[frame["monetary_value"] > 0].itertuples(index=False):
        total += math.lgamma(p * x + q) - math.lgamma(p * x) - math.lgamma(q) + q * math.log(v)
        total += (p * x - 1) * math.log(m) + p * x * math.log(x) - (p * x + q) * math.log(x * m + v)
    return total


def test_the_published_fit_of_cdnow_one_tenth(model: GammaGamma, frame: pd.DataFrame) -> None:
    """CLVTools test_correctness_gg.R; log-likelihood as computed there."""
    assert (len(frame), (frame["frequency"] > 0).sum()) == (2357, 946)
    found = GammaGamma(prior_sd=None).fit(frame).fit_
    assert found.params == pytest.approx({"p": 6.25, "q": 3.74, "v": 15.44}, abs=5e-3)
    assert found.log_likelihood == pytest.approx(-4055.9177, abs=1e-4)
    assert log_likelihood(dict(found.params), frame) == pytest.approx(-4055.9177, abs=1e-4)
    assert found.customers == 946


def test_the_prior_moves_it_by_a_tenth_of_what_it_is_unsure_of(model: GammaGamma, frame: pd.DataFrame) -> None:
    plain = GammaGamma(prior_sd=None).fit(frame).fit_
    for name, value in model.params_.items():
        assert 0 < abs(value - plain.params[name]) < 0.1 * plain.standard_errors[name]


def test_the_fit_of_all_cdnow_customers() -> None:
    frame = history("CDNOW_master.txt")
    assert (frame["monetary_value"] > 0).sum() == 9450
    expected = {"p": 6.2754, "q": 3.6245, "v": 14.9837}
    found = GammaGamma(prior_sd=None).fit(frame).fit_
    assert found.params == pytest.approx(expected, rel=1e-4)
    assert found.log_likelihood == pytest.approx(-40763.4763, abs=1e-3)


def test_who_has_no_repeat_gets_the_population_mean_and_the_others_lie_between(
    model: GammaGamma, frame: pd.DataFrame
) -> None:
    p, q, v = (model.params_[name] for name in "pqv")
    mean, predicted = p * v / (q - 1), model.predict(frame)
    once = frame["frequency"].to_numpy() == 0
    assert predicted[once] == pytest.approx(np.full(once.sum(), mean), rel=1e-14)
    own = frame["monetary_value"].to_numpy()[~once]
    assert (predicted[~once] >= np.minimum(own, mean) - 1e-9).all()
    assert (predicted[~once] <= np.maximum(own, mean) + 1e-9).all()


def test_amounts_of_zero_or_less_are_predicted_and_not_learned_from(model: GammaGamma, frame: pd.DataFrame) -> None:
    odd = pd.DataFrame({"frequency": [1.0, 20.0, 20.0], "monetary_value": [0.0, 0.0, -8.0]})
    assert GammaGamma().fit(pd.concat([frame, odd])).state() == model.state()
    once, often, returner = model.predict(odd)
    assert 0 < often == returner < once < model.predict(frame).mean()


def test_one_row_equals_many_bit_for_bit(model: GammaGamma, frame: pd.DataFrame) -> None:
    together = model.predict(frame)
    for row in range(0, len(frame), 41):
        assert model.predict(frame.iloc[[row]])[0] == together[row]


def test_state_survives_json_bit_for_bit(model: GammaGamma, frame: pd.DataFrame) -> None:
    again = GammaGamma().restore(json.loads(json.dumps(model.state())))
    assert (again.predict(frame) == model.predict(frame)).all()
    assert (again.state(), again.get_params()) == (model.state(), {"prior_sd": 2.0})
    assert again.params_ == model.params_
    assert again.correlation_ == model.correlation_


def test_y_is_ignored_and_the_contract_is_kept(model: GammaGamma, frame: pd.DataFrame) -> None:
    fitted = create("gamma_gamma", setting={"horizon_days": 7, "kind": "amount"}).fit(frame, frame["frequency"])
    assert fitted.state() == model.state()
    assert (fitted.learns, fitted.kinds, fitted.labels) == ("past", ("amount",), ())


def test_it_tells_how_spend_goes_with_frequency(model: GammaGamma, frame: pd.DataFrame) -> None:
    repeaters = frame[frame["monetary_value"] > 0]
    expected = spearmanr(repeaters["frequency"], repeaters["monetary_value"]).statistic
    assert model.correlation_ == pytest.approx(expected, abs=1e-12)
    assert 0.1 < model.correlation_ < 0.25
    richer = frame.assign(monetary_value=frame["monetary_value"] * (1 + frame["frequency"]))
    assert GammaGamma().fit(richer).correlation_ > 0.6


def test_weights_are_customers(frame: pd.DataFrame) -> None:
    weight = np.arange(len(frame)) % 3
    weighed = GammaGamma().fit(frame, sample_weight=weight)
    repeated = GammaGamma().fit(frame.loc[np.repeat(frame.index, weight)])
    assert weighed.params_ == pytest.approx(repeated.params_, rel=1e-6)


def test_what_has_no_mean_or_no_spread_is_refused_with_the_reason(frame: pd.DataFrame) -> None:
    rng = np.random.default_rng(0)
    wild = frame.assign(monetary_value=np.exp(rng.normal(3, 3, len(frame))))
    with pytest.raises(ValueError, match=r"with q = 0\.\d+, and at q <= 1 mean spend is infinite; cap the few extreme"):
        GammaGamma().fit(wild)
    for noise in (0.0, 1e-3):
        alike = frame.assign(monetary_value=20 + noise * rng.normal(size=len(frame)))
        with pytest.raises(
            ValueError, match=r"mean amounts of all 946 customers are alike \(about 20.* multiply the exp"
        ):
            GammaGamma().fit(alike)
    by_count = frame.assign(monetary_value=20 / frame["frequency"].clip(lower=1))
    with pytest.raises(NotConverged, match=r"Gamma-Gamma did not converge on 946 customers"):
        GammaGamma(prior_sd=None).fit(by_count)


def test_refusals(model: GammaGamma, frame: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="not fitted"):
        GammaGamma().predict(frame)
    with pytest.raises(ValueError, match="not fitted"):
        GammaGamma().state()
    with pytest.raises(ValueError, match=r"lacks the features \['monetary_value'\]"):
        model.predict(frame[["frequency"]])
    with pytest.raises(ValueError, match="only 0 of 1411 customers have a mean amount above 0"):
        GammaGamma().fit(frame[frame["frequency"] == 0])
    with pytest.raises(ValueError, match="have purchase days but a null"):
        model.predict(frame.assign(frequency=1))


def test_customers_are_counted_by_their_weight() -> None:
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"frequency": rng.integers(1, 9, 40), "monetary_value": rng.gamma(3.0, 10.0, 40)})
    assert GammaGamma().fit(X, sample_weight=np.full(40, 100)).fit_.customers == 4000
    many = pd.DataFrame({"frequency": rng.integers(1, 9, 100), "monetary_value": rng.gamma(3.0, 10.0, 100)})
    with pytest.raises(ValueError, match="only 2 of 2 customers have a mean amount above 0"):
        GammaGamma().fit(many, sample_weight=np.append([1.0, 1.0], np.zeros(98)))
