"""Gamma-Gamma as a model: the published CDNOW numbers, and the contract."""

import importlib.util
import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

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
    assert model.params_ == pytest.approx({"p": 6.25, "q": 3.74, "v": 15.44}, abs=1e-2)
    assert log_likelihood(model.params_, frame) == pytest.approx(-4055.9177, abs=1e-3)


def test_the_fit_of_all_cdnow_customers() -> None:
    frame = history("CDNOW_master.txt")
    assert (frame["monetary_value"] > 0).sum() == 9450
    expected = {"p": 6.2754, "q": 3.6245, "v": 14.9837}
    assert GammaGamma().fit(frame).params_ == pytest.approx(expected, abs=1e-3)


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
    again = create("gamma_gamma").restore(json.loads(json.dumps(model.state())))
    assert (again.predict(frame) == model.predict(frame)).all()
    assert (again.state(), again.get_params()) == (model.state(), {})


def test_y_is_ignored_and_the_contract_is_kept(model: GammaGamma, frame: pd.DataFrame) -> None:
    fitted = create("gamma_gamma", setting={"horizon_days": 7, "kind": "amount"}).fit(frame, frame["frequency"])
    assert fitted.state() == model.state()
    assert (fitted.learns, fitted.kinds, fitted.labels) == ("past", ("amount",), ())


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
