"""Exact TreeSHAP: against all subsets of features, against XGBoost's own, and its laws."""

from itertools import combinations
from math import factorial
from typing import Any

import numpy as np
import pytest
import xgboost

from models.booster import contributions_booster
from models.trees.contributions import Shapley
from models.trees.explain import ROWS
from models.trees.forest import Forest
from tests.models.trees.boosters import FEATURES, OBJECTIVES, Floats, drawn, edited, fitted, made_up, trees_of

FEW = 5


def explained(booster: Any, values: Floats) -> Floats:
    return Shapley.of(Forest.of(booster)).contributions(values)


def margins(booster: Any, values: Floats) -> Floats:
    """Give the margins in double precision: XGBoost's base and leaves, added up anew."""
    leaves = booster.predict(xgboost.DMatrix(values), pred_leaf=True).reshape(len(values), -1).astype(int)
    trees = [np.array(tree["split_conditions"], dtype=np.float32) for tree in trees_of(booster)]
    base = float(Forest.of(booster).base)
    return np.asarray(base + sum(tree[leaves[:, place]].astype(float) for place, tree in enumerate(trees)))


def expected(tree: dict[str, Any], row: Floats, known: set[int], node: int = 0) -> float:
    """Give what a tree says where only some features are known; the others go both ways, by weight."""
    left, right = tree["left_children"][node], tree["right_children"][node]
    if left == -1:
        return float(np.float32(tree["split_conditions"][node]))
    feature, threshold = tree["split_indices"][node], np.float32(tree["split_conditions"][node])
    if feature in known:
        value = np.float32(row[feature])
        goes_left = tree["default_left"][node] if np.isnan(value) else value < threshold
        return expected(tree, row, known, left if goes_left else right)
    weights = [tree["sum_hessian"][child] for child in (left, right)]
    both = sum(weights)
    shares = [weight / both if both else 0.5 for weight in weights]
    return sum(share * expected(tree, row, known, child) for share, child in zip(shares, (left, right), strict=True))


def by_subsets(booster: Any, row: Floats) -> list[float]:
    """Give the Shapley values by their definition."""
    trees, features = trees_of(booster), range(len(row))

    def worth(known: tuple[int, ...]) -> float:
        return sum(expected(tree, row, set(known)) for tree in trees)

    shares = []
    for feature in features:
        others = [each for each in features if each != feature]
        share = 0.0
        for size in range(len(row)):
            weight = factorial(size) * factorial(len(row) - size - 1) / factorial(len(row))
            share += weight * sum(worth((*some, feature)) - worth(some) for some in combinations(others, size))
        shares.append(share)
    return [*shares, float(Forest.of(booster).base) + worth(())]


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize(("rounds", "depth"), [(1, 1), (2, 2), (2, 4), (1, 9)])
def test_it_is_the_shapley_value(objective: str, rounds: int, depth: int) -> None:
    booster = fitted(objective, rounds=rounds, depth=depth, features=FEW, rows=300, min_child_weight=0.1)
    rows = drawn(6, features=FEW, seed=8)
    assert explained(booster, rows) == pytest.approx(np.array([by_subsets(booster, row) for row in rows]), abs=1e-10)


@pytest.mark.parametrize("seed", range(4))
def test_it_is_so_of_any_weights_and_of_none(seed: int) -> None:
    """Weights that no training would give: some of 0, one of two, and both."""
    rng = np.random.default_rng(seed)

    def weights(before: Any, tree: Any) -> Any:
        return rng.choice([0.0, 0.0, 1.0, 3.0, 1000.0], before.shape)

    trained = fitted("reg:squarederror", rounds=2, depth=5, features=FEW, rows=300)
    booster = edited(trained, sum_hessian=weights)
    rows = drawn(6, features=FEW, seed=seed)
    assert explained(booster, rows) == pytest.approx(np.array([by_subsets(booster, row) for row in rows]), abs=1e-10)


def test_one_feature_asked_for_again_and_again_by_hand() -> None:
    """Of one feature alone all that a row differs from the mean is its share, however often a path asks for it."""
    booster = fitted("reg:squarederror", rounds=3, depth=6, features=1)
    rows = drawn(50, features=1, seed=3)
    found = explained(booster, rows)
    assert found.sum(axis=1) == pytest.approx(margins(booster, rows), abs=1e-12)
    assert np.ptp(found[:, 1]) == 0
    assert Shapley.of(Forest.of(booster)).points == 1


