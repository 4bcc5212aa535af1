"""Blocks: whole customers, the same wherever batches end."""

import itertools

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.contract import matrix
from serving.batch.blocks import Block, blocks, customers


def _batches(ids: list[str], at_a_time: int) -> list[pa.RecordBatch]:
    table = pa.table({"customer_id": pa.array(ids, pa.string()), "place": np.arange(len(ids))})
    return list(table.to_batches(max_chunksize=at_a_time))


def _cut(ids: list[str], size: int) -> list[list[str]]:
    """Cut by a loop over rows: a block is full at `size`, and ends where the next customer begins."""
    found: list[list[str]] = []
    for place, each in enumerate(ids):
        if not found or (len(found[-1]) >= size and each != ids[place - 1]):
            found.append([])
        found[-1].append(each)
    return found


@given(
    st.lists(st.integers(1, 7), max_size=30),
    st.integers(1, 9),
    st.integers(1, 40),
)
def test_blocks_are_cut_as_a_loop_cuts_them(counts: list[int], size: int, at_a_time: int) -> None:
    ids = [f"c{number}" for number, count in enumerate(counts) for _ in range(count)]
    found = list(blocks(_batches(ids, at_a_time), size=size))
    assert [each.table["customer_id"].to_pylist() for each in found] == _cut(ids, size)
    assert [each.number for each in found] == list(range(len(found)))
    places = itertools.chain.from_iterable(each.table["place"].to_pylist() for each in found)
    assert list(places) == list(range(len(ids)))


def test_a_customer_larger_than_a_block_is_one() -> None:
    found = list(blocks(_batches(["a"] * 50 + ["b"], 3), size=10))
    assert [len(each.table) for each in found] == [50, 1]


def test_nothing_is_no_block() -> None:
    assert list(blocks([], size=3)) == []
    assert list(blocks(_batches([], 3), size=3)) == []


@pytest.mark.parametrize(("ids", "count"), [("", 0), ("a", 1), ("aab", 2), ("abbbc", 3)])
def test_customers_are_counted_once(ids: str, count: int) -> None:
    assert customers(pa.chunked_array([pa.array(list(ids), pa.string())])) == count
    assert customers(pa.chunked_array([pa.array([each]) for each in ids], pa.string())) == count


def test_the_matrix_is_that_of_the_frame() -> None:
    table = pa.table(
        {
            "customer_id": ["a", "b", "c"],
            "whole": pa.array([1, None, 2**40]),
            "small": pa.array([0.1, None, float("nan")], pa.float32()),
            "truth": pa.array([True, None, False]),
            "double": pa.array([1 / 3, float("inf"), None]),
        }
    )
    names = ["double", "whole", "small", "truth"]
    block = Block(0, table)
    made = block.matrix(names)
    assert made.flags.c_contiguous
    assert made.tobytes() == matrix(pd.DataFrame(table.to_pandas()), names).tobytes()
    assert block.matrix(tuple(names)) is made
