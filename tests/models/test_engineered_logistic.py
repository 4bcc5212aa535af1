"""The bent logistic regression: its formula from its state, what it can follow, and what decides nothing."""

import json
import math
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest

import models.estimators.engineered_logistic as module
from models.estimators import create
from models.estimators.engineered_logistic import EngineeredLogistic

ROWS = 4000


def drawn(log_odds: np.ndarray, seed: int = 9) -> pd.Series:
    return pd.Series((np.random.default_rng(seed).random(len(log_odds)) < 1 / (1 + np.exp(-log_odds))).astype(float))


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """Draw customers of three numbers, one of them with nulls, and a plan."""
    rng = np.random.default_rng(0)
    plan = rng.choice(np.array(["gold", "iron", "lead", None], dtype=object), ROWS)
    return pd.DataFrame(
        {
            "customer_id": [f"c{number}" for number in range(ROWS)],
            "days": rng.exponential(60, ROWS).round(),
            "change": rng.normal(0, 20, ROWS),
            "spend": np.where(rng.random(ROWS) < 0.2, np.nan, rng.gamma(2, 15, ROWS)),
            "plan": pd.Series(plan, dtype="str"),
        }
    )


@pytest.fixture(scope="module")
def y(frame: pd.DataFrame) -> pd.Series:
    steps = frame["plan"].map({"gold": -1.0, "iron": 1.0, "lead": 0.0}).fillna(0.5)
    return drawn((np.log1p(frame["days"]) - 3.5 + steps + 0.02 * frame["change"]).to_numpy())


def terms_by_hand(shape: dict[str, Any], value: Any) -> list[float | None]:
    """Give one value's terms; None for what is the training mean."""
    missing = value is None or value != value
    if "names" in shape:
        level = "(null)" if missing else value if value in shape["names"] else "(other)"
        labels = [*shape["names"], *["(other)"] * shape["rare"], *["(null)"] * shape["nulls"]]
        return [float(label == level) for label in labels]
    low, high = shape["knots"][0], shape["knots"][-1]
    lines: list[float | None] = [None for _ in shape["knots"][:-1]]
    if not missing:
        inside = min(max(math.copysign(math.log1p(abs(value)), value), low), high)
        lines = [max(inside - knot, 0.0) for knot in shape["knots"][:-1]]
    return [*lines, float(missing)] if shape["nulls"] else lines


def by_hand(state: dict[str, Any], row: dict[Any, Any]) -> list[float]:
    """Give one row's shares and the base, from the state and the row as plain Python."""
    terms = [(place, term) for place, (name, shape) in enumerate(zip(state["features"], state["shapes"], strict=True))
             for term in terms_by_hand(shape, row[name])]  # fmt: skip

    def weighed(fit: dict[str, Any], column: int, term: float | None) -> float:
        return 0.0 if term is None else fit["weights"][column] * (term - fit["means"][column])

    effects, shares = [0.0] * len(state["features"]), [0.0] * len(state["features"])
    for column, (place, term) in enumerate(terms):
        effects[place] += weighed(state["first"], column, term)
        shares[place] += weighed(state["second"], column, term)
    for column, (one, other) in enumerate(state["pairs"], start=len(terms)):
        product = effects[one] / state["spread"][one] * effects[other] / state["spread"][other]
        for place in (one, other):
            shares[place] += weighed(state["second"], column, product) / 2
    return [*shares, state["second"]["intercept"]]


def test_shares_and_probability_are_those_of_the_formula(frame: pd.DataFrame, y: pd.Series) -> None:
    model = EngineeredLogistic(bends=2, strongest=3).fit(frame, y)
    state = json.loads(json.dumps(model.state()))
    assert len(state["pairs"]) == 3
    asked = pd.concat([frame.head(60), frame.tail(1).assign(days=1e9, change=-1e9, spend=None, plan="new")])
    shares, predicted = model.contributions(asked), model.predict(asked)
    for row, (_, values) in enumerate(asked.iterrows()):
        expected = by_hand(state, values.to_dict())
        assert shares[row].tolist() == pytest.approx(expected, abs=1e-10)
        assert predicted[row] == pytest.approx(1 / (1 + math.exp(-sum(expected))), abs=1e-12)


def test_it_is_the_minimum_of_the_penalised_loss_in_what_can_be_seen(frame: pd.DataFrame, y: pd.Series) -> None:
    """The intercept is free: the mean of what is predicted is what came. A weaker penalty fits better, never worse."""
    losses = []
    for C in (1e-5, 1e-3, 0.1):
        model = EngineeredLogistic(C).fit(frame, y)
        predicted = model.predict(frame)
        assert predicted.mean() == pytest.approx(y.mean(), abs=1e-5)
        losses.append(loss(y, predicted))
    assert losses == sorted(losses, reverse=True)
    assert losses[0] - losses[-1] > 0.02


