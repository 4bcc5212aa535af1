"""Policies about money and repeats: against a plain loop over the rows, in memory and where the rows lie."""

import re
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.engine.door import admit
from features.engine.session import connect
from features.history import History, Scan, Source
from features.policy import Currency, Policy
from features.tables import HistoryError

Row = dict[str, Any]
RATES = pd.DataFrame(
    [
        ("USD", "0.9", None),
        ("USD", "0.87654321", "2024-01-10"),
        ("USD", "0.95", "2024-01-20"),
        ("JPY", "0.00617", "2023-12-24"),
        ("CHF", "1.04", "2024-01-01"),
        ("CHF", "1.07", "2024-01-02"),
        ("EUR", "1", None),
    ],
    columns=["currency", "rate", "from"],
)
EUR = Currency("EUR", RATES)


@pytest.fixture(scope="module")
def sales() -> pd.DataFrame:
    """Draw 600 rows of which many repeat others, with and without an order id, some negative, in four currencies."""
    rng = np.random.default_rng(11)
    rows = pd.DataFrame(
        {
            "customer_id": rng.choice(["a", "b", "c"], 400),
            "time": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 31 * 86400, 400), unit="s"),
            "amount": rng.choice([0.0, 9.99, 0.05, 20.0, 1234.5678, -3.0, -0.0001], 400),
            "discount": rng.choice([0.0, 1.5, -1.0, 25.0, np.nan], 400),
            "cost": rng.choice([1.0, 0.3333, np.nan], 400),
            "currency": rng.choice(["EUR", "USD", "JPY", "CHF"], 400),
            "order_id": rng.choice(np.array(["o1", "o2", None]), 400),
            "is_return": rng.choice(np.array([True, False, None]), 400, p=[0.2, 0.5, 0.3]),
            "note": rng.choice(np.array(["x", None]), 400),
        }
    )
    return pd.concat([rows, rows.iloc[:150], rows.iloc[:50]]).sample(frac=1, random_state=1, ignore_index=True)


def _rate(name: str, time: datetime) -> Decimal:
    """Look for the latest rate of a currency that is in force."""
    latest, found = "", Decimal(0)
    for currency, rate, since in RATES.itertuples(index=False):
        since = since if isinstance(since, str) else "0001-01-01"
        if currency == name and latest <= since <= f"{time:%Y-%m-%d}":
            latest, found = since, Decimal(rate)
    return found


def _exact(value: float | None) -> Decimal | None:
    return None if value is None or np.isnan(value) else Decimal(str(value)).quantize(Decimal("0.0001"), ROUND_HALF_UP)


def _plainly(sales: pd.DataFrame, policy: Policy) -> tuple[list[Row], dict[str, int]]:
    """Apply a policy row by row; gives the rows, and how many each policy touched."""
    kept: list[Row] = []
    touched, seen = Counter[str](), set[str]()
    for given in sales.to_dict("records"):
        row: Row = {str(key): (None if value is pd.NaT or value != value else value) for key, value in given.items()}
        row.update({key: _exact(row[key]) for key in ("amount", "discount", "cost")}, is_return=bool(row["is_return"]))
        row["time"] = row["time"].to_pydatetime()
        if policy.currency and row["currency"] != "EUR":
            rate = _rate(row["currency"], row["time"])
            for key in ("amount", "discount", "cost"):
                if row[key] is not None:
                    row[key] = (row[key] * rate).quantize(Decimal("0.0001"), ROUND_HALF_UP) + 0
            row["currency"] = "EUR"
            touched["currency"] += 1
        if policy.discounts == "out" and row["discount"]:
            row["amount"] -= row["discount"]
            touched["discounts"] += 1
        if policy.returns == "net" and row["amount"] < 0 and not row["is_return"]:
            row["is_return"] = True
            touched["returns"] += 1
        if policy.returns == "drop" and (row["amount"] < 0 or row["is_return"]):
            touched["returns"] += 1
            continue
        if row["order_id"] is not None and str(row) in seen:
            touched["duplicates"] += 1
            if policy.duplicates == "drop":
                continue
        seen.add(str(row))
        kept.append(row)
    return kept, dict(touched)


def _rows(history: History) -> list[Row]:
    with connect(history) as session:
        found = session.sql("SELECT * FROM transactions").to_arrow_table().to_pylist()
    return [dict(row) for row in found]


