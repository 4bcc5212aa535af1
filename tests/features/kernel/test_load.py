"""From a table of rows to sorted arrays: every type, chunk and null, by hand."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from features.engine.kernel.keyed import Keyed
from features.engine.kernel.load import LARGEST, Rows, arranged
from features.engine.kernel.store import Store, Values
from features.engine.period import Period

PLAIN = Rows("purchases", "TRUE", None, known=False, clock=True)


def at(*days: int) -> pa.Array:
    return pa.array([datetime(2024, 1, day) for day in days], pa.timestamp("us"))  # noqa: DTZ001


def store(table: pa.Table, *keys: pa.Array, rows: Rows = PLAIN) -> Store:
    return arranged(table, rows, keys or (pa.array(["a", "b"]),)).columns.store


def columns(store: Store) -> Mapping[str, Values]:
    return store.values  # noqa: PD011  # no frame's


def table(customers: list[str], days: list[int], **columns: pa.Array) -> pa.Table:
    return pa.table({"customer_id": customers, "time": at(*days), **columns})


def value(column: pa.Array) -> Values:
    """Load a column of one customer's rows, in order."""
    return columns(store(table(["a"] * len(column), [*range(1, len(column) + 1)], x=column)))["x"]


def plain(values: Values) -> list[Any]:
    pairs = zip((values.data / values.scale).tolist(), values.given.tolist(), strict=True)
    return [number if given else None for number, given in pairs]


def money(*amounts: str | None, digits: int = 18) -> pa.Array:
    return pa.array([None if each is None else Decimal(each) for each in amounts], pa.decimal128(digits, 4))