def test_two_features_by_hand() -> None:
    """x < 0 asks y < 0: leaves 1 and 5 of weights 1 and 3, else 9 of weight 4; a row of both below 0.

    v() = (1 + 15 + 36) / 8 = 6.5, v(x) = (1 + 15) / 4 = 4, v(y) = (4 · 1 + 4 · 9) / 8 = 5, v(x, y) = 1.
    Share of x: ((4 − 6.5) + (1 − 5)) / 2 = −3.25; of y: ((5 − 6.5) + (1 − 4)) / 2 = −2.25.
    """
    grown = fitted("reg:squarederror", rounds=1, depth=2, features=2, rows=400, max_leaves=3, grow_policy="lossguide")
    (tree,) = trees_of(grown)
    assert sorted(tree["left_children"]).count(-1) == 3
    inner = max(place for place in range(5) if tree["left_children"][place] != -1)
    below = [tree["left_children"][inner], tree["right_children"][inner]]
    (other,) = {tree["left_children"][0], tree["right_children"][0]} - {inner}
    on_left = tree["left_children"][0] == inner
    numbers = {0: (0.0, 8.0), inner: (0.0, 4.0), below[0]: (1.0, 1.0), below[1]: (5.0, 3.0), other: (9.0, 4.0)}
    booster = edited(
        grown,
        split_conditions=lambda *_: [numbers[place][0] for place in range(5)],
        sum_hessian=lambda *_: [numbers[place][1] for place in range(5)],
        split_indices=lambda *_: [1 if place == inner else 0 for place in range(5)],
    )
    row = np.array([[-1.0 if on_left else 1.0, -1.0]])
    shares = explained(booster, row)[0]
    assert shares[:2].tolist() == pytest.approx([-3.25, -2.25], abs=1e-12)
    assert shares[2] == pytest.approx(float(Forest.of(booster).base) + 6.5, abs=1e-12)


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize(("rounds", "depth"), [(1, 3), (160, 3), (100, 6), (20, 12), (5, 1)])
def test_it_is_what_xgboost_says(objective: str, rounds: int, depth: int) -> None:
    """XGBoost adds up in float32: 3e-6 of the margin's size, for each share."""
    booster = fitted(objective, rounds=rounds, depth=depth, rows=3000, min_child_weight=0.5)
    rows = drawn(200, seed=6)
    found, theirs = explained(booster, rows), contributions_booster(booster, rows)
    size = max(1.0, np.abs(margins(booster, rows)).max())
    assert found == pytest.approx(theirs, abs=3e-6 * size)
    assert np.ptp(found[:, -1]) == 0


@pytest.mark.parametrize("depth", [1, 2, 3, 4, 5, 7, 8, 10, 14])
def test_it_adds_up_to_the_margin(depth: int) -> None:
    """To 1e-12, in double precision: as exact for deep paths of many features as for stumps."""
    booster = fitted("reg:squarederror", rounds=25, depth=depth, features=20, rows=3000, min_child_weight=0)
    rows = drawn(150, features=20, seed=2)
    assert explained(booster, rows).sum(axis=1) == pytest.approx(margins(booster, rows), abs=1e-12, rel=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_it_adds_up_where_splits_and_nulls_go_anywhere(seed: int) -> None:
    booster = made_up("binary:logistic", rounds=20, depth=3 + seed, seed=seed)
    rows = drawn(100, seed=seed)
    assert explained(booster, rows).sum(axis=1) == pytest.approx(margins(booster, rows), abs=1e-12)


def test_a_feature_that_no_split_asks_for_has_no_share() -> None:
    booster = fitted("count:poisson", rounds=40, depth=4, colsample_bytree=0.5, seed=2)
    used = {tree["split_indices"][node] for tree in trees_of(booster) for node in _inner(tree)}
    stumps = edited(booster, split_indices=lambda before, tree: np.minimum(before, 2))
    assert used > {0, 1, 2}
    assert np.abs(explained(stumps, drawn(50))[:, 3:FEATURES]).max() == 0


def _inner(tree: dict[str, Any]) -> list[int]:
    return [node for node, left in enumerate(tree["left_children"]) if left != -1]


def test_trees_that_are_a_single_leaf_say_the_same_of_all() -> None:
    booster = fitted("binary:logistic", rounds=5, depth=3, gamma=1e9)
    found = explained(booster, drawn(20))
    assert np.abs(found[:, :-1]).max() == 0
    assert found[:, -1] == pytest.approx(margins(booster, drawn(20)), abs=1e-12)


def test_a_row_alone_has_the_shares_that_it_has_among_many() -> None:
    booster = fitted("binary:logistic", rounds=90, depth=6)
    rows = drawn(3 * ROWS + 5, seed=7)
    shapley = Shapley.of(Forest.of(booster))
    found = shapley.contributions(rows)
    alone = [shapley.contributions(rows[row : row + 1]).tobytes() for row in range(len(rows))]
    assert alone == [row.tobytes() for row in found]
    order = np.random.default_rng(0).permutation(len(rows))
    assert shapley.contributions(rows[order]).tobytes() == found[order].tobytes()
    again = Shapley.of(Forest.of(booster)).contributions(rows)
    assert again.tobytes() == found.tobytes()


@pytest.mark.parametrize("rows", [0, 1, ROWS - 1, ROWS, ROWS + 1])
def test_any_number_of_rows_in_any_memory_and_no_other_width(rows: int) -> None:
    shapley = Shapley.of(Forest.of(fitted("count:poisson", rounds=10, depth=3)))
    values = drawn(ROWS + 1)[:rows]
    found = shapley.contributions(values)
    assert found.shape == (rows, FEATURES + 1)
    assert shapley.contributions(np.asfortranarray(values)).tolist() == found.tolist()
    values.flags.writeable = False
    assert shapley.contributions(values).tolist() == found.tolist()
    with pytest.raises(ValueError, match=r"the trees take rows × 7 features"):
        shapley.contributions(values[:, 1:])


@pytest.mark.parametrize(("depth", "points"), [(1, 1), (2, 1), (3, 2), (6, 4), (8, 4), (9, 8)])
def test_paths_of_so_many_features_take_half_as_many_points_in_whole_registers(depth: int, points: int) -> None:
    booster = fitted("reg:squarederror", rounds=30, depth=depth, features=20, rows=3000, min_child_weight=0)
    assert Shapley.of(Forest.of(booster)).points == points
