"""The list of those who may not be scored: how it is read, what it says, and how the store holds it."""

import asyncio
import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from serving.store.opened import store_of
from serving.suppression import BLOCK, Suppressions, Unlisted, check_listed, keep_in_step, write_suppressed

ROWS = [("0042", "opted_out"), ("b", "erased"), ("ç", "opted_out")]


def _file(folder: Path, kind: str, rows: Any = ROWS) -> Path:
    path, frame = folder / f"list.{kind}", pd.DataFrame(rows, columns=["customer_id", "reason"])
    if kind == "csv":
        frame.assign(note="x").to_csv(path, index=False)
    elif kind == "parquet":
        frame.to_parquet(path, index=False)
    else:
        path.write_text(json.dumps(frame.to_dict("records")), encoding="utf-8")
    return path


@pytest.mark.parametrize("kind", ["csv", "parquet", "json"])
def test_a_list_is_read_from_any_kind_of_file(kind: str, tmp_path: Path) -> None:
    read = Suppressions.read(_file(tmp_path, kind))
    assert dict(read.reasons) == dict(ROWS)
    assert read.of(["b", "x", "0042", "42", "NA"]) == ["erased", None, "opted_out", None, None]
    read.write(tmp_path / "again.parquet")
    assert Suppressions.read(tmp_path / "again.parquet") == read


@pytest.mark.parametrize("kind", ["parquet", "json"])
def test_whole_numbers_are_ids_too(kind: str, tmp_path: Path) -> None:
    assert Suppressions.read(_file(tmp_path, kind, [(7, "erased")])).of(["7"]) == ["erased"]


def test_an_id_called_na_is_one(tmp_path: Path) -> None:
    assert Suppressions.read(_file(tmp_path, "csv", [("NA", "erased"), ("null", "erased")])).of(["NA"]) == ["erased"]


@pytest.mark.parametrize("order", [1, -1])
def test_erased_counts_more_than_opted_out(order: int, tmp_path: Path) -> None:
    rows = [("a", "erased"), ("a", "opted_out"), ("b", "opted_out")][::order]
    assert dict(Suppressions.read(_file(tmp_path, "csv", rows)).reasons) == {"a": "erased", "b": "opted_out"}


@pytest.mark.parametrize(
    ("kind", "rows", "told"),
    [
        ("csv", [("a", "tired")], "the reason of 1 rows is none of erased, opted_out"),
        ("csv", [("a", "")], "the reason of 1 rows is none of"),
        ("parquet", [("a", None)], "the reason of 1 rows is none of"),
        ("csv", [("", "erased"), ("b", "erased")], "customer_id is empty in 1 rows"),
        ("json", [(None, "erased"), ("b", "erased")], "customer_id is empty in 1 rows"),
        ("parquet", [(1.5, "erased")], "customer_id is float; ids are text or whole numbers"),
        ("json", [("a", "erased"), (17.0, "erased")], "customer_id is float; ids are text or whole numbers"),
        ("json", [("a", "erased"), (True, "erased")], "customer_id is bool; ids are text or whole numbers"),
        ("parquet", [(Decimal("1.5"), "erased")], "customer_id is Decimal; ids are text or whole numbers"),
        ("parquet", [(pd.Timestamp("2025-01-01"), "erased")], "customer_id is Timestamp; ids are text"),
        ("csv", [(" a", "erased"), ("b ", "erased")], "customer_id begins or ends with a blank in 2 rows"),
        ("csv", [(" ", "erased")], "customer_id begins or ends with a blank in 1 rows"),
    ],
)
def test_what_is_wrong_is_counted_and_no_id_is_shown(kind: str, rows: Any, told: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=re.escape(told)):
        Suppressions.read(_file(tmp_path, kind, rows))