def test_rows_are_sorted_and_those_of_others_left_out() -> None:
    made = store(table(["b", "x", "a", "b", "a"], [3, 1, 9, 2, 8], x=pa.array([1, 2, 3, 4, 5])))
    assert made.starts.tolist() == [0, 2, 4]
    assert columns(made)["x"].data.tolist() == [5, 3, 4, 1]
    assert (made.day - made.day.min()).tolist() == [6, 7, 0, 1]
    assert (made.time // 86_400_000_000).tolist() == made.day.tolist()


@pytest.mark.parametrize(
    ("column", "dtype", "scale"),
    [
        (money("1.5", None, "-0.0001"), np.int64, 10_000),
        (money("1.5", None, "-0.0001", digits=38), np.int64, 10_000),
        (pa.array([1, None, -7], pa.int64()), np.int64, 1),
        (pa.array([1, None, -7], pa.int8()), np.int8, 1),
        (pa.array([1.5, None, -7.25]), np.float64, 1),
        (pa.array([True, None, False]), np.float64, 1),
        (pa.array([None, None, None], pa.float64()), np.float64, 1),
    ],
)
def test_values_are_those_of_the_rows_and_0_where_there_is_none(column: pa.Array, dtype: type, scale: float) -> None:
    made = value(column)
    assert made.data.dtype == dtype
    assert made.scale == scale
    assert plain(made) == [None if each is None else float(each) for each in column.to_pylist()]
    assert made.data[~made.given].tolist() == [0] * column.null_count


def test_hashes_keep_all_their_bits() -> None:
    made = value(pa.array([2**64 - 1, None, 2**53 + 1], pa.uint64()))
    assert made.data.tolist() == [2**64 - 1, 0, 2**53 + 1]


def test_a_column_without_nulls_has_no_mask() -> None:
    assert value(pa.array([1, 2])).valid is None


@pytest.mark.parametrize("digits", [19, 38])
def test_what_lies_in_memory_where_there_is_no_value_does_not_matter(digits: int) -> None:
    words = np.array([15_000, 0, 7, 9, -3, -1], np.int64)  # low and high words: 1.5, something, −0.0003
    valid = pa.py_buffer(bytes([0b101]))
    column = pa.Array.from_buffers(pa.decimal128(digits, 4), 3, [valid, pa.py_buffer(words.tobytes())])
    made = value(column)
    assert made.data.dtype == np.int64
    assert plain(made) == [1.5, None, -0.0003]


@pytest.mark.parametrize("amount", ["1000000000000000.0000", "-922337203685477.5809", "922337203685477.5808"])
def test_decimals_that_pass_64_bits_are_doubles(amount: str) -> None:
    made = value(money(amount, "0.1", digits=38))
    assert made.data.dtype == np.float64
    assert made.scale == 1
    assert plain(made) == [float(amount), 0.1]


def test_whole_numbers_whose_sums_might_not_fit_are_doubles_unless_they_are_of_different_people() -> None:
    half = pa.array([LARGEST // 2, -(LARGEST // 2)])
    for customers, dtype in ((["a", "a"], np.float64), (["a", "b"], np.int64)):
        made = columns(store(table(customers, [1, 2], x=half)))["x"]
        assert made.data.dtype == dtype
        assert plain(made) == [LARGEST // 2, -(LARGEST // 2)]


def test_doubles_that_were_decimals_keep_their_scale() -> None:
    made = value(money(*["99999999999999.9999"] * 9))
    assert made.data.dtype == np.float64
    assert made.scale == 1
    assert plain(made) == [99999999999999.9999] * 9


def test_chunks_and_slices_are_read_as_one() -> None:
    whole = table(
        ["a"] * 7,
        [7, 6, 5, 4, 3, 2, 1],
        x=money("0", "1", None, "3", "4", None, "6"),
        y=pa.array([0, 1, 2, None, 4, 5, 6]),
        z=pa.array([True, False, None, True, True, False, False]),
    )
    parts = pa.concat_tables([whole.slice(1, 2), whole.slice(3, 0), whole.slice(3, 4)])
    made = store(parts)
    assert plain(columns(made)["x"]) == [6, None, 4, 3, None, 1]
    assert plain(columns(made)["y"]) == [6, 5, 4, None, 2, 1]
    assert plain(columns(made)["z"]) == [0, 0, 1, 1, None, 0]
    assert (made.day - made.day[0]).tolist() == [0, 1, 2, 3, 4, 5]


def test_a_table_without_rows_or_chunks_is_empty() -> None:
    full = table(["a"], [1], x=money("1"), y=pa.array([1.0]))
    for nothing in (
        full.slice(0, 0),
        pa.table({name: pa.chunked_array([], full[name].type) for name in full.schema.names}),
    ):
        made = store(nothing)
        assert (made.starts.tolist(), made.size) == ([0, 0, 0], 0)
        assert {name: len(each.data) for name, each in columns(made).items()} == {"x": 0, "y": 0}


def test_pairs_are_counted_through_the_customers_and_then_their_values() -> None:
    rows = Rows("purchases", "TRUE", "shop", known=False, clock=False)
    pairs = pa.table(
        {
            "customer_id": ["b", "a", "b", "a", "x", "b"],
            "shop": [7, 7, 9, None, 7, 8],
            "time": at(1, 2, 3, 4, 5, 6),
            "x": [1, 2, 3, 4, 5, 6],
        }
    )
    made = store(pairs, pa.array(["a", "b"]), pa.array([9, 7]), rows=rows)
    assert made.starts.tolist() == [0, 0, 1, 2, 3]  # a and 9, a and 7, b and 9, b and 7
    assert columns(made)["x"].data.tolist() == [2, 3, 1]


def test_when_a_row_became_known_goes_with_it() -> None:
    rows = Rows("purchases", "TRUE", None, known=True, clock=False)
    late = pa.table({"customer_id": ["a", "a"], "time": at(2, 1), "known": at(3, 9), "x": [1, 2]})
    made = store(late, rows=rows)
    assert ((made.known - made.time) // 86_400_000_000).tolist() == [8, 1]


def test_texts_are_numbered_by_their_place_in_the_alphabet() -> None:
    """By code points, as SQL orders them: capitals come first."""
    texts = pa.array(["tea", None, "Tea", "Ärla", "tea", ""])
    source = arranged(table(["a"] * 6, [1, 2, 3, 4, 5, 6], **{"text x": texts}), PLAIN, [pa.array(["a"])])
    assert source.texts["text x"] == ["", "Tea", "tea", "Ärla"]
    assert plain(columns(source.columns.store)["text x"]) == [2, None, 1, 3, 2, 0]


def keyed(rows: list[tuple[str | None, int, str | None]], by: str | None = None) -> Keyed:
    spine = pd.DataFrame(rows, columns=["customer_id", "day", "category"]).astype(
        {"customer_id": "str", "category": "str"}
    )
    spine["cutoff"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(spine["day"], unit="D")
    return Keyed.of(spine, by, Period())


def places(made: Keyed) -> list[tuple[int, int]]:
    """Look each row of the spine up: its entity, and the day of its cutoff."""
    found: list[tuple[int, int]] = [(-9, -9)] * made.rows
    for asked, rows, taken in made.blocks():
        for row, place in zip(rows, taken, strict=True):
            found[row] = (int(asked.entity[place]), int(asked.today[place]) - 19723)  # since 2024-01-01
    return found


def test_every_row_of_a_spine_finds_its_answer_and_none_is_asked_twice() -> None:
    made = keyed([("b", 3, None), ("a", 1, None), ("b", 2, None), ("a", 1, None), ("b", 3, None), (None, 1, None)])
    assert [key.to_pylist() for key in made.keys] == [["b", "a"]]
    assert places(made) == [(0, 3), (1, 1), (0, 2), (1, 1), (0, 3), (-1, 1)]
    assert made.asked.size == 4


def test_pairs_of_a_spine_find_theirs() -> None:
    made = keyed([("b", 3, "tea"), ("a", 1, "wine"), ("a", 1, "tea"), ("b", 3, None), ("b", 3, "tea")], "category")
    assert [key.to_pylist() for key in made.keys] == [["b", "a"], ["tea", "wine"]]
    assert places(made) == [(0, 3), (3, 1), (2, 1), (-1, 3), (0, 3)]


def test_a_spine_in_order_and_one_without_rows() -> None:
    assert places(keyed([("a", 1, None), ("a", 2, None), ("b", 0, None)])) == [(0, 1), (0, 2), (1, 0)]
    assert places(keyed([])) == []
