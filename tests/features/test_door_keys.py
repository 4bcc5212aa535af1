"""Keys that are there once, terms that end after they begin, and the category that comes from the products."""

import re
from itertools import product
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pytest

from features.engine.door import admit
from features.engine.session import connect
from features.engine.views import TABLE
from features.history import History, Scan, Source
from features.tables import HistoryError

ODD = 'it\'s \\ "tea"\nor ü'
SALES = pd.DataFrame(
    {
        "customer_id": list("abcde"),
        "time": "2024-01-01",
        "amount": 1,
        "product_id": ["p1", "p2", "unknown", None, "p3"],
        "n": range(5),
    }
)
PRODUCTS = pd.DataFrame({"product_id": ["p1", "p2", "p3", "p4"], "category": ["tea", ODD, None, "ink"], "brand": "x"})


def _categories(history: History) -> list[str | None]:
    assert history.columns["transactions"][-1] == "category"
    with connect(history) as session:
        return [row[0] for row in session.execute("SELECT category FROM transactions ORDER BY n").fetchall()]


def _lies(kind: str, name: str, table: pd.DataFrame, folder: Path) -> Source:
    if kind == "memory":
        return table
    if kind == "parquet":
        table.to_parquet(folder / f"{name}.parquet")
        return Scan(f"SELECT * FROM read_parquet('{folder / name}.parquet')")
    with duckdb.connect(str(folder / "shop.db")) as connection:
        connection.register("given", pa.Table.from_pandas(table))
        connection.execute(f"CREATE TABLE {name} AS SELECT * FROM given")
    return Scan(f"SELECT * FROM source.{name}", str(folder / "shop.db"))


@pytest.mark.parametrize(("sales", "goods"), list(product(["memory", "parquet", "duckdb"], repeat=2)))
def test_the_category_comes_from_the_products_wherever_they_lie(sales: str, goods: str, tmp_path: Path) -> None:
    tables = {
        "transactions": _lies(sales, "sales", SALES, tmp_path),
        "products": _lies(goods, "goods", PRODUCTS, tmp_path),
    }
    history = admit("shop", tables)
    assert _categories(history) == ["tea", ODD, None, None, None]
    assert list(history.tables) == ["transactions", "products"]
    assert history.fingerprint == admit("shop", {"products": PRODUCTS, "transactions": SALES}).fingerprint


def test_integer_ids_meet_texts() -> None:
    sales = SALES.iloc[:2].assign(product_id=[7, 8])
    products = pd.DataFrame({"product_id": ["7", "8"], "category": ["tea", "ink"]})
    assert _categories(admit("shop", {"transactions": sales, "products": products})) == ["tea", "ink"]


def test_a_category_of_their_own_stays() -> None:
    own = SALES.assign(category="mine")
    with connect(admit("shop", {"transactions": own, "products": PRODUCTS})) as session:
        assert session.execute("SELECT DISTINCT category FROM transactions").fetchall() == [("mine",)]
    for sales, products in (
        (SALES.drop(columns="product_id"), PRODUCTS),
        (SALES, PRODUCTS.drop(columns="category")),
    ):
        assert "category" not in admit("shop", {"transactions": sales, "products": products}).columns["transactions"]


@pytest.mark.parametrize(("table", "key"), [("customers", "customer_id"), ("products", "product_id")])
def test_a_key_that_is_there_twice_is_refused_by_name(table: str, key: str) -> None:
    twice = pd.DataFrame({key: ["k1", "k2", "k2", "k3", "k3", "k3", "k4"]})
    told = f"{table}.{key} is there more than once: 5 rows, such as 'k2', 'k3'; keep one row for each {key}"
    with pytest.raises(HistoryError, match=f"^shop cannot be used:\n- {re.escape(told)}$"):
        admit("shop", {"transactions": SALES, table: twice})
    many = pd.DataFrame({key: [7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 7]})
    with pytest.raises(HistoryError, match=r"is there more than once: 13 rows, such as '10', '11', '12', '7', '8';"):
        admit("shop", {"transactions": SALES, table: many})


def test_a_key_is_compared_as_the_text_it_becomes() -> None:
    lines = pa.table({"customer_id": pa.array(["1", "1 ", "01"])})
    assert admit("shop", {"transactions": SALES, "customers": lines}).columns["customers"] == ("customer_id",)


def test_a_subscription_ends_after_it_begins() -> None:
    terms = pd.DataFrame(
        {
            "customer_id": "a",
            "plan": "gold",
            "start": "2024-02-01",
            "end": ["2024-01-31 23:59:59", "2024-02-01", None, "2024-03-01"],
        }
    )
    told = "subscriptions.end lies before start: 1 rows, such as {'customer_id': 'a', 'plan': 'gold', 'start': '2024-02"
    with pytest.raises(HistoryError, match=re.escape(told)):
        admit("shop", {"transactions": SALES, "subscriptions": terms})
    assert admit("shop", {"transactions": SALES, "subscriptions": terms.iloc[1:]}).findings == ()


def test_term_days_are_whole_numbers() -> None:
    terms = pd.DataFrame({"customer_id": "a", "plan": "gold", "start": "2024-02-01", "term_days": [30.0, None, 365]})
    with connect(admit("shop", {"transactions": SALES, "subscriptions": terms})) as session:
        asked = session.execute(f"SELECT term_days, typeof(term_days) FROM {TABLE}subscriptions")
        assert asked.fetchall() == [(30, "BIGINT"), (None, "BIGINT"), (365, "BIGINT")]
    for odd in ([30.5, 1, 2], ["30", "x", "30.4"], ["1e30", "nan", "7"]):
        with pytest.raises(HistoryError, match=r"subscriptions\.term_days is not a whole number: [12] rows"):
            admit("shop", {"transactions": SALES, "subscriptions": terms.assign(term_days=odd)})


def test_a_key_whose_type_does_not_fit_is_said_alone() -> None:
    people = pd.DataFrame({"customer_id": [1.0, 1.0, None]})
    with pytest.raises(HistoryError) as error:
        admit("shop", {"transactions": SALES, "customers": people})
    assert [(each.check, each.table) for each in error.value.findings] == [("type", "customers")]
