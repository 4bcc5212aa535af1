"""Columns that declarations count with must be numbers: said before anything is computed, with what there is."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.declaration import Declaration
from features.engine.asked import checked
from features.engine.door import admit
from features.engine.run import Engine, observe
from features.engine.scan import scan_files
from features.expression import Events, Number
from features.history import History
from features.library import FEATURES, named
from features.library.attributes import attribute
from features.tables import HistoryError

Declare = Callable[..., Declaration]
PEOPLE: dict[str, Any] = {
    "customer_id": list("abcdefgh"),
    "city": ["Ulm", "Bonn", "Ulm", "Köln", "Jena", "Kiel", "Bonn", "Ulm"],
    "age": [30, 41, 30, 52, 33, 44, 25, 61],
    "score": [1.5, np.nan, 2.5, 1.5, 1.5, 1.5, 1.5, 1.5],
    "vip": [True, False, None, True, True, True, True, True],
    "since": pd.to_datetime(["2020-01-01"] * 7 + ["2021-05-01"]),
    "tier": pd.Categorical(list("gggsssss")),
    "digits": list("12121212"),
    "tags": [["x"]] * 8,
}
SALES = pd.DataFrame(
    {"customer_id": ["a", "b"], "time": "2024-01-01", "amount": [1.0, 2.0], "till": ["x1", "x2"], "points": [3, 4]}
)
SPINE = pd.DataFrame({"customer_id": ["a", "b"], "cutoff": pd.Timestamp("2024-02-01")})
TEXTS = {
    "city": "text, most often 'Ulm', 'Bonn', 'Jena', 'Kiel', 'Köln'; ask for one of its values, as customers.city=Ulm",
    "since": "a time, most often '2020-01-01 00:00:00', '2021-05-01 00:00:00'; ask for one of its values, as cust",
    "tier": "text, most often 's', 'g'; ask for one of its values, as customers.tier=s, or give numbers",
    "digits": "text, most often '1', '2'; ask for one of its values, as customers.digits=1, or give numbers",
    "customer_id": "text, most often 'a', 'b', 'c', 'd', 'e'; ask for one of its values",
    "tags": "list<",
}


@pytest.fixture(scope="module")
def shop() -> History:
    return admit("shop", {"transactions": SALES, "customers": pd.DataFrame(PEOPLE)}, end=pd.Timestamp("2024-03-01"))


@pytest.mark.parametrize(("column", "told"), TEXTS.items())
@pytest.mark.parametrize("engine", ["kernel", "duckdb"])
def test_what_is_no_number_is_refused_with_its_most_frequent_values(
    shop: History, column: str, told: str, engine: Engine
) -> None:
    said = f"customers.{column} takes {column} of customers as a number, but it is {told}"
    with pytest.raises(HistoryError, match=re.escape(said)):
        observe(shop, SPINE, [named(f"customers.{column}")], engine=engine)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (
            "age=old",
            "compares age of customers to 'old', but it is a number, most often '30', '25', '33', '41', '44'; ask",
        ),
        (
            "vip=perhaps",
            "compares vip of customers to 'perhaps', but it is a truth value, most often 'true', 'false'; ask",
        ),
        (
            "since=ever",
            "compares since of customers to 'ever', but it is a time, most often '2020-01-01 00:00:00', '2021",
        ),
        ("tags=x", "compares tags of customers to 'x', but it is list<"),
    ],
)
def test_what_cannot_be_a_value_is_refused(shop: History, asked: str, told: str) -> None:
    with pytest.raises(HistoryError, match=re.escape(f"customers.{asked} {told}")):
        checked(shop, SPINE, [named(f"customers.{asked}")])


@pytest.mark.parametrize(("column", "told"), {"age": "a number", "vip": "a truth value", "since": "a time"}.items())
def test_a_text_that_is_none_by_now_is_refused(shop: History, column: str, told: str) -> None:
    said = f"customers.{column} takes {column} of customers as text, but it is {told}; give texts, or take it as it is"
    with pytest.raises(HistoryError, match=re.escape(said)):
        observe(shop, SPINE, [attribute(f"customers.{column}", text=True)])
    assert observe(shop, SPINE, [attribute("customers.tier", text=True)])["customers.tier"].tolist() == ["g", "g"]


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("age", [30.0, 41.0]),
        ("score", [1.5, np.nan]),
        ("vip", [1.0, 0.0]),
        ("age=41", [0.0, 1.0]),
        ("vip=true", [1.0, 0.0]),
        ("city=Ulm", [1.0, 0.0]),
        ("city=Rom", [0.0, 0.0]),
        ("tier=g", [1.0, 1.0]),
        ("since=2020-01-01", [1.0, 1.0]),
    ],
)
def test_numbers_and_values_are_taken(shop: History, asked: str, given: list[float]) -> None:
    frame = observe(shop, SPINE, [named(f"customers.{asked}")])
    assert frame[f"customers.{asked}"].tolist() == pytest.approx(given, nan_ok=True)


@pytest.mark.parametrize(
    "say",
    [
        lambda e: e["till"].sum(),
        lambda e: e["till"].max(),
        lambda e: e.by_day()["till"].mean(),
        lambda e: e.where(e["till"] / 2 > 1).count(),
        lambda e: e.where((e["points"] > 1) & ~(e["till"] + 1 == 2)).count(),
        lambda e: (e["till"] % 2).distinct(),
        lambda e: e.count() + e["till"].last(),
    ],
)
def test_a_declaration_that_counts_with_a_text_is_refused(
    shop: History, declared: Declare, say: Callable[[Events], Number]
) -> None:
    told = (
        "thing takes till of transactions as a number, but it is text, most often 'x1', 'x2'; ask for one of its values"
    )
    with pytest.raises(HistoryError, match=re.escape(f"{told}, as e['till'] == 'x1', or give numbers")):
        checked(shop, SPINE, [FEATURES["spend"], declared(say)])


def test_texts_may_be_compared_and_told_apart(shop: History, declared: Declare) -> None:
    points = declared(lambda e: e.where((e["till"] == "x1") & (e["points"] < 9))["points"].sum() + e["till"].distinct())
    assert observe(shop, SPINE, [points])["thing"].tolist() == [4.0, 1.0]


def test_columns_of_a_csv_are_text(tmp_path: Path, declared: Declare) -> None:
    SALES.to_csv(tmp_path / "sales.csv", index=False)
    shop = admit("shop", {"transactions": scan_files("transactions", "read_csv", str(tmp_path / "sales.csv"), {})})
    points = declared(lambda e: e["points"].sum())
    with pytest.raises(
        HistoryError, match="thing takes points of transactions as a number, but it is text, most often"
    ):
        checked(shop, SPINE, [points])


def test_a_column_known_to_be_text_is_refused_when_it_is_declared(declared: Declare) -> None:
    told = "'thing' takes 'kind' of events as a number, which it is not; count rows with it, as in e.where(e['kind']"
    with pytest.raises(ValueError, match=re.escape(told)):
        declared(lambda e: e["kind"].max(), of="events")
