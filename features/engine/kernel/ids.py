"""Ids as whole numbers. Rows are first split by a hash of their id, so that each split's table of ids stays in cache.

An id stands for itself by a hash of 128 bits: among ten million ids two are alike with a probability of 2e-25.
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from numba import njit

from features.engine.kernel.loops import Array, Ints

Codes = npt.NDArray[np.int32]
Hashes = npt.NDArray[np.uint64]
"""Two words a row."""


def numbered(ids: pa.ChunkedArray) -> tuple[Codes, pa.Array]:
    """Number ids by their place in the alphabet of those there are, which come beside; −1 where there is none."""
    codes, firsts = _numbered(_hashed(ids))
    found = ids.take(pa.array(firsts)).combine_chunks().cast(pa.string())
    order = pc.array_sort_indices(found).to_numpy()
    rank = np.full(len(order) + 1, -1, np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    return rank[codes], found.take(pa.array(order))


def places(ids: pa.ChunkedArray, among: pa.Array) -> Codes:
    """Give the place of each id among others, which differ from each other; −1 for one who is not among them."""
    return _places(_hashed(ids), _hashed(pa.chunked_array([among])))


def _hashed(ids: pa.ChunkedArray) -> Hashes:
    """Hash ids; both words are 0 where there is none."""
    out = np.zeros((len(ids), 2), np.uint64)
    at = 0
    for chunk in ids.chunks:
        text = chunk if pa.types.is_string(chunk.type) else chunk.cast(pa.large_string())
        _, offsets, data = text.buffers()
        if len(text):
            width = np.int32 if pa.types.is_string(text.type) else np.int64
            begins = np.frombuffer(offsets, width)[text.offset :][: len(text) + 1]
            given = np.asarray(text.is_valid()) if text.null_count else np.empty(0, np.bool_)
            _hash(begins, np.frombuffer(data or b"", np.uint8), given, out[at : at + len(text)])
        at += len(text)
    return out


@njit(cache=True)
def _mixed(word: np.uint64) -> np.uint64:  # pragma: no cover
    """Let every bit of a word count for every other (the finaliser of MurmurHash3)."""
    word = (word ^ (word >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    word = (word ^ (word >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    return word ^ (word >> np.uint64(33))


@njit(cache=True)
def _hash(begins: Array, data: Array, given: Array, out: Hashes) -> None:  # pragma: no cover
    """Hash bytes to two words: FNV-1a, and a polynomial in another odd number; each is mixed, and none is 0."""
    for i in range(out.shape[0]):
        if given.size and not given[i]:
            continue
        one, other = np.uint64(14695981039346656037), np.uint64(begins[i + 1] - begins[i])
        for k in range(begins[i], begins[i + 1]):
            byte = np.uint64(data[k])
            one = (one ^ byte) * np.uint64(1099511628211)
            other = (other + byte + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        out[i, 0] = _mixed(one) | np.uint64(1)
        out[i, 1] = _mixed(other)


@njit(cache=True)
def _split(hashes: Hashes, bits: int) -> tuple[Ints, Codes, Hashes]:  # pragma: no cover
    """Bring rows that have an id into the order of their hash's first bits. Gives where each split starts, which row
    came where, and the hashes in that order.
    """
    shift = np.uint64(64 - bits)
    bounds = np.zeros((1 << bits) + 1, np.int64)
    for i in range(hashes.shape[0]):
        if hashes[i, 0]:
            bounds[np.int64(hashes[i, 0] >> shift) + 1] += 1
    for p in range(1 << bits):
        bounds[p + 1] += bounds[p]
    upto = bounds[:-1].copy()
    rows, moved = np.empty(bounds[-1], np.int32), np.empty((bounds[-1], 2), np.uint64)
    for i in range(hashes.shape[0]):
        if hashes[i, 0]:
            k = np.int64(hashes[i, 0] >> shift)
            rows[upto[k]], moved[upto[k], 0], moved[upto[k], 1] = i, hashes[i, 0], hashes[i, 1]
            upto[k] += 1
    return bounds, rows, moved


@njit(cache=True)
def _bits(rows: int) -> int:  # pragma: no cover
    """Choose into how many splits, as a power of 2: of some ten thousand rows, at most a thousand of them."""
    bits = 1
    while bits < 10 and rows >> bits > 1 << 14:
        bits += 1
    return bits


@njit(cache=True)
def _width(rows: int) -> int:  # pragma: no cover
    width = 16
    while width < 2 * rows:
        width *= 2
    return width


@njit(cache=True)
def _slot(table: Hashes, codes: Codes, one: np.uint64, other: np.uint64) -> np.int64:  # pragma: no cover
    """Find an id's place in a table, or the empty one where it would be."""
    last = codes.size - 1
    s = np.int64(other & np.uint64(last))
    while codes[s] >= 0 and (table[s, 0] != one or table[s, 1] != other):
        s = (s + 1) & last
    return s


@njit(cache=True)
def _numbered(hashes: Hashes) -> tuple[Codes, Ints]:  # pragma: no cover
    """Number the different ids in any order; −1 where there is none. Gives the row of each one's first too."""
    bounds, rows, moved = _split(hashes, _bits(hashes.shape[0]))
    out, firsts = np.full(hashes.shape[0], -1, np.int32), np.empty(rows.size, np.int64)
    count = 0
    for p in range(bounds.size - 1):
        width = _width(bounds[p + 1] - bounds[p])
        table, codes = np.empty((width, 2), np.uint64), np.full(width, -1, np.int32)
        for k in range(bounds[p], bounds[p + 1]):
            s = _slot(table, codes, moved[k, 0], moved[k, 1])
            if codes[s] < 0:
                table[s, 0], table[s, 1], codes[s] = moved[k, 0], moved[k, 1], count
                firsts[count] = rows[k]
                count += 1
            out[rows[k]] = codes[s]
    return out, firsts[:count].copy()


@njit(cache=True)
def _places(hashes: Hashes, among: Hashes) -> Codes:  # pragma: no cover
    bits = _bits(max(hashes.shape[0], among.shape[0]))
    bounds, rows, moved = _split(hashes, bits)
    others, places, keys = _split(among, bits)
    out = np.full(hashes.shape[0], -1, np.int32)
    for p in range(bounds.size - 1):
        width = _width(others[p + 1] - others[p])
        table, codes = np.empty((width, 2), np.uint64), np.full(width, -1, np.int32)
        for k in range(others[p], others[p + 1]):
            s = _slot(table, codes, keys[k, 0], keys[k, 1])
            table[s, 0], table[s, 1], codes[s] = keys[k, 0], keys[k, 1], places[k]
        for k in range(bounds[p], bounds[p + 1]):
            out[rows[k]] = codes[_slot(table, codes, moved[k, 0], moved[k, 1])]
    return out
