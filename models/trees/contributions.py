"""Exact TreeSHAP by quadrature: each feature's share of the margin.

The value of a set S of known features is what the trees say where a split on a known feature is followed and one on an
unknown feature goes both ways, by the weight of the training rows (Lundberg et al. 2020, From local explanations to
global understanding with explainable AI for trees, Algorithm 1). A feature's share is its Shapley value, by Owen (1972,
Multilinear extensions of games) the integral over t in [0, 1] of what it adds where each other feature is known with
probability t. Below a node that is reached, a feature that was followed at each split above is known with the
probability t / (t + z (1 - t)), z being the weight that goes the same way, and one that was not followed is unknown.
So, for one t, a share is a sum over nodes of three factors: of reaching the node, of what is below it on the row's side
less what is below on average, and of z / (t + z (1 - t))². Over a path of m features that is a polynomial of degree
m - 1, for which Gauss-Legendre's quadrature with ⌈m / 2⌉ points or more is exact.
"""

import math
from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from models.trees.above import Above
from models.trees.explain import Places, Splits, explainer
from models.trees.forest import LEAF, Bools, Doubles, Forest, Ints, Nodes
from models.trees.predict import checked, columns

REGISTER: Final = 4
"""So many doubles a processor takes at once."""


@dataclass(frozen=True, eq=False)
class Shapley:
    """A forest laid out for the loops of `models.trees.explain`, the mean margin of the training rows, the number of
    features, and that of the quadrature's points.
    """

    splits: Splits
    expected: float
    width: int
    points: int

    @classmethod
    def of(cls, forest: Forest) -> Self:
        """Lay a forest out."""
        nodes = forest.nodes
        above = Above.of(nodes)
        points = _points(int(above.features.max()))
        mean = float(above.reach[nodes.leaf] @ nodes.value[nodes.leaf].astype(np.float64))
        return cls(_splits(nodes, above, points=points), float(forest.base) + mean, forest.width, points)

    def contributions(self, values: Doubles) -> Doubles:
        """Give each row's shares of the margin, a column a feature and last the mean margin, which is everyone's.

        They add up to the margin. `ValueError` for rows of another width.
        """
        rows = checked(values, self.width)
        out = np.zeros((len(rows), self.width + 1))
        out[:, -1] = self.expected
        explainer(self.points)(columns(rows), self.splits, out)
        return out


def _points(features: int) -> int:
    """Say how many points are exact on paths of so many features; more than two are made up to whole registers."""
    points = math.ceil(max(1, features) / 2)
    return points if points <= 2 else REGISTER * math.ceil(points / REGISTER)


def _splits(nodes: Nodes, above: Above, *, points: int) -> Splits:
    """Put the splits in order."""
    bottom, order = _bottom(nodes), _order(nodes)
    again = order[above.asks[order] != LEAF]
    place, leaf = _places(nodes, order), nodes.leaf & ~np.isin(nodes.parent, np.flatnonzero(bottom))
    left = nodes.left[order]
    known, factor = _tables(above.weight[again], points=points)
    ends = nodes.left[order[bottom[order]]]
    return Splits(
        trees=np.column_stack([_before(nodes, each) for each in (~nodes.leaf, bottom, leaf, above.asks != LEAF)]),
        column=nodes.columns[order].astype(np.uint32),
        threshold=nodes.threshold[order],
        left=(place[left] * points).astype(np.uint32),
        right=(place[left + 1] * points).astype(np.uint32),
        share=above.share[left],
        value_left=nodes.value[ends],
        value_right=nodes.value[ends + 1],
        leaf=nodes.value[leaf],
        again=place[again].astype(np.uint32),
        before=place[above.asks[again]].astype(np.uint32),
        before_left=above.left[again],
        known=known,
        factor=factor,
    )


def _bottom(nodes: Nodes) -> Bools:
    """Mark the splits above two leaves."""
    leaves = np.zeros(len(nodes.left), dtype=np.int64)
    np.add.at(leaves, nodes.parent[nodes.leaf & (nodes.parent != LEAF)], 1)
    return np.asarray(leaves == 2)


def _order(nodes: Nodes) -> Ints:
    """List the splits, of each tree those above two leaves last."""
    splits = np.flatnonzero(~nodes.leaf)
    return splits[np.lexsort((_bottom(nodes)[splits], nodes.tree[splits]))]


def _places(nodes: Nodes, order: Ints) -> Ints:
    """Number the splits within their tree, and after them the leaves; those under splits above two leaves get none."""
    listed = np.concatenate([order, np.flatnonzero(nodes.leaf & ~_bottom(nodes)[nodes.parent])])
    listed = listed[np.argsort(nodes.tree[listed], kind="stable")]
    place = np.zeros(len(nodes.left), dtype=np.int64)
    place[listed] = np.arange(len(listed)) - np.searchsorted(nodes.tree[listed], nodes.tree[listed])
    return place


def _before(nodes: Nodes, which: Bools) -> Places:
    """Count the marked nodes before each tree, and in all."""
    counts = np.cumsum(np.bincount(nodes.tree[which], minlength=len(nodes.roots)))
    return np.concatenate([[0], counts]).astype(np.uint64)


def _tables(weight: Doubles, *, points: int) -> tuple[Doubles, Doubles]:
    """Make the tables; `weight` is what goes the way of each split that asks again, at all the splits above that do."""
    nodes, weights = np.polynomial.legendre.leggauss(points)
    t, w = (nodes + 1) / 2, weights / 2
    z = np.concatenate([[1.0], weight])[:, None]
    way = t + z * (1 - t)
    unknown = np.zeros((1, points))
    return np.concatenate([unknown, t / way]).ravel(), np.concatenate([unknown, w * z / way**2]).ravel()
