"""Segments: groups that are there are found, named, numbered and refused as promised."""

import json
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

import models.estimators.segments as segments
from models.estimators import create
from models.estimators.segments import Segments

GROUPS = {  # days since last purchase, purchase days, spend; by spend
    "best customers": (5, 40, 4000),
    "good customers cooling off": (100, 12, 900),
    "new or occasional": (12, 3, 100),
    "lost": (300, 2, 30),
}


def people(counts: tuple[int, ...] = (150, 250, 250, 300), seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """Scatter customers around GROUPS; give the frame and each one's group."""
    rng = np.random.default_rng(seed)
    group = rng.permutation(np.repeat(np.arange(4), counts))
    values = np.array(list(GROUPS.values()))[group] * np.exp(rng.normal(0, 0.15, (len(group), 3)))
    return pd.DataFrame(values, columns=list(Segments.requires)), group


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return people()[0]


@pytest.fixture(scope="module")
def model(frame: pd.DataFrame) -> Segments:
    return Segments(k=4).fit(frame)


def test_groups_that_are_there_are_found_in_order_of_spend_with_their_names(model: Segments) -> None:
    frame, group = people()
    assert model.labels == tuple(GROUPS)
    assert (model.predict(frame) == group).all()
    assert model.predict(frame).dtype == np.float64


def test_the_nearest_centre_by_hand(model: Segments, frame: pd.DataFrame) -> None:
    state = model.state()
    codes = model.predict(frame)
    for row in range(0, len(frame), 19):
        logs = [math.log1p(value) for value in frame.iloc[row]]
        point = [(log - mean) / scale for log, mean, scale in zip(logs, state["mean"], state["scale"], strict=True)]
        assert codes[row] == min(range(4), key=lambda code: math.dist(point, state["centres"][code]))


@pytest.mark.parametrize("k", range(2, 9))
def test_names_are_unique_and_codes_fall_in_spend_for_every_k(k: int) -> None:
    rng = np.random.default_rng(k)
    rate = rng.gamma(1.0, 20.0, 3000)
    days = 1 + rng.poisson(rate)
    frame = pd.DataFrame(
        {"days_since_last": rng.exponential(2000 / days), "purchase_days": days, "spend": days * rng.gamma(3, 10, 3000)}
    )
    model = Segments(k=k).fit(frame)
    codes = model.predict(frame)
    assert len(set(model.labels)) == len(model.labels) <= k
    assert set(codes) == set(range(len(model.labels)))
    spends = [np.log1p(frame["spend"])[codes == code].mean() for code in range(len(model.labels))]
    assert spends == sorted(spends, reverse=True)


def test_numbering_does_not_hang_on_the_seed_or_on_the_order_of_rows(model: Segments, frame: pd.DataFrame) -> None:
    other = Segments(k=4, seed=11).fit(frame.iloc[::-1])
    assert other.labels == model.labels
    assert (other.predict(frame) == model.predict(frame)).all()
    assert Segments(k=4).fit(frame).state() == model.state()


def test_a_resample_gives_nearly_the_same_segments(model: Segments, frame: pd.DataFrame) -> None:
    again = Segments(k=4).fit(frame.sample(len(frame), replace=True, random_state=1))
    assert adjusted_rand_score(model.predict(frame), again.predict(frame)) > 0.95


def test_a_segment_too_small_is_given_up() -> None:
    frame, group = people((20, 280, 300, 300))  # the best are 2.2 %
    model = Segments(k=4).fit(frame)
    shares = np.bincount(model.predict(frame).astype(int)) / len(frame)
    assert len(model.labels) == 3
    assert shares.min() >= 0.04
    assert (model.predict(frame)[group == 0] == 0).all()


def test_a_feature_that_is_the_same_for_all_decides_nothing() -> None:
    frame, group = people()
    model = Segments(k=4).fit(frame.assign(purchase_days=3))
    assert (model.predict(frame.assign(purchase_days=4)) == group).all()


def test_returns_above_purchases_count_as_no_spend(model: Segments) -> None:
    odd = pd.DataFrame({"days_since_last": [0, 0], "purchase_days": [1, 1], "spend": [-50.0, 0.0]})
    assert len(set(model.predict(odd))) == 1


positive = st.floats(0, 50)


@settings(derandomize=True, deadline=None)
@given(st.lists(st.tuples(positive, positive, positive), min_size=2, max_size=8))
def test_every_centre_gets_a_name_that_is_true_and_its_own(ratios: list[tuple[float, float, float]]) -> None:
    names = segments._names(np.array(ratios), np.ones(3))
    rules = dict(segments.RULES)
    assert len(set(names)) == len(ratios)
    for name, (r, f, m) in zip(names, ratios, strict=True):
        assert rules[name.rstrip(" 2345678")](r, f, m)


def test_one_row_equals_many_bit_for_bit(model: Segments, frame: pd.DataFrame) -> None:
    together = model.predict(frame)
    for row in range(0, len(frame), 7):
        assert model.predict(frame.iloc[[row]])[0] == together[row]


def test_state_survives_json_bit_for_bit(model: Segments, frame: pd.DataFrame) -> None:
    again = create("segments", k=4).restore(json.loads(json.dumps(model.state())))
    assert (again.predict(frame) == model.predict(frame)).all()
    assert (again.state(), again.labels) == (model.state(), model.labels)
    assert again.get_params() == {"k": 4, "seed": 0}


def test_y_is_ignored_and_the_contract_is_kept(model: Segments, frame: pd.DataFrame) -> None:
    fitted = create("segments", setting={"horizon_days": 7}, k=4).fit(frame, frame["spend"])
    assert fitted.state() == model.state()
    assert (fitted.learns, fitted.kinds, Segments().labels) == ("past", ("none",), ())


def test_refusals(model: Segments, frame: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="not fitted"):
        Segments().predict(frame)
    with pytest.raises(ValueError, match="not fitted"):
        Segments().state()
    for k in (1, 9):
        with pytest.raises(ValueError, match=f"k is {k}; ask for 2 to 8"):
            Segments(k=k).fit(frame)
    with pytest.raises(ValueError, match=r"lacks the features \['spend'\]"):
        model.predict(frame.drop(columns="spend"))
    with pytest.raises(ValueError, match=r"1 of 950 customers \(first: row 3\) have a null"):
        model.predict(frame.assign(spend=frame["spend"].where(frame.index != 3)))
    with pytest.raises(ValueError, match="there are no customers to segment"):
        Segments().fit(frame.iloc[:0])
    with pytest.raises(ValueError, match="100 customers do not make 2 segments of 4% or more each"):
        Segments().fit(pd.DataFrame({name: np.full(100, 7.0) for name in Segments.requires}))
    with pytest.raises(ValueError, match="101 customers do not make 2 segments"):
        Segments().fit(pd.DataFrame({name: np.append(np.full(100, 7.0), 500.0) for name in Segments.requires}))