def _sorted(rows: list[Row]) -> list[str]:
    return sorted(str({key: row[key] for key in sorted(row)}) for row in rows)


def _in_memory(sales: pd.DataFrame, folder: Path) -> Source:
    return sales


def _in_a_file(sales: pd.DataFrame, folder: Path) -> Source:
    sales.to_parquet(folder / "sales.parquet")
    return Scan(f"SELECT * FROM read_parquet('{folder}/sales.parquet')")


@pytest.mark.parametrize("lay", [_in_memory, _in_a_file])
@pytest.mark.parametrize(
    ("returns", "discounts", "duplicates", "currency"),
    list(product(["net", "drop"], ["in", "out"], ["keep", "drop"], [None, EUR])),
)
def test_policies_do_to_each_row_what_a_loop_does(
    sales: pd.DataFrame,
    tmp_path: Path,
    lay: Callable[[pd.DataFrame, Path], Source],
    returns: Any,
    discounts: Any,
    duplicates: Any,
    currency: Currency | None,
) -> None:
    policy = Policy(returns=returns, discounts=discounts, duplicates=duplicates, currency=currency)
    history = admit("shop", {"transactions": lay(sales, tmp_path)}, policy=policy)
    rows, touched = _plainly(sales, policy)
    assert _sorted(_rows(history)) == _sorted(rows)
    told = {each.check: each.rows for each in history.findings if each.check != "currency" or currency}
    assert told == touched
    assert {each.severity for each in history.findings} == {"warning"}
    assert all(each.example and each.advice and each.table == "transactions" for each in history.findings)


def test_the_order_of_rows_changes_nothing(sales: pd.DataFrame) -> None:
    policy = Policy("net", "out", "drop", currency=EUR)
    told = [admit("shop", {"transactions": each}, policy=policy) for each in (sales, sales[::-1])]
    assert told[0].fingerprint == told[1].fingerprint
    assert [(each.check, each.rows) for each in told[0].findings] == [
        (each.check, each.rows) for each in told[1].findings
    ]


def _shop(rows: list[tuple[Any, ...]], *columns: str, policy: Policy) -> History:
    table = pd.DataFrame(rows, columns=["time", "amount", *columns]).assign(customer_id="a")
    return admit("shop", {"transactions": table}, policy=policy)


def _amounts(history: History, column: str = "amount") -> list[str]:
    return [str(row[column]) for row in sorted(_rows(history), key=lambda row: row["time"])]


def test_what_is_negative_and_not_marked_is_an_error_by_default(sales: pd.DataFrame) -> None:
    unmarked = (sales["amount"] < 0) & (sales["is_return"] != True)  # noqa: E712  # None is no mark
    with pytest.raises(HistoryError) as error:
        admit("shop", {"transactions": sales})
    assert [(each.check, each.rows) for each in error.value.findings] == [("returns", unmarked.sum())]


def test_an_amount_below_its_discount_is_a_return_that_is_not_marked() -> None:
    rows = [("2024-01-01", 5, 7.5), ("2024-01-02", 5, 5), ("2024-01-03", 5, None)]
    told = r"transactions\.amount is negative but not marked as a return: 1 rows, such as .*'discount': '7.5'"
    with pytest.raises(HistoryError, match=told):
        _shop(rows, "discount", policy=Policy(discounts="out"))
    netted = _shop(rows, "discount", policy=Policy("net", "out"))
    assert _amounts(netted) == ["-2.5000", "0.0000", "5.0000"]
    assert _amounts(netted, "is_return") == ["True", "False", "False"]
    assert _amounts(_shop(rows, "discount", policy=Policy("drop", "out"))) == ["0.0000", "5.0000"]


def test_a_rate_is_in_force_from_its_first_midnight_on() -> None:
    rates = pd.DataFrame({"currency": "USD", "rate": [2.0, 3.0], "from": ["2024-01-10", "2024-01-20"]})
    times = ["2024-01-10", "2024-01-19 23:59:59.999999", "2024-01-20", "2030-01-01"]
    rows = [(time, 1, "USD") for time in times]
    history = _shop(rows, "currency", policy=Policy(currency=Currency("EUR", rates)))
    assert _amounts(history) == ["2.0000", "2.0000", "3.0000", "3.0000"]
    assert _amounts(history, "currency") == ["EUR"] * 4
    assert [each.line() for each in history.findings] == [
        "transactions.currency was converted to EUR: 4 rows, such as USD (4 rows); amounts are comparable as far as "
        "the rates are right"
    ]


