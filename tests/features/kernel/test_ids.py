"""Ids as numbers, beside a dict."""

from itertools import pairwise
from random import Random

import numpy as np
import pyarrow as pa
import pytest

from features.engine.kernel.ids import numbered, places

WORDS = [
    "",
    "a",
    "b",
    "ab",
    "ba",
    "aa",
    "A",
    "é",
    "ß",
    "\u0000",
    "a\u0000",
    "customer-1",
    "customer-10",
    "🦔",
    "0",
    "00",
]


def drawn(count: int, seed: int) -> list[str | None]:
    """Draw ids that come again, of many lengths, some missing."""
    by_chance = Random(seed)
    numbers = [f"C{by_chance.randrange(count // 3):07d}" for _ in range(count)]
    return [by_chance.choice([each, each, each[:-2], each * 4, by_chance.choice(WORDS), None]) for each in numbers]


def chunked(ids: list[str | None], parts: int, type_: pa.DataType) -> pa.ChunkedArray:
    """Cut ids into chunks that begin somewhere inside their buffers."""
    edges = [len(ids) * part // parts for part in range(parts + 1)]
    chunks = [pa.array(["before", *ids[a:b], "after"], type_).slice(1, b - a) for a, b in pairwise(edges)]
    return pa.chunked_array(chunks, type_)


@pytest.mark.parametrize(
    ("count", "parts", "type_"),
    [(3, 1, pa.string()), (200, 7, pa.string()), (200, 3, pa.large_string()), (90_000, 4, pa.string())],
)
def test_ids_are_numbered_by_the_alphabet(count: int, parts: int, type_: pa.DataType) -> None:
    ids = drawn(count, seed=count)
    codes, found = numbered(chunked(ids, parts, type_))
    alphabet = sorted({each for each in ids if each is not None}, key=str.encode)
    assert found.type == pa.string()
    assert found.to_pylist() == alphabet
    place = {each: number for number, each in enumerate(alphabet)}
    assert codes.tolist() == [-1 if each is None else place[each] for each in ids]


@pytest.mark.parametrize(("count", "others"), [(50, 4), (400, 90), (60_000, 25_000), (20, 40_000), (60_000, 1)])
def test_ids_are_found_among_others(count: int, others: int) -> None:
    ids = drawn(count, seed=1)
    among = list({each: None for each in drawn(others * 3, seed=2) if each is not None})[:others]
    Random(3).shuffle(among)
    place = {each: number for number, each in enumerate(among)}
    found = places(chunked(ids, 3, pa.string()), pa.array(among, pa.string()))
    assert found.tolist() == [-1 if each is None else place.get(each, -1) for each in ids]


def test_nobody_has_no_number() -> None:
    codes, found = numbered(pa.chunked_array([], pa.string()))
    assert (codes.tolist(), found.to_pylist()) == ([], [])
    codes, found = numbered(pa.chunked_array([[None, None]], pa.string()))
    assert (codes.tolist(), found.to_pylist()) == ([-1, -1], [])
    assert places(pa.chunked_array([["a", None]]), pa.array([], pa.string())).tolist() == [-1, -1]
    assert places(pa.chunked_array([], pa.string()), pa.array(["a"])).tolist() == []


def test_an_empty_id_is_an_id() -> None:
    codes, found = numbered(pa.chunked_array([["", None, ""]], pa.string()))
    assert (codes.tolist(), found.to_pylist()) == ([0, -1, 0], [""])


def test_ids_that_differ_in_one_byte_differ() -> None:
    """Also far behind the first bytes, and in how many there are of one."""
    ids = [f"{'x' * before}{letter}{'x' * (40 - before)}" for before in range(41) for letter in "abc"]
    ids += ["x" * length for length in range(60)] + ["\u0000" * length for length in range(1, 60)]
    codes, found = numbered(pa.chunked_array([ids], pa.string()))
    assert len(found) == len(set(ids)) == len(ids)
    np.testing.assert_array_equal(np.sort(codes), np.arange(len(ids)))