def loss(y: pd.Series, predicted: np.ndarray) -> float:
    return float(-np.log(np.where(y == 1, predicted, 1 - predicted)).mean())


def test_shares_are_0_on_average_and_the_intercept_is_the_base(frame: pd.DataFrame, y: pd.Series) -> None:
    model = EngineeredLogistic().fit(frame, y)
    shares = model.contributions(frame)
    assert shares[:, :-1].mean(axis=0).tolist() == pytest.approx([0] * 4, abs=1e-9)
    assert set(shares[:, -1]) == {model.second_.intercept}


def test_bends_follow_what_rises_and_then_stays() -> None:
    frame = pd.DataFrame({"days": np.random.default_rng(1).uniform(0, 100, ROWS)})
    rising = 6 * np.minimum(np.log1p(frame["days"]), 3.0).to_numpy() - 15
    straight, bent = (EngineeredLogistic(1.0, bends=bends).fit(frame, drawn(rising)) for bends in (0, 4))
    truth = 1 / (1 + np.exp(-rising))
    far = frame["days"] > 30
    assert np.abs(bent.predict(frame) - truth)[far].mean() < 0.02 < np.abs(straight.predict(frame) - truth)[far].mean()


def test_products_follow_what_works_only_together() -> None:
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"a": rng.normal(size=ROWS), "b": rng.normal(size=ROWS), "idle": rng.normal(size=ROWS)})
    log_odds = (frame["a"] + frame["b"] + 1.5 * frame["a"] * frame["b"]).to_numpy()
    y, fresh = drawn(log_odds), drawn(log_odds, seed=10)
    alone, together = (EngineeredLogistic(strongest=count).fit(frame, y) for count in (0, 2))
    assert (alone.pairs_, together.pairs_) == ([], [(0, 1)])
    assert loss(fresh, together.predict(frame)) < loss(fresh, alone.predict(frame)) - 0.05


def test_a_null_is_told_apart_where_training_had_nulls(frame: pd.DataFrame) -> None:
    missing = frame["spend"].isna()
    predicted = EngineeredLogistic(0.1).fit(frame, drawn(np.where(missing, 2.0, -2.0))).predict(frame)
    assert predicted[missing].min() > 0.6 > 0.4 > predicted[~missing].max()


def test_a_null_says_nothing_where_training_had_none(frame: pd.DataFrame, y: pd.Series) -> None:
    shares = EngineeredLogistic(strongest=0).fit(frame, y).contributions(frame.assign(days=np.nan))
    assert set(shares[:, 0]) == {0}
    assert np.isfinite(shares).all()


def test_what_is_the_same_for_all_or_never_there_decides_nothing(frame: pd.DataFrame, y: pd.Series) -> None:
    odd = frame.assign(same=5.0, never=np.nan, nothing=None, one_plan="a", ids=frame["customer_id"])
    model = EngineeredLogistic().fit(odd, y)
    shares = model.contributions(odd.assign(same=77.0, never=3.0, one_plan="b", ids="c17"))
    assert model.features_[4:] == ["same", "never", "nothing", "one_plan", "ids"]
    assert np.abs(shares[:, 4:-1]).max() == 0
    assert model.pairs_ == list(combinations(range(4), 2))
    assert model.predict(odd) == pytest.approx(EngineeredLogistic().fit(frame, y).predict(frame), abs=1e-9)


def test_rows_are_taken_in_chunks_that_do_not_show(
    frame: pd.DataFrame, y: pd.Series, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = EngineeredLogistic().fit(frame, y)
    whole = model.contributions(frame)
    monkeypatch.setattr(module, "CHUNK", 7)
    assert model.contributions(frame).tolist() == whole.tolist()
    assert model.contributions(frame.iloc[:0]).shape == (0, 5)
    assert model.predict(frame.iloc[:0]).shape == (0,)


def test_of_too_many_rows_it_takes_some_evenly(
    frame: pd.DataFrame, y: pd.Series, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = pd.Series(np.arange(ROWS) % 2 == 0)
    monkeypatch.setattr(module, "MOST_ROWS", 501)
    kept = np.linspace(0, ROWS // 2 - 1, 501).astype(int) * 2
    expected = EngineeredLogistic().fit(frame.iloc[kept], y.iloc[kept]).state()
    assert EngineeredLogistic().fit(frame.assign(eligible=asked), y).state() == expected


def test_each_knob_turns_something(frame: pd.DataFrame, y: pd.Series) -> None:
    plain = EngineeredLogistic().fit(frame, y).predict(frame).tolist()
    knobs: dict[str, Any] = {"C": 0.5, "bends": 1, "strongest": 2}
    for name, value in knobs.items():
        assert create("engineered_logistic", **{name: value}).fit(frame, y).predict(frame).tolist() != plain


def test_an_outcome_that_is_the_same_for_all_is_refused(frame: pd.DataFrame, y: pd.Series) -> None:
    with pytest.raises(ValueError, match="class"):
        EngineeredLogistic().fit(frame, y * 0)
