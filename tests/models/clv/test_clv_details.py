"""What is told of each customer beside the expected value: where it comes from, the interval, the next order, flags."""

import json

import numpy as np
import pandas as pd
import pytest

from models.buy_till_you_die.processes import PROCESSES
from models.contract import Detailed
from models.estimators import create
from models.estimators.clv import Clv
from models.lifetime_value.flags import joined
from models.purchases import histories
from tests.models.clv.buyers import CUTOFF, HORIZON, on

COLUMNS = ["p_alive", "expected_purchases", "expected_value", "clv", "low", "high", "next_order", "flags"]


def test_details_stand_beside_the_score(model: Clv, frame: pd.DataFrame) -> None:
    odd = frame.set_axis(np.arange(len(frame))[::-1] * 3)
    told = model.details(odd)
    assert isinstance(model, Detailed)
    assert told.columns.tolist() == COLUMNS
    assert told.index.tolist() == odd.index.tolist()
    assert told["clv"].tolist() == model.predict(frame).tolist()
    assert (told["expected_purchases"] * told["expected_value"]).to_numpy() == pytest.approx(model.predict(frame))
    assert told["p_alive"].between(0, 1).all()
    assert (told["low"] <= told["high"]).all()
    assert (told["low"] >= 0).all()
    assert told.drop(columns="next_order").notna().all(axis=None)


def test_details_of_a_row_alone_are_those_among_many_bit_for_bit(model: Clv, frame: pd.DataFrame) -> None:
    together = model.details(frame)
    fresh = on(model)
    for row in range(0, len(frame), 211):
        pd.testing.assert_frame_equal(fresh.details(frame.iloc[[row]]), together.iloc[[row]], check_exact=True)
    pd.testing.assert_frame_equal(fresh.details(frame[::-1])[::-1], together, check_exact=True)
    again = create("clv", horizon_days=HORIZON).restore(json.loads(json.dumps(model.state())))
    assert isinstance(again, Clv)
    pd.testing.assert_frame_equal(again.details(frame), together, check_exact=True)


@pytest.mark.parametrize("repeat_only", [False, True])
def test_the_interval_holds_what_came(sample: tuple[pd.DataFrame, np.ndarray], repeat_only: bool) -> None:
    frame, later = sample
    told = Clv(HORIZON, repeat_only=repeat_only).fit(frame).details(frame)
    assert 0.88 < ((told["low"] <= later) & (later <= told["high"])).mean() < 0.96
    above = (later > told["high"])[frame["frequency"] > 0].mean()
    assert 0.03 < above < 0.055  # with one amount too many or too few it is .07 or .025


def test_the_interval_is_on_the_same_terms_as_the_value(model: Clv, frame: pd.DataFrame) -> None:
    plain, cost = model.details(frame), 12 * HORIZON / 365.25
    margin, costly = on(model, margin=0.3).details(frame), on(model, cost_per_year=12).details(frame)
    for name in ("low", "high", "clv"):
        assert margin[name].to_numpy() == pytest.approx(0.3 * plain[name])
        assert costly[name].to_numpy() == pytest.approx(plain[name] - cost)
    loss = on(model, margin=-1.0).details(frame)
    assert loss["low"].to_numpy() == pytest.approx(-plain["high"])
    assert loss["high"].to_numpy() == pytest.approx(-plain["low"])
    later = on(model, discount_rate=0.5).details(frame)
    assert later["high"].to_numpy() == pytest.approx(plain["high"] * later["clv"] / plain["clv"])
    for told in (margin, costly, loss, later):  # what is not money stays what it is
        pd.testing.assert_frame_equal(
            told[["p_alive", "expected_purchases", "next_order", "flags"]],
            plain[["p_alive", "expected_purchases", "next_order", "flags"]],
        )


def test_the_next_order_is_awaited_of_those_who_probably_place_one(model: Clv, frame: pd.DataFrame) -> None:
    told, found, process = model.details(frame), histories(frame), PROCESSES["pareto_nbd"]
    params = model.purchases_.params
    silent = found.spread(process.p_silent(params, found, horizon=HORIZON / 7))
    assert (told["next_order"].isna() == (silent >= 0.5)).all()
    some = told["next_order"].notna().to_numpy()
    assert 100 < some.sum() < 3000
    wait = (told["next_order"][some] - CUTOFF).dt.days.to_numpy()
    median = found.spread(process.next_purchase(params, found))[some] * 7
    assert (wait - 1 < median).all()
    assert (median <= wait).all()
    assert (wait <= HORIZON).all()
    with pytest.raises(ValueError, match=r"lacks the features \['cutoff'\]"):
        model.details(frame.drop(columns="cutoff"))


def test_flags_say_what_to_beware_of(model: Clv, frame: pd.DataFrame) -> None:
    columns = [*Clv.requires, "cutoff"]
    rows = [(5, 270, 280, 40.0), (0, 0, 30, 40.0), (9, 60, 280, 40.0), (5, 270, 280, 90_000.0), (9, 60, 280, -3.0)]
    odd = pd.DataFrame([(*row, CUTOFF) for row in rows], columns=columns)
    gone = model.details(odd)["p_alive"] < 0.5
    assert gone.tolist() == [False, False, True, False, True]
    assert model.details(odd)["flags"].tolist() == [
        "",
        "one purchase only",
        "probably gone",
        "amount far outside",
        "probably gone; amount far outside",
    ]
    long = "extrapolated: horizon longer than the history seen"
    assert on(model, horizon_days=280).details(odd)["flags"][0] == ""
    assert on(model, horizon_days=281).details(odd)["flags"].tolist()[:2] == [long, f"one purchase only; {long}"]
    grows = frame.assign(mean_day_spend=frame["mean_day_spend"] * (1 + frame["frequency"]))
    falls = frame.assign(mean_day_spend=frame["mean_day_spend"] / (1 + frame["frequency"]))
    assert Clv(HORIZON).fit(grows).details(odd)["flags"][0] == "spend grows with frequency"
    assert Clv(HORIZON).fit(falls).details(odd)["flags"][0] == "spend falls with frequency"


def test_flags_are_joined_in_their_order() -> None:
    none, some = np.array([False, False, False]), np.array([True, False, True])
    assert joined({"a": some, "b": none, "c": ~none}).tolist() == ["a; c", "c", "a; c"]
    assert joined({"a": none}).tolist() == ["", "", ""]
    assert joined({"a": none[:0]}).tolist() == []
