"""The door: what comes in as what, and every refusal with its count, example and repair."""

import re
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from features.engine.door import admit
from features.engine.session import connect
from features.history import History
from features.tables import HistoryError


def _table(**changed: list[Any]) -> pd.DataFrame:
    """Make three sound transactions, with some columns changed or added."""
    sound = {"customer_id": ["a", "b", "c"], "time": ["2024-01-01", "2024-01-02", "2024-02-29"], "amount": [1, 2, 3]}
    return pd.DataFrame({**sound, **changed})


def _admit(**changed: list[Any]) -> History:
    return admit("shop", {"transactions": _table(**changed)})


def _formatted(format_: str, time: list[Any]) -> History:
    return admit("shop", {"transactions": _table(time=time)}, formats={"transactions.time": format_})


def _rows(history: History, table: str = "transactions") -> list[dict[str, Any]]:
    with connect(history) as session:
        return [dict(row) for row in session.sql(f"SELECT * FROM {table}").to_arrow_table().to_pylist()]


NOT_MONEY = "transactions.amount is not a finite number below 1e14"
NOT_ISO = "transactions.time is not an ISO time (2025-12-31 or 2025-12-31 23:59:00)"
REFUSED: dict[str, tuple[dict[str, list[Any]], str]] = {
    "an empty id": (
        {"customer_id": ["a", None, "c"]},
        "transactions.customer_id is empty: 1 rows, such as {'time': '2024-01-02', 'amount': '2'}; "
        "fill or drop these rows",
    ),
    "ids with decimals": (
        {"customer_id": [1.0, 2.0, np.nan]},
        "transactions.customer_id is DOUBLE: an id with decimals (empty ids turn integers into decimals); "
        "give text or integers",
    ),
    "ids of two types": ({"customer_id": ["a", 2, "c"]}, "give each column one type, such as text ids only"),
    "an empty amount": ({"amount": [1.0, np.nan, None]}, "transactions.amount is empty: 2 rows, such as"),
    "an infinite amount": (
        {"amount": [1.0, np.inf, -np.inf]},
        f"{NOT_MONEY}: 2 rows, such as {{'customer_id': 'b', 'time': '2024-01-02', 'amount': 'inf'}}",
    ),
    "an amount beyond bounds": ({"amount": [1.0, 2.0, 1e14]}, f"{NOT_MONEY}: 1 rows"),
    "an amount of text": (
        {"amount": ["1", "2,50", "three"]},
        f"{NOT_MONEY}: 2 rows, such as {{'customer_id': 'b', 'time': '2024-01-02', 'amount': '2,50'}}",
    ),
    "a return that is not marked": (
        {"amount": [1.0, -2.0, 3.0]},
        "transactions.amount is negative but not marked as a return: 1 rows, such as {'customer_id': 'b', "
        "'time': '2024-01-02', 'amount': '-2.0'}; set is_return on such rows, drop them, or say policy returns = ",
    ),
    "a return marked on another row": (
        {"amount": [1.0, -2.0, -3.0], "is_return": [True, None, False]},
        "transactions.amount is negative but not marked as a return: 2 rows",
    ),
    "an empty time": ({"time": ["2024-01-01", None, ""]}, "transactions.time is empty: 1 rows"),
    "dates as integers": (
        {"time": [20240101, 20240102, 20240229]},
        "transactions.time is BIGINT: a number is no time; give times, or say the format, as in format = '%Y%m%d'",
    ),
    "dates as decimals": ({"time": [20240101.0, 1.0, 2.0]}, "transactions.time is DOUBLE: a number is no time"),
    "day first": ({"time": ["31/12/2024", "01/12/2024", "2024-01-01"]}, f"{NOT_ISO}: 2 rows"),
    "years of two digits": ({"time": ["24-01-02", "10-11-12", "2024-01-01"]}, f"{NOT_ISO}: 2 rows"),
    "words for times": ({"time": ["infinity", "epoch", "now"]}, f"{NOT_ISO}: 3 rows"),
    "days that are not": ({"time": ["2023-02-29", "2024-02-29", "2024-13-01"]}, f"{NOT_ISO}: 2 rows"),
    "an empty instant": ({"time": [pd.Timestamp("2024-01-01"), pd.NaT, pd.NaT]}, "transactions.time is empty"),
    "a truth value of text": (
        {"is_return": ["perhaps", "true", "no"]},
        "transactions.is_return is not boolean: 1 rows",
    ),
    "a discount of text": ({"discount": ["1", None, "much"]}, "transactions.discount is not a finite number"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_wrong_is_refused(case: str) -> None:
    changed, message = REFUSED[case]
    with pytest.raises(HistoryError, match=re.escape(message)):
        _admit(**changed)


def test_no_rows_are_refused() -> None:
    with pytest.raises(HistoryError, match="transactions has no rows; a history needs at least one purchase"):
        admit("shop", {"transactions": _table().iloc[:0]})


def test_a_nan_that_arrow_keeps_is_refused() -> None:
    amounts = {"customer_id": ["a", "b"], "time": ["2024-01-01"] * 2, "amount": [float("nan"), 1.0]}
    with pytest.raises(HistoryError, match=f"{NOT_MONEY}: 1 rows"):
        admit("shop", {"transactions": pa.table(amounts)})


def test_a_missing_column_is_named_with_those_there_are() -> None:
    message = (
        "shop cannot be used:\n- transactions lacks the columns ['customer_id', 'amount']; there are "
        "['client', 'time', 'value']. Rename them, or map them under [tables.transactions.columns] of the dataset file"
    )
    table = _table().rename(columns={"customer_id": "client", "amount": "value"})
    with pytest.raises(HistoryError, match=f"^{re.escape(message)}$"):
        admit("shop", {"transactions": table})


def test_tables_are_the_ones_we_know() -> None:
    with pytest.raises(HistoryError, match=r"shop: unknown tables \['orders'\]; a history is made of transactions, "):
        admit("shop", {"orders": _table(), "transactions": _table()})
    for tables in ({}, {"customers": _table(), "products": _table()}, {"identities": _table()}):
        with pytest.raises(HistoryError, match="shop: no table of what happens; give one of transactions, subscrip"):
            admit("shop", tables)


def test_everything_wrong_is_said_at_once() -> None:
    wrong = _table(customer_id=[None, "b", "c"], amount=[-1.0, np.inf, 3.0], time=["2024-01-01", "soon", "2024-01-01"])
    events = pd.DataFrame({"customer_id": ["a"], "time": [20240101]})
    with pytest.raises(HistoryError) as error:
        admit("shop", {"transactions": wrong, "events": events})
    said = str(error.value).split("\n- ")
    assert said[0] == "shop cannot be used:"
    assert [problem.split(";")[0].split(": ")[0] for problem in said[1:]] == [
        "transactions.customer_id is empty",
        "transactions.time is not an ISO time (2025-12-31 or 2025-12-31 23:59:00)",
        "transactions.amount is not a finite number below 1e14",
        "transactions.amount is negative but not marked as a return",
        "events lacks the columns ['kind']",
        "events.time is BIGINT",
    ]
    assert all("1 rows, such as {" in problem for problem in said[1:5])
    assert [problem.line() for problem in error.value.findings] == said[1:]
    assert [(each.check, each.table, each.column, each.rows) for each in error.value.findings] == [
        ("empty", "transactions", "customer_id", 1),
        ("value", "transactions", "time", 1),
        ("value", "transactions", "amount", 1),
        ("returns", "transactions", "amount", 1),
        ("column", "events", "", 0),
        ("type", "events", "time", 0),
    ]
    assert {each.severity for each in error.value.findings} == {"error"}


def test_the_example_is_one_row() -> None:
    channels, orders = ["web", None, "shop"], [None, "o2", "o3"]
    with pytest.raises(HistoryError) as error:
        _admit(time=[None, None, "2024-01-01"], channel=channels, order_id=orders)
    told = "2 rows, such as {'customer_id': 'a', 'amount': '1', 'channel': 'web'}; fill or drop these rows"
    assert str(error.value).endswith(told)


def test_a_wrong_format_is_refused() -> None:
    with pytest.raises(
        HistoryError, match=re.escape("transactions.time is not a time of the format '%d/%m/%Y': 1 rows")
    ):
        _formatted("%d/%m/%Y", ["31/12/2024", "01/12/2024", "2024-01-01"])


def test_a_format_reads_integers_and_days_that_come_first() -> None:
    integers = _formatted("%Y%m%d", [20240103, 20240102, 20240101])
    texts = _formatted("%d/%m/%Y", ["03/01/2024", "02/01/2024", "01/01/2024"])
    for history in (integers, texts):
        assert [row["time"].isoformat()[:10] for row in _rows(history)] == ["2024-01-03", "2024-01-02", "2024-01-01"]
    assert integers.fingerprint == texts.fingerprint


@pytest.mark.parametrize(
    ("given", "utc"),
    [
        (pd.Timestamp("2024-01-01 00:30", tz="Europe/Berlin"), "2023-12-31 23:30"),
        (pd.Timestamp("2024-07-01 20:00", tz="America/New_York"), "2024-07-02 00:00"),
        ("2024-01-01T00:30:00+01:00", "2023-12-31 23:30"),
        ("2024-01-01T00:30:00Z", "2024-01-01 00:30"),
        ("2024-01-01 00:30", "2024-01-01 00:30"),
        ("2024-01-01", "2024-01-01"),
        (date(2024, 1, 1), "2024-01-01"),
        (pd.Timestamp("2024-01-01 10:00:00.123456"), "2024-01-01 10:00:00.123456"),
    ],
)
def test_times_become_naive_utc(given: Any, utc: str) -> None:
    assert [row["time"] for row in _rows(_admit(time=[given] * 3))] == [pd.Timestamp(utc).to_pydatetime()] * 3


def test_ids_become_text_and_money_exact() -> None:
    history = _admit(customer_id=[3, 10, 2], order_id=[7, 8, 9], amount=["0.1", "2.99999", "3"])
    assert [row["customer_id"] for row in _rows(history)] == ["3", "10", "2"]
    assert [str(row["amount"]) for row in _rows(history)] == ["0.1000", "3.0000", "3.0000"]
    categorical = admit("shop", {"transactions": _table().astype({"customer_id": "category"})})
    assert [row["customer_id"] for row in _rows(categorical)] == ["a", "b", "c"]


def test_order_ids_that_pandas_made_decimal_are_refused() -> None:
    with pytest.raises(HistoryError, match=r"transactions\.order_id is DOUBLE: an id with decimals"):
        _admit(order_id=[7.0, 8.0, np.nan])


def test_a_missing_or_empty_truth_value_takes_its_default() -> None:
    assert [row["is_return"] for row in _rows(_admit())] == [False] * 3
    assert [row["is_return"] for row in _rows(_admit(is_return=[None, True, None]))] == [
        False,
        True,
        False,
    ]
    touches = pd.DataFrame({"customer_id": ["a"], "time": ["2024-01-01"], "campaign": ["spring"]})
    history = admit("shop", {"transactions": _table(), "touches": touches})
    assert _rows(history, "touches")[0]["treatment"] is True


def test_returns_may_be_negative_and_are_no_purchases() -> None:
    history = _admit(amount=[1.0, -2.0, 3.0], is_return=[False, True, False])
    assert [row["customer_id"] for row in _rows(history, "purchases")] == ["a", "c"]
    assert [row["customer_id"] for row in _rows(history, "returns")] == ["b"]


def test_columns_that_we_do_not_know_pass_through() -> None:
    extra: dict[str, list[Any]] = {"store id": [4, 5, 6], "Weight (kg)": [0.5, None, np.inf]}
    history = _admit(**extra)
    assert history.columns["transactions"] == ("customer_id", "time", "amount", *extra, "is_return")
    assert [row["store id"] for row in _rows(history)] == [4, 5, 6]


def test_the_end_is_the_midnight_after_the_last_transaction() -> None:
    assert _admit().end == pd.Timestamp("2024-03-01")
    assert _admit(time=["2024-01-01", "2024-02-28 23:59:59.999999", "2024-02-03"]).end == pd.Timestamp("2024-02-29")
    given = admit("shop", {"transactions": _table()}, end=pd.Timestamp("2024-06-01 12:00"))
    assert given.end == pd.Timestamp("2024-06-01 12:00")
    nobody = admit("shop", {"transactions": _table().iloc[:0]}, end=pd.Timestamp("2024-06-01"))
    assert _rows(nobody) == []


def test_the_fingerprint_is_of_the_values_in_any_order(purchases: pd.DataFrame) -> None:
    def fingerprint(table: pd.DataFrame, name: str = "x") -> str:
        return admit(name, {"transactions": table}).fingerprint

    history = admit("drawn", {"transactions": purchases})
    assert fingerprint(purchases.sample(frac=1, random_state=5)) == history.fingerprint
    assert fingerprint(purchases[purchases.columns[::-1]]) == history.fingerprint
    assert fingerprint(pd.concat([purchases, purchases.iloc[[0]]])) != history.fingerprint
    changes: dict[str, Any] = {
        "amount": 123.45,
        "time": pd.Timestamp("2024-01-01 00:00:00.000001"),
        "category": "unheard of",
        "known_time": pd.Timestamp("2031-01-01"),
        "customer_id": "c0",
    }
    purchase = purchases.index[purchases["is_return"].isna()][0]
    for column, value in changes.items():
        changed = purchases.copy()
        changed.loc[purchase, column] = value
        assert fingerprint(changed) != history.fingerprint, column


def test_equal_rows_are_kept() -> None:
    twice = pd.concat([_table(), _table()])
    assert len(_rows(admit("shop", {"transactions": twice}))) == 6
