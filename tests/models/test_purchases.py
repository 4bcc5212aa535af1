"""Models of purchases on a frame in days: their numbers are tested with the processes, here is the contract."""

import json

import numpy as np
import pandas as pd
import pytest

from models.estimators import create
from models.purchases import PurchaseModel
from tests.models.cdnow import END, calibration, history, purchases


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    return purchases("CDNOW_sample.txt")


@pytest.fixture(scope="module")
def frame(log: pd.DataFrame) -> pd.DataFrame:
    return history(log)


@pytest.fixture(scope="module", params=["bgnbd", "mbgnbd", "pareto_nbd"])
def model(request: pytest.FixtureRequest, frame: pd.DataFrame) -> PurchaseModel:
    model = create(request.param, horizon_days=39 * 7).fit(frame, frame["frequency"])
    assert isinstance(model, PurchaseModel)
    return model


def test_parameters_are_in_weeks() -> None:
    """Fader, Hardie & Lee 2005, table 1, here with the prior: it moves them by less than three parts in a thousand."""
    model = create("bgnbd", horizon_days=7)
    assert isinstance(model, PurchaseModel)
    assert model.fit(calibration("CDNOW_sample.txt")).params_ == pytest.approx(
        {"r": 0.2425945, "alpha": 4.4136019, "a": 0.7929199, "b": 2.4258881}, rel=4e-3
    )


def test_the_total_is_near_what_was_bought(model: PurchaseModel, log: pd.DataFrame, frame: pd.DataFrame) -> None:
    later = log[(log["day"] > END) & (log["day"] <= END + pd.Timedelta(days=39 * 7))].drop_duplicates()
    assert model.predict(frame).sum() == pytest.approx(len(later), rel=0.17)


def test_one_row_equals_many_bit_for_bit(model: PurchaseModel, frame: pd.DataFrame) -> None:
    together = model.predict(frame)
    for row in range(0, len(frame), 41):
        assert model.predict(frame.iloc[[row]])[0] == together[row]
    assert model.predict(frame.iloc[:0]).shape == (0,)


def test_more_time_brings_more_purchases_and_no_nulls(model: PurchaseModel, frame: pd.DataFrame) -> None:
    before = np.zeros(len(frame))
    for days in (1, 30, 365, 3650):
        now = type(model)(horizon_days=days).restore(model.state()).predict(frame)
        assert (now > before).all()  # so none is NaN
        before = now


def test_state_survives_json_bit_for_bit(model: PurchaseModel, frame: pd.DataFrame) -> None:
    again = type(model)(**model.get_params()).restore(json.loads(json.dumps(model.state())))
    assert (again.predict(frame) == model.predict(frame)).all()
    assert again.state() == model.state()


def test_without_its_prior_it_is_made_anew_from_its_parameters(model: PurchaseModel, frame: pd.DataFrame) -> None:
    alone = type(model)(7, prior_sd=None).fit(frame)
    name = type(model).__module__.rpartition(".")[2]
    again = create(name, **alone.get_params()).restore(json.loads(json.dumps(alone.state())))
    assert again.predict(frame).tolist() == alone.predict(frame).tolist()
    assert alone.params_ != model.params_


def test_a_weight_is_so_many_customers(model: PurchaseModel, frame: pd.DataFrame) -> None:
    weight = np.arange(len(frame)) % 3
    again = type(model)(7).fit(frame, sample_weight=weight)
    copies = type(model)(7).fit(frame.iloc[np.repeat(np.arange(len(frame)), weight)])
    assert again.params_ == pytest.approx(copies.params_, rel=1e-6)


def test_y_is_ignored_and_the_contract_is_kept(model: PurchaseModel, frame: pd.DataFrame) -> None:
    fitted = type(model)(7).fit(frame, frame["frequency"] * 3)
    assert fitted.state() == model.state()
    assert (fitted.learns, fitted.kinds, fitted.labels) == ("past", ("count",), ())


def test_refusals(model: PurchaseModel, frame: pd.DataFrame) -> None:
    kind = type(model)
    with pytest.raises(ValueError, match="not fitted"):
        kind(horizon_days=7).predict(frame)
    with pytest.raises(ValueError, match="not fitted"):
        kind(horizon_days=7).state()
    with pytest.raises(ValueError, match=r"lacks the features \['tenure_days'\]"):
        model.predict(frame.drop(columns="tenure_days"))
    with pytest.raises(
        ValueError, match=rf"only 7 of \d+ customers have a repeat purchase day and {kind.process.title}"
    ):
        kind(horizon_days=7).fit(frame.sort_values("frequency").iloc[: (frame["frequency"] == 0).sum() + 7])
    with pytest.raises(ValueError, match="must be above 0"):
        kind(horizon_days=0).restore(model.state()).predict(frame)
    with pytest.raises(ValueError, match=r"1 of 2 customers \(first: row 1\) have a null"):
        model.predict(pd.DataFrame({"frequency": [1, None], "recency_days": [7, 7], "tenure_days": [9, 9]}))


def test_what_came_by_calibration_frequency_is_what_was_published(log: pd.DataFrame, frame: pd.DataFrame) -> None:
    """BTYD walkthrough: mean purchase days of the 39 weeks after 1997-09-30, of those with 0, 1 … 7 or more before."""
    later = log[(log["day"] > END) & (log["day"] <= END + pd.Timedelta(days=39 * 7))].drop_duplicates()
    came = later.groupby("customer_id").size().reindex(frame.index, fill_value=0)
    means = came.groupby(frame["frequency"].clip(upper=7)).mean()
    assert means.tolist() == pytest.approx([0.237, 0.697, 1.393, 1.560, 2.532, 2.947, 3.862, 6.359], abs=6e-4)
