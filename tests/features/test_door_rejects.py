"""Rows that cannot be used are left out and written beside, with the reason, where the policy says so."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.engine.door import admit
from features.engine.session import connect
from features.engine.views import TABLE
from features.history import History, Scan, Source
from features.policy import Currency, Policy
from features.tables import HistoryError

KEEP = Policy(rejects="keep")
NOT_ISO = "time is not an ISO time (2025-12-31 or 2025-12-31 23:59:00)"
NOT_MONEY = "amount is not a finite number below 1e14"
NEGATIVE = "amount is negative but not marked as a return"
ROWS: list[tuple[str | None, str | None, str | None, str]] = [
    ("a", "2024-01-01", "1", ""),
    (None, "2024-01-02", "2", "customer_id is empty"),
    ("b", "02.01.2024", "3", NOT_ISO),
    ("b", None, "4", "time is empty"),
    ("b", "2024-01-03", "-5", NEGATIVE),
    ("c", "2024-01-04", "six", NOT_MONEY),
    (None, "soon", None, f"customer_id is empty; {NOT_ISO}; amount is empty"),
    ("c", "2024-01-05 10:00", "-0.00001", ""),
    (None, "2024-01-05", "-9", f"customer_id is empty; {NEGATIVE}"),
]
SALES = pd.DataFrame([row[:3] for row in ROWS], columns=["customer_id", "time", "amount"], dtype="str")
WHY = [row[3] for row in ROWS]


def _lies(kind: str, folder: Path) -> Source:
    if kind == "memory":
        return SALES
    if kind == "arrow":
        return pa.Table.from_pandas(SALES)
    SALES.to_csv(folder / "sales.csv", index=False)
    return Scan(f"SELECT * FROM read_csv('{folder}/sales.csv', all_varchar = true, header = true)")


def _kept(history: History, table: str = "transactions") -> list[dict[str, Any]]:
    with connect(history) as session:
        return [dict(row) for row in session.sql(f"SELECT * FROM {TABLE}{table}").to_arrow_table().to_pylist()]


@pytest.mark.parametrize("kind", ["memory", "arrow", "csv"])
def test_rows_are_kept_or_written_with_all_their_reasons(kind: str, tmp_path: Path) -> None:
    history = admit("shop", {"transactions": _lies(kind, tmp_path)}, policy=KEEP, rejected=tmp_path / "out" / "here")
    assert [(row["customer_id"], str(row["time"]), str(row["amount"])) for row in _kept(history)] == [
        ("a", "2024-01-01 00:00:00", "1.0000"),
        ("c", "2024-01-05 10:00:00", "0.0000"),
    ]
    assert history.end == pd.Timestamp("2024-01-06")
    assert [path.name for path in (tmp_path / "out" / "here").iterdir()] == ["transactions.parquet"]
    written = pd.read_parquet(tmp_path / "out" / "here" / "transactions.parquet")
    expected = SALES.assign(reason=WHY)[np.array(WHY) != ""]
    pd.testing.assert_frame_equal(written.astype("str"), expected.reset_index(drop=True).astype("str"))


def test_each_reason_is_a_warning_with_its_count(tmp_path: Path) -> None:
    history = admit("shop", {"transactions": SALES}, policy=KEEP, rejected=tmp_path)
    assert [(each.column, each.what, each.rows) for each in history.findings] == [
        ("customer_id", "is empty", 3),
        ("time", "is empty", 1),
        ("time", NOT_ISO.removeprefix("time "), 2),
        ("amount", "is empty", 1),
        ("amount", NOT_MONEY.removeprefix("amount "), 1),
        ("amount", NEGATIVE.removeprefix("amount "), 2),
    ]
    assert {(each.check, each.severity, each.table) for each in history.findings} == {
        ("rejects", "warning", "transactions")
    }
    where = f"these rows were left out; they lie in {tmp_path / 'transactions.parquet'}"
    assert {each.advice for each in history.findings} == {where}
    assert history.findings[0].example == "{'time': '2024-01-02', 'amount': '2'}"


def test_every_table_has_its_own_file_and_none_where_all_is_well(tmp_path: Path) -> None:
    touches = pd.DataFrame({"customer_id": ["a", None], "time": ["2024-01-01"] * 2, "campaign": ["x", "y"]})
    terms = pd.DataFrame(
        {"customer_id": list("abc"), "plan": "gold", "start": "2024-02-01", "end": ["2024-01-31", "2024-02-01", None]}
    )
    tables = {"transactions": SALES.iloc[:1], "touches": touches, "subscriptions": terms}
    history = admit("shop", tables, policy=KEEP, rejected=tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["subscriptions.parquet", "touches.parquet"]
    assert pd.read_parquet(tmp_path / "subscriptions.parquet")["reason"].tolist() == ["end lies before start"]
    assert [row["customer_id"] for row in _kept(history, "subscriptions")] == ["b", "c"]
    assert [row["campaign"] for row in _kept(history, "touches")] == ["x"]


def test_written_rows_are_raw(tmp_path: Path) -> None:
    """Their own types, zones and columns that we do not know; a reason of their own is not overwritten."""
    raw = pa.table(
        {
            "customer_id": pa.array(["a", None, "c"]),
            "time": pa.array([pd.Timestamp("2024-01-01", tz="Asia/Tokyo")] * 3),
            "amount": pa.array([1.5, 2.5, float("nan")]),
            "nothing": pa.nulls(3),
            "Reason": pa.array(["theirs"] * 3),
            "nested": pa.array([{"x": [1, 2]}] * 3),
        }
    )
    admit("shop", {"transactions": raw}, policy=KEEP, rejected=tmp_path, zone="Europe/Berlin")
    written = pq.read_table(tmp_path / "transactions.parquet").to_pylist()
    assert [row["reason_1"] for row in written] == ["customer_id is empty", NOT_MONEY]
    assert {row["Reason"] for row in written} == {"theirs"}
    assert [row["time"] for row in written] == [pd.Timestamp("2023-12-31 15:00", tz="UTC").to_pydatetime()] * 2
    assert written[0]["amount"] == 2.5
    assert written[0]["nested"] == {"x": [1, 2]}


def test_what_a_policy_takes_is_no_reject(tmp_path: Path) -> None:
    """Currencies: an empty one is rejected; one without a rate stops, for a rate mends it."""
    sales = pd.DataFrame(
        {"customer_id": "a", "time": "2024-01-01", "amount": [1, -2, 3], "currency": ["EUR", "USD", None]}
    )
    rates = Currency("EUR", pd.DataFrame({"currency": ["USD"], "rate": [0.5]}))
    policy = Policy("net", rejects="keep", currency=rates)
    history = admit("shop", {"transactions": sales}, policy=policy, rejected=tmp_path)
    assert [str(row["amount"]) for row in _kept(history)] == ["1.0000", "-1.0000"]
    assert pd.read_parquet(tmp_path / "transactions.parquet")["reason"].tolist() == ["currency is empty"]
    assert [(each.check, each.rows) for each in history.findings] == [("rejects", 1), ("currency", 1), ("returns", 1)]
    with pytest.raises(HistoryError, match="has no rate in force: 1 rows"):
        admit("shop", {"transactions": sales.replace("USD", "GBP")}, policy=policy, rejected=tmp_path)


def test_faults_of_tables_and_columns_stop_and_write_nothing(tmp_path: Path) -> None:
    for wrong, told in (
        ({"transactions": SALES.assign(time=20240101)}, r"transactions\.time is .*: a number is no time"),
        ({"transactions": SALES[["customer_id", "time"]]}, "transactions lacks the columns"),
        ({"transactions": SALES, "customers": pd.DataFrame({"customer_id": ["a", "a"]})}, "is there more than once"),
    ):
        with pytest.raises(HistoryError, match=told) as error:
            admit("shop", wrong, policy=KEEP, rejected=tmp_path)
        assert "is empty" not in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_keys_that_are_empty_are_rejects_and_no_repeats(tmp_path: Path) -> None:
    products = pd.DataFrame({"product_id": ["p", None, None], "category": "tea"})
    history = admit("shop", {"transactions": SALES, "products": products}, policy=KEEP, rejected=tmp_path)
    assert len(_kept(history, "products")) == 1


def test_nothing_left_is_said_with_the_reasons(tmp_path: Path) -> None:
    with pytest.raises(HistoryError) as error:
        admit("shop", {"transactions": SALES.iloc[1:3]}, policy=KEEP, rejected=tmp_path)
    said = str(error.value).split("\n- ")
    assert said[0] == "transactions has no rows; a history needs at least one purchase"
    assert [each.split(":")[0] for each in said[1:]] == [
        "transactions.customer_id is empty",
        "transactions.time is not an ISO time (2025-12-31 or 2025-12-31 23",
    ]
    assert list(tmp_path.iterdir()) == []


def test_rows_rejected_before_are_replaced_or_taken_away(tmp_path: Path) -> None:
    for rows, left in ((SALES, 7), (SALES.iloc[:2], 1), (SALES.iloc[:1], None)):
        admit("shop", {"transactions": rows}, policy=KEEP, rejected=tmp_path)
        path = tmp_path / "transactions.parquet"
        assert (len(pd.read_parquet(path)) if path.exists() else None) == left


@pytest.mark.parametrize("rows", [SALES, SALES.iloc[:1]])
def test_a_file_of_something_else_is_never_touched(rows: pd.DataFrame, tmp_path: Path) -> None:
    """Such as the data themselves, were the folder theirs."""
    other = tmp_path / "transactions.parquet"
    for write in (lambda: SALES.to_parquet(other), lambda: other.write_text("mine")):
        write()
        before = other.read_bytes()
        told = f"{other} is in the way and holds no rejected rows; name another folder for those"
        with pytest.raises(HistoryError, match=re.escape(told)):
            admit("shop", {"transactions": rows}, policy=KEEP, rejected=tmp_path)
        assert other.read_bytes() == before


def test_files_are_written_all_or_none(tmp_path: Path) -> None:
    """The second table has a column that Parquet has no type for: the first one's file stays as it was."""
    touches = pd.DataFrame({"customer_id": [None], "time": ["2024-01-01"], "campaign": ["x"], "tags": [[{}]]})
    admit("shop", {"transactions": SALES.iloc[:2]}, policy=KEEP, rejected=tmp_path)
    before = (tmp_path / "transactions.parquet").read_bytes()
    with pytest.raises(HistoryError, match=r"the rejected rows of touches cannot be written: .*Empty STRUCT"):
        admit("shop", {"transactions": SALES, "touches": touches}, policy=KEEP, rejected=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["transactions.parquet"]
    assert (tmp_path / "transactions.parquet").read_bytes() == before


def test_numbers_that_parquet_would_round_are_written_as_text(tmp_path: Path) -> None:
    query = "SELECT 12345678901234567890123456789::HUGEINT AS customer_id, NULL::DATE AS time, 1 AS amount, {} AS tags"
    sales = Scan(query + " UNION ALL SELECT 1, DATE '2024-01-01', 1, {}")
    admit("shop", {"transactions": sales}, policy=KEEP, rejected=tmp_path)
    assert pd.read_parquet(tmp_path / "transactions.parquet")["customer_id"].tolist() == [
        "12345678901234567890123456789"
    ]


def test_to_keep_rejects_needs_a_folder() -> None:
    with pytest.raises(HistoryError, match="shop: the policy keeps rows that cannot be used; name a folder"):
        admit("shop", {"transactions": SALES}, policy=KEEP)


def test_to_stop_is_the_default_and_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match=r"transactions\.customer_id is empty: 3 rows"):
        admit("shop", {"transactions": SALES}, rejected=tmp_path)
    assert admit("shop", {"transactions": SALES.iloc[:1]}, rejected=tmp_path).findings == ()
    assert list(tmp_path.iterdir()) == []
