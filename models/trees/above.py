"""What lies between the roots and each node."""

from typing import NamedTuple

import numpy as np

from models.trees.forest import LEAF, Bools, Doubles, Ints, Nodes


class Above(NamedTuple):
    """What lies above each node.

    `share` is the weight that comes to it over that of its parent, `reach` over that of its root. `asks` is the nearest
    split above on the feature of this one, -1 where there is none, `left` whether this one lies to its left, and
    `weight` the product of the shares that go this way at all such splits. `features` counts the different ones that
    the splits down to here ask for.
    """

    share: Doubles
    reach: Doubles
    asks: Ints
    left: Bools
    weight: Doubles
    features: Ints

    @classmethod
    def of(cls, nodes: Nodes) -> "Above":
        """Go up from all nodes at once, a split at a time."""
        share = shares(nodes)
        here = np.arange(len(share))
        reach, weight = np.ones(len(share)), np.ones(len(share))
        asks, left = np.full(len(share), LEAF), np.zeros(len(share), dtype=np.bool_)
        node, up = here, nodes.parent
        while (up != LEAF).any():
            reach *= np.where(up != LEAF, share[node], 1.0)
            same = (up != LEAF) & ~nodes.leaf & (nodes.feature[up] == nodes.feature)
            nearest = same & (asks == LEAF)
            asks[nearest] = up[nearest]
            left[nearest] = nodes.left[up[nearest]] == node[nearest]
            weight *= np.where(same, share[node], 1.0)
            node, up = up, np.where(up != LEAF, nodes.parent[up], LEAF)
        return cls(share, reach, asks, left, weight, _features(nodes, ~nodes.leaf & (asks == LEAF)))


def shares(nodes: Nodes) -> Doubles:
    """Give each node's weight over that of it and its sibling: 1 for a root, ½ where both weigh nothing."""
    inner = np.flatnonzero(~nodes.leaf)
    left, right = nodes.left[inner], nodes.left[inner] + 1
    both = nodes.cover[left] + nodes.cover[right]
    found = np.ones(len(nodes.cover))
    for child in (left, right):
        found[child] = np.divide(nodes.cover[child], both, out=np.full(len(both), 0.5), where=both > 0)
    return found


def _features(nodes: Nodes, new: Bools) -> Ints:
    """Count the splits down to each node that ask for a feature first."""
    count, up = new.astype(np.int64), nodes.parent
    while (up != LEAF).any():
        count += np.where(up != LEAF, new[up], 0)
        up = np.where(up != LEAF, nodes.parent[up], LEAF)
    return count
