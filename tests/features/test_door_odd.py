"""Odd inputs at the door: each is refused with what is wrong, which value, and what to do; or it comes in whole."""

import datetime
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.cutoffs import spine
from features.engine.door import admit
from features.engine.run import Engine, observe
from features.engine.scan import scan_files
from features.history import Source
from features.library import POPULATIONS, available
from features.tables import HistoryError
from features.usability import examine

JANUARY = pd.Timestamp("2024-01-01").to_pydatetime()
OVER = "mend or drop such rows (systems write that day where they know none), or say the history's `end`"
BEYOND = "lies before the year 1 or after 9999"


def frame(**columns: Any) -> pd.DataFrame:
    usual = {"customer_id": ["a", "b"], "time": ["2024-01-01", "2024-01-02"], "amount": [1.0, 2.0]}
    return pd.DataFrame({**usual, **columns})


def arrow(**columns: Any) -> pa.Table:
    return pa.table({"customer_id": ["a", "b"], "time": [JANUARY, JANUARY], "amount": [1.0, 2.0], **columns})


def times(*values: int, unit: str = "us") -> pa.Table:
    return arrow(time=pa.array(values, pa.timestamp(unit)))


def twice(*names: str) -> pa.Table:
    arrays = [pa.array(["a"]), pa.array([JANUARY]), pa.array([1.0]), pa.array([2.0])]
    return pa.Table.from_arrays(arrays, names=["customer_id", "time", *names])


REFUSED: dict[str, tuple[Any, str]] = {
    "the last day there is": (frame(time=["9999-12-31", "2024-01-01"]), OVER),
    "the last day, as time": (
        frame(time=pd.array(["9999-12-31", "2024-01-01"], dtype="datetime64[us]")),
        "transactions.time goes up to 9999-12-31 00:00:00, and no midnight follows that a history could end at; mend",
    ),
    "the last day, as date": (frame(time=[datetime.date.max, JANUARY.date()]), OVER),
    "a day after the last": (
        frame(time=np.array(["200000-01-01", "2024-01-01"], dtype="datetime64[s]")),
        f"transactions.time {BEYOND}: 1 rows, such as {{'customer_id': 'a', 'time': '200000-01-01 00:00:00', 'amount'",
    ),
    "the last hour in New York": (
        frame(time=pd.to_datetime(["9999-12-31 23:00-05:00", "2024-01-01 00:00-05:00"])),
        f"transactions.time {BEYOND}: 1 rows, such as {{'customer_id': 'a', 'time': '10000-01-01 04:00:00+00'",
    ),
    "five digits of a year": (frame(time=["99999-12-31", "2024-01-01"]), "is not an ISO time (2025-12-31 or"),
    "the last microsecond": (
        times(2**63 - 2, 0),
        f"time {BEYOND}: 1 rows, such as {{'customer_id': 'a', 'time': '29424",
    ),
    "infinity": (times(2**63 - 1, 0), f"time {BEYOND}: 1 rows, such as {{'customer_id': 'a', 'time': 'infinity'"),
    "minus infinity": (
        times(-(2**63) + 1, 0),
        f"time {BEYOND}: 1 rows, such as {{'customer_id': 'a', 'time': '-infinity'",
    ),
    "known at infinity": (
        arrow(known_time=pa.array([2**63 - 1, None], pa.timestamp("us"))),
        f"transactions.known_time {BEYOND}: 1 rows",
    ),
    "seconds beyond microseconds": (times(9 * 10**15, 0, unit="s"), "transactions cannot be read: INTERNAL Error: "),
    "a name twice": (
        pd.concat([frame(), frame()[["amount"]]], axis=1),
        "transactions has columns that cannot be told apart: ['amount'] are there more than once; name each",
    ),
    "a name twice that is not ours": (
        pd.concat([frame(x=1), frame(x=2)[["x"]]], axis=1),
        "apart: ['x'] are there more",
    ),
    "a name twice in Arrow": (
        twice("amount", "amount"),
        "apart: ['amount'] are there",
    ),
    "a name in other capitals": (
        frame(Amount=3.0),
        "apart: ['Amount', 'amount'] are there more than once",
    ),
    "a name in other capitals in Arrow": (
        twice("amount", "AMOUNT"),
        "apart: ['AMOUNT', 'amount'] are there more than once",
    ),
    "lists of amounts": (
        arrow(amount=[[1.0], [2.0]]),
        "amount is not a finite number below 1e14: 2 rows, such as {'cu",
    ),
    "structures of amounts": (frame(amount=[{"net": 1}, {"net": 2}]), "'amount': \"{'net': 1}\"}; mend the values"),
    "lists of ids": (
        arrow(customer_id=[["a"], ["b"]]),
        "transactions.customer_id is a list or a structure, not one value: 2 rows, such as {'customer_id': '[a]'",
    ),
    "structures of ids": (arrow(order_id=[{"x": 1}, None]), "order_id is a list or a structure, not one value: 1 rows"),
    "maps of ids": (
        arrow(category=pa.array([[("a", 1)], [("b", 2)]], pa.map_(pa.string(), pa.int64()))),
        "'category': '{a=1}'}; give one text or integer a row, or leave the column out",
    ),
    "lists of times": (arrow(time=[[JANUARY], [JANUARY]]), "transactions.time is not a time: 2 rows"),
    "lists of truths": (arrow(is_return=[[True], [False]]), "transactions.is_return is not boolean: 2 rows"),
    "complex amounts": (frame(amount=[1 + 2j, 3j]), "transactions.amount is complex128 and cannot be read: "),
    "sparse amounts": (
        frame(amount=pd.arrays.SparseArray([1.0, 2.0])),
        "transactions.amount is Sparse[float64, nan] and",
    ),
    "integers of 70 bits": (
        frame(amount=[2**70, 1]),
        "transactions.amount is object and cannot be read: Python int too large to convert to C long; give numbers, ",
    ),
    "half a surrogate": (
        frame(customer_id=pd.Series(["\ud800", "b"], dtype=object)),
        "customer_id is object and cannot",
    ),
    "decimals of 41 digits": (
        frame(amount=[Decimal("1e40"), Decimal(1)]),
        "transactions.amount is decimal256(41, 0) and cannot be read: Not implemented Error: ",
    ),
    "half floats": (
        arrow(amount=pa.array([1, 2], pa.float16())),
        "amount is halffloat and cannot be read: Not implemented Error: Unsupported Internal Arrow Type e; give",
    ),
    "mixed ids": (
        frame(customer_id=pd.Series([1, "b"], dtype=object)),
        "transactions.customer_id mixes types: Could not convert 'b' with type str: tried to convert to int64; ",
    ),
    "no columns": (
        pd.DataFrame(),
        "transactions cannot be read: Invalid Input Error: Provided table/dataframe must have at",
    ),
    "no rows": (frame().iloc[:0], "transactions has no rows; a history needs at least one purchase"),
    "a list": ([1, 2], "transactions is list, which is no table; give a pandas data frame or an Arrow table"),
    "nothing": (None, "transactions is NoneType, which is no table"),
}


