"""A booster's trees as flat arrays: what they hold, and what is not read."""

from typing import Any

import numpy as np
import pytest
import xgboost

from models.trees.above import Above
from models.trees.forest import Forest, Unsupported
from tests.models.trees.boosters import FEATURES, OBJECTIVES, drawn, edited, fitted, trees_of

X = drawn(300)
Y = np.nan_to_num(X[:, 1])
PLAIN: dict[str, Any] = {"max_depth": 3, "nthread": 1, "verbosity": 0}


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_every_node_is_there_once_and_below_its_parent(objective: str) -> None:
    booster = fitted(objective, rounds=12, depth=5)
    forest, written = Forest.of(booster), trees_of(booster)
    nodes = forest.nodes
    assert forest.width == FEATURES
    assert np.bincount(nodes.tree).tolist() == [len(tree["left_children"]) for tree in written]
    assert (np.diff(nodes.tree) >= 0).all()
    below = np.flatnonzero(nodes.parent >= 0)
    assert (nodes.parent[below] < below).all()
    assert (nodes.tree[nodes.parent[below]] == nodes.tree[below]).all()
    inner = np.flatnonzero(~nodes.leaf)
    assert sorted([*nodes.left[inner], *(nodes.left[inner] + 1)]) == below.tolist()
    assert (nodes.parent[nodes.left[inner]] == inner).all()
    assert (nodes.parent[nodes.left[inner] + 1] == inner).all()
    leaves = [
        np.float32(v) for t in written for v, c in zip(t["split_conditions"], t["left_children"], strict=True) if c < 0
    ]
    assert sorted(nodes.value[nodes.leaf].tolist()) == sorted(map(float, leaves))
    assert sorted(nodes.cover.tolist()) == sorted(float(v) for t in written for v in t["sum_hessian"])


def test_depths_are_those_of_the_longest_paths() -> None:
    def depth(tree: dict[str, Any], node: int = 0) -> int:
        if tree["left_children"][node] < 0:
            return 0
        return 1 + max(depth(tree, tree[f"{side}_children"][node]) for side in ("left", "right"))

    booster = fitted("reg:squarederror", rounds=9, depth=8, max_leaves=20, grow_policy="lossguide")
    assert Forest.of(booster).nodes.depths.tolist() == [depth(tree) for tree in trees_of(booster)]


def test_shares_of_two_children_make_one_and_paths_multiply() -> None:
    nodes = Forest.of(fitted("binary:logistic", rounds=5, depth=6)).nodes
    above, inner = Above.of(nodes), np.flatnonzero(~nodes.leaf)
    assert above.share[nodes.left[inner]] + above.share[nodes.left[inner] + 1] == pytest.approx(1, abs=1e-15)
    for node in range(len(nodes.left)):
        path = _path(nodes.parent, node)
        splits = path[1:] if nodes.leaf[node] else path
        same = [each for each in path[1:] if not nodes.leaf[node] and nodes.feature[each] == nodes.feature[node]]
        assert above.reach[node] == pytest.approx(np.prod(above.share[path]), rel=1e-12)
        assert above.asks[node] == (same[0] if same else -1)
        assert above.features[node] == len(set(nodes.feature[splits].tolist()))
        ways = [path[path.index(each) - 1] for each in same]
        assert above.weight[node] == pytest.approx(np.prod(above.share[ways]), rel=1e-12)
        assert not same or above.left[node] == (nodes.left[same[0]] == ways[0])


def _path(parent: Any, node: int) -> list[int]:
    """List a node and those above it, upwards."""
    return [node] if parent[node] < 0 else [node, *_path(parent, int(parent[node]))]


def refused(booster: Any) -> str:
    with pytest.raises(Unsupported) as error:
        Forest.of(booster)
    return str(error.value)


def test_what_is_not_plain_is_refused() -> None:
    data, classes = xgboost.DMatrix(X, Y), xgboost.DMatrix(X, np.arange(300) % 3)
    assert "'dart'" in refused(xgboost.train({**PLAIN, "booster": "dart"}, data, 2))
    assert "'gblinear'" in refused(xgboost.train({"booster": "gblinear", "nthread": 1}, data, 2))
    assert "'reg:gamma'" in refused(xgboost.train({**PLAIN, "objective": "reg:gamma"}, xgboost.DMatrix(X, 1 + Y**2), 2))
    assert "'multi:softprob'" in refused(
        xgboost.train({**PLAIN, "objective": "multi:softprob", "num_class": 3}, classes, 2)
    )


def test_several_outputs_are_refused() -> None:
    data = xgboost.DMatrix(X, np.column_stack([Y, -Y]))
    assert "several outputs" in refused(xgboost.train(PLAIN, data, 2))
    assert "several outputs" in refused(xgboost.train({**PLAIN, "multi_strategy": "multi_output_tree"}, data, 2))


def test_splits_on_sets_of_codes_are_refused() -> None:
    codes = np.random.default_rng(0).integers(0, 6, 300)
    data = xgboost.DMatrix(codes[:, None].astype(float), np.isin(codes, [1, 4]).astype(float), feature_types=["c"])
    assert "sets of codes" in refused(xgboost.train(PLAIN, data, 2))


def test_no_trees_and_no_numbers_are_refused() -> None:
    untrained = xgboost.train(PLAIN, xgboost.DMatrix(X, Y), 0)
    assert "no trees" in refused(untrained)
    booster = fitted("reg:squarederror", rounds=1, depth=2)
    large = edited(booster, split_conditions=lambda before, tree: np.where(tree["left_children"] < 0, 1e39, before))
    assert "not finite" in refused(large)
