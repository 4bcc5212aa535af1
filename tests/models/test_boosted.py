"""Boosted trees: what they learn, that each knob turns something, and missing values."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.contract import TargetKind
from models.estimators.boosted import Boosted

ROWS = 800


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """Draw customers of three features, of which the first decides, the second hides it where it is missing."""
    rng = np.random.default_rng(0)
    made = pd.DataFrame({"customer_id": [f"c{n}" for n in range(ROWS)], "cutoff": pd.Timestamp("2024-01-01")})
    return made.assign(a=rng.normal(size=ROWS), b=rng.normal(size=ROWS), c=rng.normal(size=ROWS))


@pytest.fixture(scope="module")
def target(frame: pd.DataFrame) -> dict[TargetKind, pd.Series]:
    """Draw a target of each kind whose mean is a step of `a`."""
    rng = np.random.default_rng(1)
    high = frame["a"] > 0
    return {
        "binary": pd.Series((rng.random(ROWS) < np.where(high, 0.8, 0.2)).astype(float)),
        "count": pd.Series(rng.poisson(np.where(high, 4.0, 1.0)).astype(float)),
        "amount": pd.Series(rng.gamma(2.0, np.where(high, 40.0, 5.0)) * (rng.random(ROWS) < 0.6)),
    }


@pytest.mark.parametrize(("kind", "rel"), [("binary", 0.05), ("count", 0.05), ("amount", 0.15)])
def test_it_predicts_the_mean_of_either_side_of_a_step(
    kind: TargetKind, rel: float, frame: pd.DataFrame, target: dict[TargetKind, pd.Series]
) -> None:
    """Amounts within 15 %: the Tweedie loss weighs rows by 1 / √mean, so that what it overfits to are small ones."""
    y = target[kind]
    predicted = Boosted(kind, learning_rate=0.2, column_share=1.0).fit(frame, y).predict(frame)
    for side in (frame["a"] > 0, frame["a"] <= 0):
        assert predicted[side].mean() == pytest.approx(y[side].mean(), rel=rel)


def test_a_single_stump_is_two_means(frame: pd.DataFrame, target: dict[TargetKind, pd.Series]) -> None:
    """One tree of depth 1 steps at `a` = 0; a leaf is −G / (H + 1) on the log odds (Chen and Guestrin 2016, eq. 5)."""
    stump = Boosted(rounds=1, depth=1, learning_rate=1.0, min_child_weight=0.0, column_share=1.0, row_share=1.0)
    y = target["binary"]
    predicted = stump.fit(frame, y).predict(frame)
    low, high = np.unique(predicted)
    assert ((predicted == high) == (frame["a"] > 0)).mean() > 0.95
    for value in (low, high):
        leaf, base = y[predicted == value], y.mean()
        weight = sum(actual - base for actual in leaf) / (len(leaf) * base * (1 - base) + 1)
        assert value == pytest.approx(1 / (1 + math.exp(-math.log(base / (1 - base)) - weight)), abs=1e-4)


KNOBS: dict[str, Any] = {
    "kind": "count",
    "rounds": 5,
    "depth": 1,
    "learning_rate": 0.3,
    "min_child_weight": 90.0,
    "column_share": 1.0,
    "row_share": 0.4,
    "seed": 7,
    "threads": 2,
}


def test_each_knob_turns_something_except_the_number_of_threads(
    frame: pd.DataFrame, target: dict[TargetKind, pd.Series]
) -> None:
    def predicted(**params: Any) -> Any:
        made = Boosted(**{"rounds": 10, **params}).fit(frame, target["binary"])
        return made.predict(frame).round(12).tolist()

    plain = predicted()
    assert {*KNOBS, "categories", "signed"} == set(Boosted().get_params())
    assert {name for name, value in KNOBS.items() if predicted(**{name: value}) == plain} == {"threads"}


def test_amounts_below_zero_are_learned_as_they_are(frame: pd.DataFrame) -> None:
    """Who is high brings 40, who is low costs 15; terms are in currency, and a share is what its feature changes."""
    high = frame["a"] > 0
    y = pd.Series(np.where(high, 40.0, -15.0) + np.random.default_rng(3).normal(0, 4, ROWS))
    model = Boosted("amount", signed=True, learning_rate=0.2, column_share=1.0).fit(frame, y)
    predicted = model.predict(frame)
    assert predicted[high].mean() == pytest.approx(y[high].mean(), abs=0.5)
    assert predicted[~high].mean() == pytest.approx(y[~high].mean(), abs=0.5)
    assert predicted.mean() == pytest.approx(y.mean(), abs=0.1)
    terms = model.contributions(frame)
    assert terms.sum(axis=1) == pytest.approx(predicted, abs=1e-6)
    assert np.ptp(terms[:, 0]) == pytest.approx(55, abs=6)
    assert np.ptp(terms[:, -1]) < 1e-4
    again = Boosted(**model.get_params()).restore(model.state())
    assert again.predict(frame).tolist() == predicted.tolist()
    assert again.contributions(frame).tolist() == terms.tolist()


def test_what_is_not_said_to_be_signed_is_refused_below_zero(frame: pd.DataFrame) -> None:
    y = pd.Series(np.where(frame["a"] > 0, 40.0, -15.0))
    with pytest.raises(ValueError, match=r"amounts are below 0, the least is -15: say signed = true"):
        Boosted("amount").fit(frame, y)
    with pytest.raises(ValueError, match="signed is about amounts, and the target is a count"):
        Boosted("count", signed=True).fit(frame, y.abs())


def test_a_missing_value_is_a_value_of_its_own(frame: pd.DataFrame, target: dict[TargetKind, pd.Series]) -> None:
    """Where `a` is missing the target is always 1: only the gap tells."""
    gaps = frame.assign(a=frame["a"].where(frame.index % 3 > 0))
    y = target["binary"].where(frame.index % 3 > 0, 1.0)
    predicted = Boosted(rounds=300).fit(gaps, y).predict(gaps)
    assert predicted[::3].min() > 0.9
    whole = gaps.assign(a=gaps["a"].astype("Float64"))
    assert Boosted(rounds=300).fit(whole, y).predict(whole).tolist() == predicted.tolist()


def test_columns_are_taken_by_name(frame: pd.DataFrame, target: dict[TargetKind, pd.Series]) -> None:
    model = Boosted(rounds=10).fit(frame, target["binary"])
    assert model.features_ == ["a", "b", "c"]
    swapped = frame.rename(columns={"a": "b", "b": "a"})
    assert model.predict(swapped).tolist() != model.predict(frame).tolist()
    assert model.predict(swapped.rename(columns={"a": "b", "b": "a"})).tolist() == model.predict(frame).tolist()


@pytest.fixture(scope="module")
def plans(frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    """Draw a plan of six levels, of which two that are no neighbours in the alphabet decide, and nulls."""
    rng = np.random.default_rng(2)
    plan = rng.choice(np.array([*"pqrstu", None], dtype=object), ROWS)
    decides = np.isin(plan.astype(str), ["q", "t"])
    y = pd.Series((rng.random(ROWS) < np.where(decides, 0.9, 0.1)).astype(float))
    return frame.assign(plan=pd.Series(plan, dtype="str")), y


@pytest.mark.parametrize("categories", ["one_hot", "native"])
def test_levels_that_decide_are_told_apart_in_either_style(
    categories: str, plans: tuple[pd.DataFrame, pd.Series]
) -> None:
    X, y = plans
    model = Boosted(categories=categories, learning_rate=0.2, column_share=1.0, min_child_weight=0.0)
    predicted = model.fit(X, y).predict(X)
    decides = X["plan"].isin(["q", "t"])
    assert predicted[decides].mean() == pytest.approx(y[decides].mean(), abs=0.03)
    assert predicted[~decides].mean() == pytest.approx(y[~decides].mean(), abs=0.03)
    assert predicted[X["plan"].isna()].mean() < 0.25
    again = Boosted(categories=categories).restore(model.state())
    assert again.predict(X).tolist() == predicted.tolist()


def test_one_split_of_native_levels_takes_what_one_hot_needs_two_for(plans: tuple[pd.DataFrame, pd.Series]) -> None:
    X, y = plans
    stump: dict[str, Any] = {"rounds": 1, "depth": 1, "learning_rate": 1.0, "column_share": 1.0, "row_share": 1.0}
    decides = X["plan"].isin(["q", "t"])
    native, one_hot = (Boosted(categories=style, **stump).fit(X, y).predict(X) for style in ("native", "one_hot"))
    assert native[decides].min() > 0.5 > native[~decides].max()
    assert one_hot[decides].min() < 0.5


@pytest.mark.parametrize("kind", ["binary", "count", "amount"])
@pytest.mark.parametrize("categories", ["one_hot", "native"])
def test_of_stumps_a_share_is_what_the_feature_alone_changes(
    categories: str, kind: TargetKind, plans: tuple[pd.DataFrame, pd.Series]
) -> None:
    """Trees of one split add up over features: with one feature of another row, the score moves by its shares'
    difference, and no other feature's share moves.
    """
    X, y = plans
    model = Boosted(kind, depth=1, rounds=60, learning_rate=0.1, categories=categories).fit(X, y + (kind != "binary"))
    other = X.iloc[::-1].reset_index(drop=True)
    shares, features = model.contributions(X), ["a", "b", "c", "plan"]
    assert model.features_ == features
    for place, name in enumerate(features):
        moved = X.assign(**{name: other[name]})
        change = _link(model.predict(moved), kind) - _link(model.predict(X), kind)
        assert shares[::-1, place] - shares[:, place] == pytest.approx(change, abs=2e-5)
        still = [column for column in range(4) if column != place]
        assert model.contributions(moved)[:, still] == pytest.approx(shares[:, still], abs=1e-6)
    assert np.ptp(shares[:, 3]) > np.ptp(shares[:, 1])


def test_shares_are_0_on_average_where_trees_saw_every_row(
    frame: pd.DataFrame, target: dict[TargetKind, pd.Series]
) -> None:
    """TreeSHAP's mean is weighed by the rows' curvature p · (1 − p): in the first tree that of all is the same."""
    model = Boosted(rounds=1, depth=1, learning_rate=0.1, row_share=1.0, column_share=1.0).fit(frame, target["binary"])
    shares = model.contributions(frame)
    assert shares[:, :-1].mean(axis=0).tolist() == pytest.approx([0, 0, 0], abs=1e-6)
    assert shares[:, -1].mean() == pytest.approx(_link(model.predict(frame), "binary").mean(), abs=1e-6)


def _link(predicted: np.ndarray, kind: TargetKind) -> np.ndarray:
    return np.asarray(np.log(predicted / (1 - predicted)) if kind == "binary" else np.log(predicted))


def test_a_certain_prediction_has_finite_shares(frame: pd.DataFrame) -> None:
    """XGBoost's float32 says 1 where the log-odds pass 17."""
    y = (frame["a"] > 0).astype(float)
    model = Boosted(rounds=300, learning_rate=1.0, min_child_weight=0.0, column_share=1.0).fit(frame, y)
    assert np.isfinite(model.contributions(frame)).all()


def test_a_style_of_text_that_is_none_is_refused(plans: tuple[pd.DataFrame, pd.Series]) -> None:
    with pytest.raises(ValueError, match="'one_hot' or 'native', not as 'target'"):
        Boosted(categories="target").fit(*plans)


def test_levels_are_those_of_the_rows_asked_about(plans: tuple[pd.DataFrame, pd.Series]) -> None:
    X, y = plans
    asked = X["plan"].ne("s")
    state = Boosted(rounds=2).fit(X.assign(eligible=asked), y).state()
    assert state == Boosted(rounds=2).fit(X[asked], y[asked]).state()
    assert state["levels"]["plan"]["names"] == list("pqrtu")