@pytest.mark.parametrize(("source", "told"), REFUSED.values(), ids=REFUSED)
def test_odd_tables_are_refused_with_what_to_do(source: Source, told: str) -> None:
    with pytest.raises(HistoryError, match=re.escape(told)) as caught:
        admit("shop", {"transactions": source})
    assert "Stack Trace" not in str(caught.value)
    assert "LINE 1" not in str(caught.value)


def _text(text: str | bytes) -> Callable[[Path], None]:
    return lambda path: void(path.write_bytes(text if isinstance(text, bytes) else text.encode()))


def _parquet(table: pa.Table) -> Callable[[Path], None]:
    return lambda path: pq.write_table(table, path)


def void(_: object) -> None:
    """Make a function of what gives something."""


HEAD = "customer_id,time,amount"
FILES: dict[str, tuple[str, Callable[[Path], None], str]] = {
    "an empty CSV": ("read_csv", _text(""), "there is nothing in it; its first line must name the columns"),
    "a CSV of empty lines": ("read_csv", _text("\n\n"), "there is nothing in it; its first line must name the columns"),
    "a CSV of a head": (
        "read_csv",
        _text(f"{HEAD}\n"),
        "transactions has no rows; a history needs at least one purchase",
    ),
    "a CSV with a name twice": (
        "read_csv",
        _text(f"{HEAD},amount\na,2024-01-01,1,2\n"),
        "the columns ['amount'] are there more than once; name each once, in any capitals",
    ),
    "a CSV with a name in other capitals": (
        "read_csv",
        _text(f"{HEAD},Amount,amount_1\na,2024-01-01,1,2,3\n"),
        "the columns ['Amount', 'amount_1'] are there more than once",
    ),
    "a CSV in another encoding": (
        "read_csv",
        _text(f"{HEAD}\nMüller,2024-01-01,1\n".encode("latin-1")),
        "This file is not utf-8 encoded",
    ),
    "bytes": ("read_csv", _text(bytes(range(256)) * 20), "; mend the file, its path or its rights"),
    "a Parquet with a name twice": (
        "read_parquet",
        _parquet(twice("amount", "amount")),
        "the columns ['amount'] are there more than once",
    ),
    "a Parquet with a name in other capitals": (
        "read_parquet",
        _parquet(twice("amount", "Amount")),
        "the columns ['Amount'] are there more than once",
    ),
    "an empty Parquet": (
        "read_parquet",
        _text(""),
        "too small to be a Parquet file; mend the file, its path or its rights",
    ),
    "a Parquet that is none": ("read_parquet", _text("no Parquet at all"), "No magic bytes found at end of file"),
    "a folder without files": ("read_parquet", Path.mkdir, "No files found that match the pattern"),
    "no file": ("read_csv", void, "No files found that match the pattern"),
}


