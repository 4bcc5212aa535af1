"""The blend: the mean of log-odds by hand, its parameters, its state, and what makes no blend."""

import json
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.estimators import create
from models.estimators.blend import Blend

ROWS = 900
RFM = ("days_since_last", "purchase_days", "mean_day_spend")
BOOSTED: dict[str, Any] = {"rounds": 15, "depth": 2}


@pytest.fixture(scope="module")
def data() -> tuple[pd.DataFrame, pd.Series]:
    """Draw customers with RFM and one more feature, who leave after silence."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "visits": rng.poisson(3, ROWS),
            "days_since_last": rng.exponential(60, ROWS),
            "purchase_days": 1 + rng.poisson(4, ROWS),
            "mean_day_spend": rng.gamma(2, 15, ROWS),
        }
    )
    log_odds = np.log1p(frame["days_since_last"]) - 3.5 - 0.3 * (frame["visits"] - 3)
    return frame, pd.Series((rng.random(ROWS) < 1 / (1 + np.exp(-log_odds))).astype(float))


def log_odds(probability: float) -> float:
    return math.log(probability / (1 - probability))


@pytest.mark.parametrize(("weights", "first"), [(None, 0.5), ([3, 1], 0.75), ((0.5, 1.5), 0.25)])
def test_it_is_the_weighted_mean_of_its_members_log_odds(
    weights: Any, first: float, data: tuple[pd.DataFrame, pd.Series]
) -> None:
    X, y = data
    blend = create("blend", setting={"seed": 5, "kind": "binary"}, weights=weights, params={"boosted": BOOSTED})
    boosted = create("boosted", seed=5, **BOOSTED).fit(X, y).predict(X)
    logistic = create("engineered_logistic").fit(X, y).predict(X)
    for got, one, other in zip(blend.fit(X, y).predict(X), boosted, logistic, strict=True):
        expected = first * log_odds(one) + (1 - first) * log_odds(other)
        assert log_odds(got) == pytest.approx(expected, abs=1e-12)


def test_contributions_are_the_weighted_mean_by_name(data: tuple[pd.DataFrame, pd.Series]) -> None:
    """The first member knows three of the second's four features, in another order."""
    X, y = data
    blend = Blend(["rfm_logistic", "engineered_logistic"], weights=[1, 3]).fit(X, y)
    assert blend.features_ == [*RFM, "visits"]
    parts = {name: create(name).fit(X, y) for name in blend.members}
    expected = pd.DataFrame(0.0, index=X.index, columns=[*RFM, "visits", "base"])
    for weight, part in zip((0.25, 0.75), parts.values(), strict=True):
        terms = pd.DataFrame(part.contributions(X), columns=[*part.features_, "base"])  # type: ignore[attr-defined]
        expected += weight * terms.reindex(columns=expected.columns).fillna(0.0)
    np.testing.assert_allclose(blend.contributions(X), expected.to_numpy(), atol=1e-12)


def test_its_parameters_and_state_go_through_json_with_the_trees_beside(data: tuple[pd.DataFrame, pd.Series]) -> None:
    X, y = data
    blend = Blend(params={"boosted": BOOSTED}, seed=2).fit(X, y)
    state = blend.state()
    blobs = {key: value for key, value in state.items() if isinstance(value, bytes)}
    assert list(blobs) == ["boosted.booster"]
    plain = json.loads(json.dumps({key: value for key, value in state.items() if key not in blobs}))
    params = json.loads(json.dumps(blend.get_params()))
    again = create("blend", **params).restore({**plain, **blobs})
    assert again.predict(X).tolist() == blend.predict(X).tolist()
    assert again.state() == state


def test_a_blend_of_a_blend_keeps_its_trees_too(data: tuple[pd.DataFrame, pd.Series]) -> None:
    X, y = data
    params = {"blend": {"params": {"boosted": BOOSTED}}}
    blend = Blend(["blend", "rfm_logistic"], params=params).fit(X, y)
    assert [key for key in blend.state() if key != "members"] == ["blend.boosted.booster"]
    assert Blend(["blend", "rfm_logistic"], params=params).restore(blend.state()).predict(X).tolist() == (
        blend.predict(X).tolist()
    )


def test_a_certain_member_does_not_make_it_infinite(data: tuple[pd.DataFrame, pd.Series]) -> None:
    X, y = data
    blend = Blend(["base_rate", "rfm_logistic"]).fit(X, y)
    blend.fitted_["base_rate"].restore({"rate": 1.0})
    assert np.isfinite(blend.contributions(X)).all()
    assert (blend.predict(X) < 1).all()


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"members": ["boosted", "bgnbd"]}, r"cannot take \['bgnbd'\].*these do: \['base_rate', 'blend', 'boosted'"),
        ({"members": ["no_purchase"]}, r"cannot take \['no_purchase'\]"),
        ({"members": ["popularity", "boosted"]}, r"cannot take \['popularity'\]"),
        ({"members": []}, r"members are \[\]; name at least one"),
        ({"members": ["boosted", "boosted"]}, "none twice"),
        ({"weights": [1]}, r"has the weights \[1\]; give each a number above 0"),
        ({"weights": [1, 0]}, "above 0"),
        ({"weights": [1, float("nan")]}, "above 0"),
        ({"weights": [1, 2, 3]}, "above 0"),
        ({"params": {"rfm_logistic": {}}}, r"params are of \['rfm_logistic'\], and the blend's members are"),
        ({"params": {"boosted": {"trees": 3}}}, r"model 'boosted' has no parameter \['trees'\]"),
    ],
)
def test_what_makes_no_blend_is_refused(
    params: dict[str, Any], words: str, data: tuple[pd.DataFrame, pd.Series]
) -> None:
    with pytest.raises(ValueError, match=words):
        create("blend", **params).fit(*data)


def test_a_member_of_no_model_is_told_the_near_ones(data: tuple[pd.DataFrame, pd.Series]) -> None:
    with pytest.raises(LookupError, match="unknown model 'bosted'; did you mean 'boosted'"):
        Blend(["bosted"]).fit(*data)


def test_members_and_names_are_of_their_type() -> None:
    with pytest.raises(ValueError, match="members = 'boosted' must be of type tuple"):
        create("blend", members="boosted")
    with pytest.raises(ValueError, match="categories = 3 must be of type str"):
        create("boosted", categories=3)
