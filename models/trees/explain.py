"""The loops of exact TreeSHAP; `models.trees.contributions` says what they compute, and lays the trees out for them."""

from collections.abc import Callable
from functools import cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.trees.compiled import compiled, inlined
from models.trees.forest import Bools, Doubles, Singles, Words
from models.trees.lanes import Lanes, put, taken, total, zeros

Places = NDArray[np.uint64]
Place = np.uint64

ROWS: Final = 16
"""Rows that are explained tree by tree together, while a tree is in the cache."""


class Splits(NamedTuple):
    """The splits of all trees, one after the other, and what hangs on them.

    A tree's places are its splits above other splits, from the root down, its splits above two leaves, and its leaves
    under the former. `trees` counts what is before each tree, and at last in all: splits, those above two leaves,
    leaves under the others, splits that ask again. Of each split there are the column it looks at, its threshold, its
    children's places, and the share of its weight that goes left. `value_left` and `value_right` are the leaves under
    splits above two, `leaf` the others. `again` are the splits whose feature was asked for above: place, place of the
    nearest such split, and whether it is on its left.

    The tables are rows × points of the quadrature: how probably a feature is known, and the factor of its share. Row 0
    is of one that is unknown for sure, 1 of one that no split above asks for, the others of each of `again`. Places of
    children, and rows, are multiplied by the number of points.
    """

    trees: Places
    column: Words
    threshold: Singles
    left: Words
    right: Words
    share: Doubles
    value_left: Singles
    value_right: Singles
    leaf: Singles
    again: Words
    before: Words
    before_left: Bools
    known: Doubles
    factor: Doubles


class Found(NamedTuple):
    """What is found out about a row and a tree.

    Of each split whether the row goes left (1 or 0), less the share that does, and its row of the tables; of each split
    and point how probably it is left to the left, and what knowing its feature gains; of each place and point what is
    expected there, and how probably it is reached. What may be 1 or 0 is multiplied and not asked: no processor can
    guess where a row goes.
    """

    moves: Doubles
    row: Places
    goes: Doubles
    gain: Doubles
    mean: Doubles
    reach: Doubles


@cache
def explainer(points: int) -> Callable[[Singles, Splits, Doubles], None]:
    """Give the loop for so many points of the quadrature, which it goes through side by side.

    It takes rows × columns (two a feature: `models.trees.predict.columns`) and adds to rows × features.
    """

    def explain(seen: Singles, splits: Splits, out: Doubles) -> None:  # pragma: no cover
        found, none = room(splits, Place(points)), zeros(points)
        for start in range(0, seen.shape[0], ROWS):
            for t in range(splits.trees.shape[0] - 1):
                for r in range(start, min(start + ROWS, seen.shape[0])):
                    follow(seen[r], splits, t, found, Place(points))
                    average(splits, t, found, Place(points), none)
                    share(splits, t, found, Place(points), none, out[r])

    explain.__qualname__ = f"explain_{points}"  # each is kept by itself: two that share a list may mix their code up
    return compiled(explain)


@inlined
def room(splits: Splits, points: Place) -> Found:  # pragma: no cover
    """Take memory for the largest tree."""
    most = Place(1)
    for t in range(splits.trees.shape[0] - 1):
        size = splits.trees[t + 1, 0] - splits.trees[t, 0] + splits.trees[t + 1, 2] - splits.trees[t, 2]
        most = max(most, size)
    wide = most * points
    goes, gain, mean, reach = np.empty(wide), np.empty(wide), np.empty(wide), np.empty(wide)
    return Found(np.empty(most), np.empty(most, np.uint64), goes, gain, mean, reach)


@inlined
def follow(seen: Singles, splits: Splits, t: int, found: Found, points: Place) -> None:  # pragma: no cover
    """Find where the row goes at each split, and what is known of the split's feature where the row would come by."""
    first = splits.trees[t, 0]
    for n in range(splits.trees[t + 1, 0] - first):
        left = np.float64(seen[splits.column[first + n]] < splits.threshold[first + n])
        found.moves[n] = left - splits.share[first + n]
        found.row[n] = points
    for i in range(splits.trees[t, 3], splits.trees[t + 1, 3]):
        before = splits.before[i]
        left = seen[splits.column[first + before]] < splits.threshold[first + before]
        comes = (found.row[before] != Place(0)) & (left == splits.before_left[i])
        found.row[splits.again[i]] = Place(comes) * (i + Place(2)) * points


@inlined
def average(splits: Splits, t: int, found: Found, points: Place, none: Lanes) -> None:  # pragma: no cover
    """Find, from the leaves up, what is expected at each split and what is gained by knowing its feature."""
    first, size = splits.trees[t, 0], splits.trees[t + 1, 0] - splits.trees[t, 0]
    upper, end = size - (splits.trees[t + 1, 1] - splits.trees[t, 1]), splits.trees[t, 1]
    for i in range(splits.trees[t + 1, 2] - splits.trees[t, 2]):
        put(found.mean, (size + i) * points, none + np.float64(splits.leaf[splits.trees[t, 2] + i]))
    for n in range(upper, size):
        right = np.float64(splits.value_right[end + n - upper])
        apart = np.float64(splits.value_left[end + n - upper]) - right
        goes = splits.share[first + n] + taken(splits.known, found.row[n], none) * found.moves[n]
        found.gain[n * points] = found.moves[n] * apart
        put(found.mean, n * points, right + goes * apart)
    for back in range(upper):
        n = upper - Place(1) - back
        below = taken(found.mean, splits.right[first + n], none)
        between = taken(found.mean, splits.left[first + n], none) - below
        moves = splits.share[first + n] + taken(splits.known, found.row[n], none) * found.moves[n]
        put(found.goes, n * points, moves)
        put(found.gain, n * points, found.moves[n] * between)
        put(found.mean, n * points, below + moves * between)


@inlined
def share(splits: Splits, t: int, found: Found, points: Place, none: Lanes, out: Doubles) -> None:  # pragma: no cover
    """Add, from the root down, each split's gain to its feature's share, as probably as it is reached."""
    first, size = splits.trees[t, 0], splits.trees[t + 1, 0] - splits.trees[t, 0]
    upper = size - (splits.trees[t + 1, 1] - splits.trees[t, 1])
    put(found.reach, Place(0), none + 1.0)
    for n in range(upper):
        reach = taken(found.reach, n * points, none)
        left = reach * taken(found.goes, n * points, none)
        put(found.reach, splits.left[first + n], left)
        put(found.reach, splits.right[first + n], reach - left)
        added = taken(splits.factor, found.row[n], none) * reach * taken(found.gain, n * points, none)
        out[splits.column[first + n] >> np.uint32(1)] += total(added)
    for n in range(upper, size):
        weight = total(taken(splits.factor, found.row[n], none) * taken(found.reach, n * points, none))
        out[splits.column[first + n] >> np.uint32(1)] += weight * found.gain[n * points]
