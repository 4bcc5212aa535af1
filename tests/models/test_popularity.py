"""Popularity: for each category, the share of those who could take it up that did."""

import pandas as pd
import pytest

from models.contract import eligible
from models.estimators.popularity import Popularity
from training.splits import Split

PAIRS = pd.DataFrame(
    [
        ("a", "tea", True, 1.0),
        ("a", "wine", True, 0.0),
        ("b", "tea", True, 0.0),
        ("b", "wine", False, 1.0),
        ("c", "tea", True, 0.0),
        ("c", "wine", True, 1.0),
        ("c", "fish", False, 1.0),
    ],
    columns=["customer_id", "category", "eligible", "bought"],
)


def test_rates_by_hand() -> None:
    model = Popularity().fit(PAIRS.drop(columns="bought"), PAIRS["bought"])
    assert model.state() == {"rates": {"tea": pytest.approx(1 / 3), "wine": 0.5}}
    asked = pd.DataFrame({"customer_id": ["z"] * 4, "category": ["wine", "tea", "fish", "beer"]})
    assert model.predict(asked).tolist() == [0.5, 1 / 3, 0.0, 0.0]


def test_rates_are_those_a_loop_counts(pairs_data: Split) -> None:
    X, y = pairs_data.train.X, pairs_data.train.y
    asked: dict[str, int] = {}
    took: dict[str, float] = {}
    for category, was_asked, value in zip(X["category"], eligible(X), y, strict=True):
        if was_asked:
            asked[category] = asked.get(category, 0) + 1
            took[category] = took.get(category, 0.0) + value
    model = Popularity().fit(X, y)
    assert model.rates_ == {category: pytest.approx(took[category] / asked[category]) for category in asked}
    assert len(set(model.predict(pairs_data.test.X))) > 3