def test_before_the_first_change_only_a_rate_that_was_always_there_is_in_force() -> None:
    rows = [("2024-01-09 23:59:59", 1, "USD"), ("1999-01-01", 1, "USD")]
    rates = pd.DataFrame({"currency": "USD", "rate": [3.0, 2.0], "from": ["2024-01-10", None]})
    assert _amounts(_shop(rows, "currency", policy=Policy(currency=Currency("EUR", rates)))) == ["2.0000", "2.0000"]
    with pytest.raises(HistoryError, match="has no rate in force: 2 rows, such as USD from 1999-01-01 on"):
        _shop(rows, "currency", policy=Policy(currency=Currency("EUR", rates.iloc[:1])))


def test_currencies_without_a_rate_in_force_are_named() -> None:
    rates = pd.DataFrame({"currency": ["USD", "CHF"], "rate": [2.0, 1.5], "from": ["2024-01-10", "2023-12-01"]})
    rows = [("2024-01-09", 1, "USD"), ("2024-01-08", 1, "USD"), ("2024-01-10", 1, "USD"), ("2024-01-01", 1, "GBP")]
    told = (
        "transactions.currency has no rate in force: 3 rows, such as GBP from 2024-01-01 on, USD from 2024-01-08 on; "
        "add it to the rates, with a `from` at or before the first of these rows"
    )
    with pytest.raises(HistoryError, match=f"^shop cannot be used:\n- {re.escape(told)}$"):
        _shop([*rows, ("2024-01-01", 1, "CHF")], "currency", policy=Policy(currency=Currency("EUR", rates)))


def test_money_is_rounded_half_up_and_large_amounts_do_not_overflow() -> None:
    rates = pd.DataFrame({"currency": ["USD"], "rate": ["0.5"]})
    policy = Policy(currency=Currency("EUR", rates))
    amounts = ["0.0001", "99999999999999", "0.0003"]
    rows = [(f"2024-01-0{day}", amount, "USD") for day, amount in enumerate(amounts, 1)]
    assert _amounts(_shop(rows, "currency", policy=policy)) == ["0.0001", "49999999999999.5000", "0.0002"]
    with pytest.raises(HistoryError, match="makes amounts of 1e14 EUR or more: 1 rows; mend its rate or the amounts"):
        _shop(rows, "currency", policy=Policy(currency=Currency("EUR", rates.assign(rate=10))))


def test_a_row_without_its_currency_is_refused_where_it_matters() -> None:
    rows = [("2024-01-01", 1, "USD"), ("2024-01-02", 1, None)]
    with pytest.raises(HistoryError, match=r"transactions\.currency is empty: 1 rows, such as .*; say the currency"):
        _shop(rows, "currency", policy=Policy(currency=EUR))
    assert _shop(rows, "currency", policy=Policy()).findings == ()


def test_several_currencies_without_rates_are_told() -> None:
    rows = [("2024-01-01", 1, "USD"), ("2024-01-02", 1, "EUR"), ("2024-01-03", 1, "USD"), ("2024-01-04", 1, None)]
    (finding,) = _shop(rows, "currency", policy=Policy()).findings
    assert (finding.check, finding.severity, finding.rows, finding.example) == (
        "currency",
        "warning",
        1,
        "USD (2 rows), EUR (1 rows)",
    )
    assert _shop(rows[::2], "currency", policy=Policy()).findings == ()


