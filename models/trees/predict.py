"""The walk down the trees, in XGBoost's own float32 arithmetic."""

import math
from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from models.trees.compiled import compiled
from models.trees.forest import Doubles, Forest, Singles, Words
from models.trees.link import EXPONENTIAL, LOGISTIC

LANES: Final = 64
"""Walks that go on side by side, each waiting for its own memory: of many rows down a tree, of one down many."""
GREATEST: Final = np.finfo(np.float32).max
LEAST: Final = np.float32(-np.inf)
_COLUMN, _LEFT, _VALUE, _NODE = np.uint32(1), np.uint32(2), np.uint32(3), np.uint32(4)


@dataclass(frozen=True, eq=False)
class Walk:
    """The trees as the loop reads them.

    A node is four words: its threshold, the column it looks at, the place of its left child, which the right one
    follows, and a leaf's value; `words` and `reals` are one memory. A feature is two columns, in the first of which a
    null is as small, in the second as great as can be, so that it goes left or right as the node says. A leaf sends all
    to itself. `trees` holds each one's root and depth.
    """

    words: Words
    reals: Singles
    trees: Words
    base: np.float32
    link: int
    width: int

    @classmethod
    def of(cls, forest: Forest) -> Self:
        """Lay a forest out."""
        nodes = forest.nodes
        words = np.empty((len(nodes.left), int(_NODE)), dtype=np.uint32)
        words[:, 0] = nodes.threshold.view(np.uint32)
        words[:, _COLUMN] = nodes.columns
        words[:, _LEFT] = nodes.left * int(_NODE)
        words[:, _VALUE] = nodes.value.view(np.uint32)
        trees = np.column_stack([nodes.roots * int(_NODE), nodes.depths]).astype(np.uint32)
        flat = words.ravel()
        return cls(flat, flat.view(np.float32), trees, forest.base, forest.link, forest.width)

    def predict(self, values: Doubles) -> Doubles:
        """Give the expected value of each row of features, NaN being a null. `ValueError` for another width."""
        rows = checked(values, self.width)
        out = np.empty(len(rows))
        predict(rows, self.words, self.reals, self.trees, self.base, self.link, out)
        return out


def columns(rows: Doubles) -> Singles:
    """Give the two columns of each feature, rows × 2 · features."""
    seen = np.empty((len(rows), 2 * rows.shape[1]), dtype=np.float32)
    see(rows, seen)
    return seen


def checked(values: Doubles, width: int) -> Doubles:
    """Give rows × width as a plain array of doubles, of one type for the compiler. `ValueError` for another width."""
    rows = np.ascontiguousarray(values, dtype=np.float64)
    if rows.ndim != 2 or rows.shape[1] != width:
        raise ValueError(f"the rows have the shape {rows.shape}; the trees take rows × {width} features")
    return rows if rows.flags.writeable else rows.copy()


@compiled
def predict(
    values: Doubles, words: Words, reals: Singles, trees: Words, base: np.float32, link: int, out: Doubles
) -> None:  # pragma: no cover
    """Predict the rows, block by block: leaves are added to the base in the trees' order, in float32."""
    block = min(LANES, values.shape[0])
    seen = np.empty((block, 2 * values.shape[1]), dtype=np.float32)
    total = np.empty(block, dtype=np.float32)
    node, at = np.empty(LANES, dtype=np.uint32), np.empty(LANES, dtype=np.uint32)
    for start in range(0, values.shape[0], LANES):
        count = min(LANES, values.shape[0] - start)
        see(values[start : start + count], seen)
        total[:] = base
        many = LANES // count
        for lane in range(many * count):
            at[lane] = np.uint32((lane % count) * seen.shape[1])
        for first in range(0, trees.shape[0], many):
            some = trees[first : first + many]
            down(seen.reshape(-1), at, words, reals, some, count, node)
            for t in range(some.shape[0]):
                for r in range(count):
                    total[r] += reals[node[t * count + r] + _VALUE]
        for r in range(count):
            out[start + r] = linked(total[r], link)


@compiled
def see(values: Doubles, seen: Singles) -> None:  # pragma: no cover
    """Put the values into both columns of their features, as float32."""
    for r in range(values.shape[0]):
        for f in range(values.shape[1]):
            value = np.float32(values[r, f])
            null = math.isnan(value)
            seen[r, 2 * f] = LEAST if null else min(value, GREATEST)
            seen[r, 2 * f + 1] = GREATEST if null else min(value, GREATEST)


@compiled
def down(
    seen: Singles, at: Words, words: Words, reals: Singles, trees: Words, count: int, node: Words
) -> None:  # pragma: no cover
    """Find the leaf of each row (`at` is where it begins) in each tree: tree by tree, its rows side by side."""
    depth = np.uint32(0)
    for t in range(trees.shape[0]):
        depth = max(depth, trees[t, 1])
        for r in range(count):
            node[t * count + r] = trees[t, 0]
    for _ in range(depth):
        for lane in range(trees.shape[0] * count):
            here = node[lane]
            right = np.uint32(0) if seen[at[lane] + words[here + _COLUMN]] < reals[here] else _NODE
            node[lane] = words[here + _LEFT] + right


@compiled
def linked(margin: np.float32, link: int) -> np.float32:  # pragma: no cover
    """Make the expected value of a margin, in float32, step by step as XGBoost does, by the C library's `expf`."""
    if link == LOGISTIC:
        one = np.float32(1)
        return one / (np.float32(math.exp(min(-margin, np.float32(88.7)))) + one + np.float32(1e-16))
    if link == EXPONENTIAL:
        return np.float32(math.exp(margin))
    return margin