def test_files_that_are_no_list_are_told(tmp_path: Path) -> None:
    pd.DataFrame({"id": ["a"]}).to_csv(tmp_path / "list.csv", index=False)
    with pytest.raises(ValueError, match=re.escape("lacks the columns ['customer_id', 'reason']; it has ['id']")):
        Suppressions.read(tmp_path / "list.csv")
    (tmp_path / "list.json").write_text('{"a": "erased"}')
    with pytest.raises(ValueError, match="is not a list of objects with customer_id and reason"):
        Suppressions.read(tmp_path / "list.json")
    with pytest.raises(ValueError, match=r"give a \.csv, \.parquet or \.json file"):
        Suppressions.read(tmp_path / "list.xlsx")


def test_rows_are_marked_and_customers_counted_once() -> None:
    read = Suppressions({"b": "erased", "d": "opted_out", "e": "opted_out"})
    ids = pa.chunked_array([["a", "b", "b"], ["b", "c", "d"]])
    assert read.kept(ids).tolist() == [True, False, False, False, True, False]
    assert read.counted(ids) == {"erased": 1, "opted_out": 1}
    assert np.asarray(Suppressions().kept(ids)).all()
    assert Suppressions().counted(ids) == {}


def test_lists_put_together_hold_everybody_and_erased_counts_more() -> None:
    one, other = Suppressions({"a": "erased", "b": "opted_out"}), Suppressions({"a": "opted_out", "c": "erased"})
    expected = {"a": "erased", "b": "opted_out", "c": "erased"}
    assert dict((one | other).reasons) == dict((other | one).reasons) == expected


def test_the_fingerprint_is_of_whom_and_why() -> None:
    one = Suppressions({"a": "erased", "b": "opted_out"})
    assert one.fingerprint == Suppressions({"b": "opted_out", "a": "erased"}).fingerprint
    others = [{"a": "erased"}, {"a": "opted_out", "b": "opted_out"}, {"a": "erased", "c": "opted_out"}, {}]
    assert len({each.fingerprint for each in [one, *map(Suppressions, others)]}) == 5
    assert "a" not in repr(one).removeprefix("Suppressions")


def test_the_store_holds_the_reason_by_id(tmp_path: Path) -> None:
    store = store_of(str(tmp_path / "store"))
    write_suppressed(store, Suppressions({"a": "erased", "b": "opted_out"}))
    write_suppressed(store, Suppressions({"c": "opted_out", "b": "erased"}))
    block = store.open(BLOCK)
    assert block is not None
    assert asyncio.run(block.get(["a", "b", "c"])) == [None, b"erased", b"opted_out"]
    assert block.generation.about["customers"] == 2
    write_suppressed(store, Suppressions())
    empty = store.open(BLOCK)
    assert empty is not None
    assert asyncio.run(empty.get(["b"])) == [None]


def test_a_store_that_is_new_gets_the_list_and_one_that_holds_it_nothing(tmp_path: Path) -> None:
    store, listed = store_of(str(tmp_path / "store")), Suppressions({"a": "erased", "b": "opted_out"})
    keep_in_step(store, Suppressions())
    assert store.current(BLOCK) is None
    keep_in_step(store, listed)
    first = store.current(BLOCK)
    assert first is not None
    assert first.customers == 2
    keep_in_step(store, listed)
    assert store.current(BLOCK) == first
    keep_in_step(store, listed | Suppressions({"c": "erased"}))
    block = store.open(BLOCK)
    assert block is not None
    assert asyncio.run(block.get(["a", "b", "c"])) == [b"erased", b"opted_out", b"erased"]


@pytest.mark.parametrize("here", [{}, {"a": "erased"}, {"a": "erased", "c": "erased", "d": "erased"}])
def test_a_list_that_lacks_whom_the_store_bars_releases_nobody(here: dict[str, str], tmp_path: Path) -> None:
    store = store_of(str(tmp_path / "store"))
    write_suppressed(store, Suppressions({"a": "erased", "b": "opted_out"}))
    before = store.current(BLOCK)
    for check in (check_listed, keep_in_step):
        with pytest.raises(Unlisted, match=f"the store bars {1 + (not here)} customers who are not on the list here"):
            check(store, Suppressions(here))
    assert store.current(BLOCK) == before
