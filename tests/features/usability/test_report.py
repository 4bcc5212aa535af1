"""The report: what columns hold, in which order findings come, as text and as plain data."""

import json
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.finding import Finding
from features.policy import Policy
from features.tables import TABLES
from features.usability import Question, Report, examine
from features.usability.report import ColumnProfile, ordered
from tests.features.usability.breaks import Tables, put


def _column(report: Report, table: str, column: str) -> ColumnProfile:
    found = next(each for each in report.tables if each.name == table)
    return next(each for each in found.columns if each.name == column)


@pytest.fixture(scope="module")
def report(sound: Tables) -> Report:
    return examine("shop", sound, tasks=[Question("who leaves", 28, active_days=91)])


def test_columns_hold_what_pandas_counts(report: Report, sound: Tables) -> None:
    for table in report.tables:
        frame = sound[table.name]
        assert table.rows == len(frame)
        assert [column.name for column in table.columns] == list(frame.columns)
        for column in table.columns:
            values = frame[column.name]
            assert (column.filled, column.distinct) == (values.count(), values.nunique()), column
            assert column.nulls == pytest.approx(values.isna().mean())


def test_the_least_and_the_greatest_are_values_as_ours(report: Report, sound: Tables) -> None:
    amount, time = (_column(report, "transactions", name) for name in ("amount", "time"))
    prices = sound["transactions"]["amount"]
    assert (float(str(amount.least)), float(str(amount.greatest))) == (prices.min(), prices.max())
    assert time.least == str(sound["transactions"]["time"].min())
    texts = {"transactions": pd.DataFrame({"customer_id": ["a", "b"], "time": "2024-01-01", "amount": ["9", "10"]})}
    assert _column(examine("texts", texts), "transactions", "amount").greatest == "10.0000"


def test_columns_of_any_type_are_profiled() -> None:
    rows = pd.DataFrame({"customer_id": ["a", "b"], "time": [date(2024, 1, 1), date(2024, 1, 2)], "amount": [1, 2]})
    odd: dict[str, Any] = {
        "list": [[1], [2, 3]],
        "struct": [{"a": 1}, {"a": 2}],
        "bytes": [b"x", b"y"],
        "span": pd.to_timedelta([1, 2], unit="h"),
        "category": pd.Categorical(["x", "y"]),
        "nothing": [None, None],
        'a "quoted" name': [1.5, np.nan],
        "rows": [7, 7],
    }
    report = examine("odd", {"transactions": rows.assign(**odd)})
    assert report.ok
    assert _column(report, "transactions", "nothing").filled == 0
    assert _column(report, "transactions", 'a "quoted" name').nulls == 0.5
    assert _column(report, "transactions", "category").type == "VARCHAR"


def test_findings_come_worst_first_then_by_table_and_rows() -> None:
    def made(severity: Any, table: str, rows: int) -> Finding:
        return Finding("c", severity, table, "x", rows, "is", "", "do")

    wanted = [
        made("error", "transactions", 5),
        made("error", "transactions", 1),
        made("error", "products", 9),
        made("error", "zebra", 9),
        made("warning", "transactions", 99),
        made("note", "transactions", 999),
    ]
    assert list(ordered(wanted[::-1], list(TABLES))) == wanted


def test_it_is_ok_without_errors(shop: Tables, report: Report) -> None:
    assert report.ok
    assert report.summary() == "shop can be used: 0 errors, 0 warnings, 2 notes"
    put("transactions", "amount", [0], -3.0)(shop)
    broken = examine("shop", shop)
    assert not broken.ok
    assert broken.summary() == "shop cannot be used as it is: 1 error, 0 warnings, 2 notes"


def test_text_says_everything(shop: Tables) -> None:
    put("transactions", "amount", [0], -3.0)(shop)
    report = examine("shop", shop, tasks=[Question("who leaves", 28)])
    text = report.text()
    lines = text.splitlines()
    assert lines[0] == report.summary()
    assert f"transactions: {len(shop['transactions'])} rows" in lines
    assert "  is_return BOOLEAN: 0.0% null; false to true, 2 distinct" in lines
    for finding in report.findings:
        assert f"- [{finding.check}] {finding.line()}" in lines
    assert f"- {report.tasks[0].line()}" in lines


def test_plain_data_are_json(report: Report) -> None:
    plain = json.loads(json.dumps(report.plain()))
    assert (plain["name"], plain["ok"], plain["end"]) == ("shop", True, "2025-08-23T00:00:00")
    assert [table["name"] for table in plain["tables"]] == [
        *("transactions", "events", "touches", "subscriptions", "customers", "products")
    ]
    assert plain["tables"][0]["columns"][0] == {
        "name": "customer_id",
        "type": "VARCHAR",
        "distinct": 1200,
        "least": "C0000001",
        "greatest": "C0001200",
        "nulls": 0.0,
    }
    assert {each["check"] for each in plain["findings"]} == {"extra_column"}
    assert plain["tasks"][0]["verdict"] == "thin"


def test_what_the_policy_leaves_out_is_a_warning(shop: Tables) -> None:
    put("transactions", "amount", [0, 1], -3.5)(shop)
    put("transactions", "customer_id", [5], None)(shop)
    report = examine("shop", shop, policy=Policy(rejects="keep"))
    assert report.ok
    assert {each.check for each in report.of("warning")} == {"negative_amount", "null_value"}
    assert all(each.advice.startswith("the policy leaves these rows out; ") for each in report.of("warning"))


def test_the_example_is_the_least_row_without_its_empty_columns(shop: Tables) -> None:
    put("transactions", "order_id", [0, 1, 2, 3], None)(shop)
    put("transactions", "amount", [3, 1, 2], -3.5)(shop)
    rows = shop["transactions"]
    least = rows[(rows["amount"] == -3.5) & ~rows["is_return"]].sort_values(["customer_id", "time"]).iloc[0]
    example = examine("shop", shop).of("error")[0].example
    assert example == str(
        {
            "amount": "-3.5",
            "customer_id": least["customer_id"],
            "time": str(least["time"]),
            "product_id": least["product_id"],
        }
    )


def test_times_are_local_ones_of_the_zone() -> None:
    """1 January, 00:30 in Berlin, is still December in UTC."""
    times = pd.to_datetime(["2023-12-31 23:30", "2024-01-02 12:00"]).tz_localize("UTC")
    rows = pd.DataFrame({"customer_id": ["a", "b"], "time": times, "amount": [1, 2]})
    report = examine("berlin", {"transactions": rows}, zone="Europe/Berlin")
    assert _column(report, "transactions", "time").least == "2024-01-01 00:30:00"