WRONG_RATES: dict[str, tuple[dict[str, list[Any]], str]] = {
    "no rate": ({"currency": ["USD"]}, "rates lacks the columns ['rate']; there are ['currency']. Rename them"),
    "an empty rate": ({"currency": ["USD", "CHF"], "rate": ["1", None]}, "rates.rate is empty: 1 rows"),
    "a rate of text": ({"currency": ["USD"], "rate": ["much"]}, "rates.rate is not a finite number below 1e8: 1 rows"),
    "a rate of nothing": ({"currency": ["USD", "CHF"], "rate": [0, -1]}, "rates.rate is not positive: 2 rows"),
    "a rate within a day": (
        {"currency": ["USD"], "rate": [1], "from": ["2024-01-01 12:00"]},
        "rates.from is no whole day: 1 rows",
    ),
    "two rates": (
        {"currency": ["USD", "USD", "CHF"], "rate": [1, 2, 3]},
        "rates.currency has two rates from the same day on: 2 rows, such as 'USD'; keep one of them",
    ),
    "two rates of a day": (
        {"currency": ["USD"] * 3, "rate": [1, 2, 2], "from": ["2024-01-01", "2024-01-02", "2024-01-02"]},
        "rates.currency has two rates from the same day on: 2 rows",
    ),
    "a base that is worth less": (
        {"currency": ["EUR", "USD"], "rate": [0.9, 1]},
        "rates.rate of EUR, the base, is not 1: 1 rows",
    ),
}


@pytest.mark.parametrize("case", WRONG_RATES)
def test_rates_that_cannot_be_used_are_refused_along_with_the_rest(case: str) -> None:
    rates, told = WRONG_RATES[case]
    with pytest.raises(HistoryError, match=re.escape(told)) as error:
        _shop([("2024-01-01", -1, "USD")], "currency", policy=Policy(currency=Currency("EUR", pd.DataFrame(rates))))
    assert "transactions.amount is negative" in str(error.value)
    assert "[tables.rates" not in str(error.value)


def test_a_policy_needs_its_column() -> None:
    for policy, column in (
        (Policy(discounts="out"), "'discount', which the policy discounts = 'out' needs"),
        (Policy(duplicates="drop"), "'order_id', which the policy duplicates = 'drop' needs"),
        (Policy(currency=EUR), "'currency', which the policy currency needs"),
    ):
        with pytest.raises(HistoryError, match=f"transactions has no column {column}; there are "):
            _shop([("2024-01-01", 1)], policy=policy)


def test_a_policy_that_touches_nothing_says_nothing() -> None:
    rows = [("2024-01-01", 1, 0, "o1", "EUR"), ("2024-01-02", 2, None, "o1", "EUR")]
    policy = Policy("net", "out", "drop", currency=EUR)
    assert _shop(rows, "discount", "order_id", "currency", policy=policy).findings == ()


def test_repeats_without_an_order_id_are_purchases(cdnow: History) -> None:
    """CDNOW has 255 equal rows and no order ids: nothing is said, nothing is lost."""
    assert cdnow.findings == ()
    rows = [("2024-01-01", 1, None), ("2024-01-01", 1, None), ("2024-01-02", 1, "o"), ("2024-01-02", 1, "o")]
    for duplicates, left in (("keep", 4), ("drop", 3)):
        history = _shop(rows, "order_id", policy=Policy(duplicates=duplicates))  # type: ignore[arg-type]
        assert len(_rows(history)) == left
        assert [(each.check, each.rows) for each in history.findings] == [("duplicates", 1)]


def test_rows_that_become_equal_are_repeats() -> None:
    """What is compared is what comes out: 2 USD at 0.5 and 1 EUR are the same line of the same order."""
    rates = pd.DataFrame({"currency": ["USD"], "rate": [0.5]})
    rows = [("2024-01-01", 2, "o", "USD"), ("2024-01-01", 1, "o", "EUR")]
    history = _shop(rows, "order_id", "currency", policy=Policy(duplicates="drop", currency=Currency("EUR", rates)))
    assert _amounts(history) == ["1.0000"]


def test_a_column_of_any_name_may_be_there() -> None:
    """Names that the door's own SQL uses."""
    names = ["t", "rates", "rate", "day", "met", "h", "rows", "more", "p", "came", "key", "row", "changes", "discount"]
    rows = [("2024-01-01", 2, "o", "USD", *["1"] * len(names))] * 2
    policy = Policy("net", "out", "drop", currency=EUR)
    history = _shop(rows, "order_id", "currency", *names, policy=policy)
    assert _amounts(history) == ["0.9000"]


@pytest.mark.parametrize("word", ["returns", "discounts", "duplicates", "rejects"])
def test_a_word_that_says_nothing_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match=f"the policy {word} is one of .*, not 'nett'"):
        Policy(**{word: "nett"})  # type: ignore[arg-type]
