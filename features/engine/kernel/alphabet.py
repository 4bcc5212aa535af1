"""Ids in the order of the alphabet, found by halving: few among many are looked up without reading the many."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numba import njit

from features.engine.kernel.loops import Array, Ints


def numbers(ids: pa.Array, among: Sequence[pa.Array]) -> Ints:
    """Give each id's number in lists of ids, counted through all of them, each of which is sorted; −1 if in none."""
    out, before = np.full(len(ids), -1, np.int64), 0
    for listed in among:
        place = _places(listed, ids)
        there = np.flatnonzero(place < len(listed))
        same = pc.equal(listed.take(pa.array(place[there])), ids.take(pa.array(there)))
        there = there[np.asarray(same)]
        out[there] = before + place[there]
        before += len(listed)
    return out


def alphabetical(lists: Sequence[pa.Array]) -> Ints:
    """Give the numbers of all ids of sorted lists, in the order of the alphabet; quick if the first is the longest."""
    first = np.arange(len(lists[0]))
    if len(lists) == 1:
        return first
    others = pa.concat_arrays(lists[1:])
    order = pc.array_sort_indices(others).to_numpy().astype(np.int64)
    found: Ints = np.insert(first, _places(lists[0], others.take(pa.array(order))), len(first) + order)
    return found


def _places(among: pa.Array, ids: pa.Array) -> Ints:
    """Say how many of a sorted list come before each id."""
    out = np.empty(len(ids), np.int64)
    _halve(*_bytes(among), *_bytes(ids), out)
    return out


def _bytes(ids: pa.Array) -> tuple[Array, Array]:
    _, offsets, data = ids.buffers()
    begins = np.frombuffer(offsets, np.int32)[ids.offset :][: len(ids) + 1] if len(ids) else np.zeros(1, np.int32)
    return begins, np.frombuffer(data or b"", np.uint8)


@njit(cache=True)
def _less(one: Array, other: Array) -> bool:  # pragma: no cover
    for k in range(min(one.size, other.size)):
        if one[k] != other[k]:
            return bool(one[k] < other[k])
    return bool(one.size < other.size)


@njit(cache=True)
def _halve(begins: Array, data: Array, wanted: Array, text: Array, out: Ints) -> None:  # pragma: no cover
    for i in range(out.size):
        a, b = 0, begins.size - 1
        while a < b:
            m = (a + b) // 2
            if _less(data[begins[m] : begins[m + 1]], text[wanted[i] : wanted[i + 1]]):
                a = m + 1
            else:
                b = m
        out[i] = a