@pytest.mark.parametrize(("reader", "write", "told"), FILES.values(), ids=FILES)
def test_odd_files_are_refused_with_what_to_do(
    reader: str, write: Callable[[Path], None], told: str, tmp_path: Path
) -> None:
    write(tmp_path / "sales")
    with pytest.raises(HistoryError, match=re.escape(told)) as caught:
        admit("shop", {"transactions": scan_files("transactions", reader, str(tmp_path / "sales"), {})})
    assert "LINE 1" not in str(caught.value)


def test_a_column_whose_name_ends_in_a_number_is_no_second_one(tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_text(f"{HEAD},amount_1\na,2024-01-01,1,2\n")
    pq.write_table(arrow(amount_1=[3.0, 4.0]), tmp_path / "sales.parquet")
    for reader, file in (("read_csv", "sales.csv"), ("read_parquet", "sales.parquet")):
        scan = scan_files("transactions", reader, str(tmp_path / file), {})
        assert admit("shop", {"transactions": scan}).columns["transactions"][3] == "amount_1"


def test_a_column_that_is_mapped_replaces_one_of_its_name_in_other_capitals(tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_text("customer_id,time,Amount,net\na,2024-01-01,1,2\n")
    scan = scan_files("transactions", "read_csv", str(tmp_path / "sales.csv"), {"amount": "net"})
    assert set(admit("shop", {"transactions": scan}).columns["transactions"]) == {
        *("customer_id", "time", "amount", "is_return")
    }


@pytest.mark.parametrize("name", ["complex amounts", "sparse amounts", "integers of 70 bits", "half a surrogate"])
def test_the_check_tells_of_columns_that_cannot_be_read(name: str) -> None:
    report = examine("shop", {"transactions": REFUSED[name][0]})
    assert not report.ok
    assert any(each.check in ("unreadable_table", "mixed_types", "text_for_number") for each in report.of("error"))


@pytest.mark.parametrize("engine", ["kernel", "duckdb"])
@pytest.mark.parametrize("first", ["0001-01-01", "9999-12-31 23:59:59.999999"])
def test_the_first_and_the_last_times_that_come_in_can_be_computed_with(first: str, engine: Engine) -> None:
    plans = {"plan": "p", "start": ["0001-01-01", "2024-01-01"], "end": ["9999-12-31", None], "term_days": 30}
    tables = {
        "transactions": frame(time=[first, "2024-01-02"], known_time=["9999-12-31", "0001-01-01"], category="tea"),
        "subscriptions": pd.DataFrame({"customer_id": ["a", "b"], **plans}),
    }
    history = admit("shop", tables, end=pd.Timestamp("2025-01-01"))
    asked = spine(history, POPULATIONS["known"], [pd.Timestamp("2024-06-01")])
    assert asked["customer_id"].tolist() == ["b"]
    numbers = [each for each in available(history) if not each.by and not each.text]
    frame_ = observe(history, asked, numbers, engine=engine)
    assert frame_.loc[0, "spend"] == 2.0


def test_a_history_may_begin_with_the_calendar() -> None:
    assert admit("shop", {"transactions": frame(time=["0001-01-01", "0001-01-01"])}).end == pd.Timestamp("0001-01-02")
