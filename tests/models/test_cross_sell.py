"""Cross-sell: what it adds to each pair, from whose past, and that no outcome of a pair not asked about gets in."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.contract import eligible
from models.estimators.cross_sell import BOUGHT, CrossSell
from training.splits import Split

JULY, AUGUST = pd.Timestamp("2024-07-01"), pd.Timestamp("2024-08-01")
CATEGORIES = ("bread", "fish", "tea", "wine")


def pairs(baskets: dict[str, tuple[str, ...]], cutoff: pd.Timestamp) -> pd.DataFrame:
    """Make the pairs of customers who bought these categories lately: the others may be offered."""
    rows = [
        (customer, cutoff, category, category not in basket, float(category in basket))
        for customer, basket in baskets.items()
        for category in CATEGORIES
    ]
    return pd.DataFrame(rows, columns=["customer_id", "cutoff", "category", "eligible", BOUGHT])


@pytest.fixture(scope="module")
def crowd() -> tuple[pd.DataFrame, pd.Series]:
    """Draw 400 customers at two cutoffs: who bought tea takes up bread, wine drinkers fish, whoever has the chance."""
    rng = np.random.default_rng(0)
    rows, outcomes = [], []
    for cutoff in (JULY, AUGUST):
        for number in range(400):
            likes, wants = (("tea",), "bread") if rng.random() < 0.5 else (("wine",), "fish")
            basket = (*likes, wants) if rng.random() < 0.15 else likes
            rows.append(pairs({f"c{number:03}": basket}, cutoff))
            outcomes += [float(category == wants and rng.random() < 0.6) for category in CATEGORIES]
    return pd.concat(rows, ignore_index=True), pd.Series(outcomes)


@pytest.fixture(scope="module")
def model(crowd: tuple[pd.DataFrame, pd.Series]) -> CrossSell:
    return CrossSell(rounds=60).fit(*crowd)


def test_it_offers_what_goes_with_what_was_bought(model: CrossSell) -> None:
    """No column of the frame tells a tea drinker from a wine drinker on the pair in question: the neighbours do."""
    asked = pairs({"t": ("tea",), "w": ("wine",)}, AUGUST)
    score = dict(zip(zip(asked["customer_id"], asked["category"], strict=True), model.predict(asked), strict=True))
    assert score["t", "bread"] > 0.4 > 0.2 > score["t", "fish"]
    assert score["w", "fish"] > 0.4 > 0.2 > score["w", "bread"]
    assert score["t", "wine"] < 0.1


def test_scoring_uses_the_latest_past_and_training_each_cutoffs_own(crowd: tuple[pd.DataFrame, pd.Series]) -> None:
    """What was learned of the neighbours is that of August's baskets; July's rows had July's."""
    X, y = crowd
    model = CrossSell(rounds=5).fit(X, y)
    august = X[X["cutoff"] == AUGUST]
    share = {str(category): part[BOUGHT].mean() for category, part in august.groupby("category")}
    assert model.categories_ == sorted(share)
    assert model.popularity_.tolist() == [pytest.approx(share[category]) for category in model.categories_]
    baskets = [set(part.loc[part[BOUGHT] == 1, "category"]) for _, part in august.groupby("customer_id")]
    for i, one in enumerate(model.categories_):
        for j, two in enumerate(model.categories_):
            both = sum({one, two} <= basket for basket in baskets)
            sizes = sum(one in basket for basket in baskets) * sum(two in basket for basket in baskets)
            expected = 0.0 if i == j or not sizes else both / math.sqrt(sizes)
            assert model.similar_[i, j] == pytest.approx(expected, abs=2**-20)


def test_what_a_pair_is_told_by_hand(model: CrossSell) -> None:
    """Beside the frame's features: popularity, adoption, closeness to the basket, and that over the mean."""
    asked = pairs({"t": ("tea",)}, AUGUST)
    tea, similar = model.categories_.index("tea"), model.similar_
    for category, row in zip(asked["category"], model._pairs(asked), strict=True):
        at = model.categories_.index(category)
        whole = sum(similar[j, at] for j in range(4))
        near = similar[tea, at] / whole if whole else 0.0
        told = [model.popularity_[at], model.adoption_[at], near, near / model.mean_closeness_[at]]
        assert row.tolist() == pytest.approx(told)


def test_adoption_is_the_rate_a_loop_counts(model: CrossSell, crowd: tuple[pd.DataFrame, pd.Series]) -> None:
    X, y = crowd
    for category, rate in zip(model.categories_, model.adoption_, strict=True):
        took = [
            value
            for name, asked, value in zip(X["category"], eligible(X), y, strict=True)
            if asked and name == category
        ]
        assert rate == pytest.approx(sum(took) / len(took))


def test_a_category_it_never_saw_is_scored_and_disturbs_nobody(model: CrossSell) -> None:
    asked = pairs({"t": ("tea",), "w": ("wine", "fish")}, AUGUST)
    strange = asked.iloc[[0, 5]].assign(category="caviar")
    scores = model.predict(pd.concat([asked, strange], ignore_index=True))
    assert scores[: len(asked)].tolist() == model.predict(asked).tolist()
    assert ((scores[len(asked) :] >= 0) & (scores[len(asked) :] <= 1)).all()


def test_a_customer_at_two_cutoffs_is_two_customers(model: CrossSell) -> None:
    one, two = pairs({"x": ("tea",)}, JULY), pairs({"x": ("wine",)}, AUGUST)
    together = model.predict(pd.concat([one, two], ignore_index=True)).tolist()
    assert together == [*model.predict(one).tolist(), *model.predict(two).tolist()]


KNOBS: dict[str, Any] = {
    "rounds": 5,
    "depth": 1,
    "learning_rate": 0.3,
    "min_child_weight": 1.0,
    "column_share": 1.0,
    "row_share": 0.5,
    "seed": 7,
    "threads": 2,
}


def test_each_knob_turns_something_except_the_number_of_threads(pairs_data: Split) -> None:
    def predicted(**params: Any) -> Any:
        made = CrossSell(**{"rounds": 10, "min_child_weight": 3.0, **params}).fit(
            pairs_data.train.X, pairs_data.train.y
        )
        return made.predict(pairs_data.test.X).round(12).tolist()

    plain = predicted()
    assert {*KNOBS, "kind", "categories", "signed"} == set(CrossSell().get_params())
    assert {name for name, value in KNOBS.items() if predicted(**{name: value}) == plain} == {"threads"}


def test_probabilities_have_no_sign(pairs_data: Split) -> None:
    with pytest.raises(ValueError, match="signed is about amounts, and the target is a binary"):
        CrossSell(signed=True).fit(pairs_data.train.X, pairs_data.train.y)
