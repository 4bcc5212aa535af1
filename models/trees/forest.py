"""A fitted booster as flat arrays."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from models.booster import Booster, described
from models.trees.link import LINKS, margin_of

Ints = NDArray[np.int64]
Words = NDArray[np.uint32]
Singles = NDArray[np.float32]
Doubles = NDArray[np.float64]
Bools = NDArray[np.bool_]

LEAF: Final = -1
"""XGBoost's word for a child that is not there."""


class Unsupported(ValueError):
    """A booster that is not of the plain kind; XGBoost itself must be asked."""


@dataclass(frozen=True, eq=False)
class Nodes:
    """The nodes of all trees, one after the other: a tree's by depth, two of one parent side by side.

    `left` is the place of the left child, the right one follows it; a leaf has itself there. `value` is a leaf's share
    of the margin, 0 elsewhere; `cover` the weight (sum of hessians) of the training rows that came by.
    """

    tree: Ints
    parent: Ints
    left: Ints
    feature: Ints
    threshold: Singles
    default_left: Bools
    value: Singles
    cover: Doubles

    @cached_property
    def leaf(self) -> Bools:
        """Mark the leaves."""
        return np.asarray(self.left == np.arange(len(self.left)))

    @property
    def columns(self) -> Ints:
        """Give the column that each node looks at, where a feature has two: for nulls to the left, and to the right."""
        return 2 * self.feature + ~(self.default_left | self.leaf)

    @cached_property
    def roots(self) -> Ints:
        """Give the place of each tree's root."""
        return np.flatnonzero(self.parent < 0)

    @cached_property
    def depths(self) -> Ints:
        """Give the greatest number of splits between a root and a leaf, of each tree."""
        depths, level = np.zeros(len(self.roots), dtype=np.int64), 0
        inner = self.roots[~self.leaf[self.roots]]
        while len(inner):
            level += 1
            depths[self.tree[inner]] = level
            below = np.concatenate([self.left[inner], self.left[inner] + 1])
            inner = below[~self.leaf[below]]
        return depths


@dataclass(frozen=True, eq=False)
class Forest:
    """Trees over numbers, and what is made of their sum.

    The margin is `base` plus each tree's leaf, in order, in float32; `link` makes the expected value of it. `width` is
    the number of features.
    """

    nodes: Nodes
    base: np.float32
    link: int
    width: int

    @classmethod
    def of(cls, booster: Booster) -> Self:
        """Read a booster. Raises `Unsupported` for trees that split on codes, drop out or have several outputs."""
        learner = described(booster)["learner"]
        model, about = learner["gradient_booster"], learner["learner_model_param"]
        objective = learner["objective"]["name"]
        _check(model, about, objective)
        base = _scores(about)[0]
        return cls(
            _nodes(model["model"]["trees"]),
            np.float32(margin_of(base, LINKS[objective])),
            LINKS[objective],
            int(about["num_feature"]),
        )


def _check(model: dict[str, Any], about: dict[str, Any], objective: str) -> None:
    """Refuse what is not read here."""
    if model["name"] != "gbtree":
        raise Unsupported(f"the booster is a {model['name']!r}, and only 'gbtree' is read")
    if objective not in LINKS:
        raise Unsupported(f"the objective is {objective!r}, and only {', '.join(LINKS)} are read")
    if int(about["num_class"]) > 1 or int(about.get("num_target", 1)) > 1 or len(_scores(about)) > 1:
        raise Unsupported("the booster has several outputs, and only one is read")
    for tree in model["model"]["trees"]:
        if int(tree["tree_param"].get("size_leaf_vector", 1)) > 1:
            raise Unsupported("the leaves are vectors, and only numbers are read")
        if any(tree["split_type"]):
            raise Unsupported("trees split on sets of codes, and only on numbers are read")
    if not model["model"]["trees"]:
        raise Unsupported("the booster has no trees")


def _scores(about: dict[str, Any]) -> list[np.float32]:
    """Give the base score of each output."""
    return [np.float32(each) for each in str(about["base_score"]).strip("[]").split(",")]


def _nodes(trees: list[dict[str, Any]]) -> Nodes:
    """Lay the trees' nodes out."""
    sizes = np.array([len(tree["left_children"]) for tree in trees])
    starts = np.cumsum(sizes) - sizes
    owner = np.repeat(np.arange(len(trees)), sizes)

    def all_of(key: str, kind: type[Any]) -> NDArray[Any]:
        return np.concatenate([np.array(tree[key], dtype=kind) for tree in trees])

    left, right = (all_of(f"{side}_children", np.int64) for side in ("left", "right"))
    inner = left != LEAF
    left, right = (np.where(inner, child + starts[owner], LEAF) for child in (left, right))
    order = _by_depth(starts, left, right, owner)
    place = np.full(len(owner), LEAF)
    place[order] = np.arange(len(order))
    condition, inner = all_of("split_conditions", np.float32)[order], inner[order]
    if not np.isfinite(condition).all():
        raise Unsupported("a threshold or a leaf is not finite")
    lefts = np.where(inner, place[left[order]], np.arange(len(order)))
    parent = np.full(len(order), LEAF)
    parent[lefts[inner]] = parent[lefts[inner] + 1] = np.flatnonzero(inner)
    return Nodes(
        tree=owner[order],
        parent=parent,
        left=lefts,
        feature=np.where(inner, all_of("split_indices", np.int64)[order], 0),
        threshold=np.where(inner, condition, np.float32(np.inf)),
        default_left=all_of("default_left", np.bool_)[order],
        value=np.where(inner, np.float32(0), condition),
        cover=all_of("sum_hessian", np.float64)[order],
    )


def _by_depth(roots: Ints, left: Ints, right: Ints, owner: Ints) -> Ints:
    """List the nodes tree by tree, each tree's level by level, children of one parent side by side."""
    levels = [roots]
    while len(levels[-1]):
        inner = levels[-1][left[levels[-1]] != LEAF]
        levels.append(np.column_stack([left[inner], right[inner]]).ravel())
    order = np.concatenate(levels)
    return order[np.argsort(owner[order], kind="stable")]
