"""Cutoffs and spines by hand."""

import re
from collections.abc import Callable

import pandas as pd
import pytest

from features.cutoffs import every, spine
from features.engine.candidates import top_categories
from features.history import History
from features.library import POPULATIONS
from features.tables import HistoryError

Build = Callable[..., History]
DAYS = pd.Timestamp


def test_cutoffs_end_at_the_last_and_begin_no_earlier_than_the_first() -> None:
    listed = every(DAYS("2024-01-01"), DAYS("2024-02-01"), step_days=10)
    assert [f"{cutoff:%m-%d}" for cutoff in listed] == ["01-02", "01-12", "01-22", "02-01"]
    assert every(DAYS("2024-01-02"), DAYS("2024-02-01"), step_days=10).equals(listed)
    assert list(every(DAYS("2024-02-01"), DAYS("2024-02-01"), step_days=7)) == [DAYS("2024-02-01")]
    assert every(DAYS("2024-02-02"), DAYS("2024-02-01"), step_days=7).empty
    with pytest.raises(ValueError, match="step_days must be at least 1, not 0"):
        every(DAYS("2024-01-01"), DAYS("2024-02-01"), step_days=0)


@pytest.fixture
def shop(build: Build) -> History:
    rows = [
        ("b", "2024-01-05", 1.0, "tea", False, None),
        ("b", "2024-03-01", 1.0, "fish", False, None),
        ("a", "2024-02-20", 1.0, "tea", False, None),
        ("late", "2024-01-01", 1.0, "wine", False, "2024-03-01"),
        ("returns", "2024-01-01", -1.0, "wine", True, None),
        ("after", "2024-03-02", 1.0, None, False, None),
    ]
    return build(rows, "category", "is_return", "known_time", end="2024-04-01")


def test_the_known_have_a_purchase_known_before_the_cutoff(shop: History) -> None:
    asked = spine(shop, POPULATIONS["known"], [DAYS("2024-03-01 00:00:01"), DAYS("2024-03-01"), DAYS("2024-01-06")])
    assert [(f"{row.cutoff:%m-%d %S}", row.customer_id) for row in asked.itertuples()] == [
        ("01-06 00", "b"),
        ("03-01 00", "a"),
        ("03-01 00", "b"),
        ("03-01 01", "a"),
        ("03-01 01", "b"),
        ("03-01 01", "late"),
    ]
    assert list(asked.columns) == ["customer_id", "cutoff"]
    assert list(asked.index) == list(range(6))


def test_the_active_have_a_purchase_within_the_window(shop: History) -> None:
    at = DAYS("2024-03-01")
    assert spine(shop, POPULATIONS["active_28d"], [at])["customer_id"].tolist() == ["a"]
    assert spine(shop, POPULATIONS["active_84d"], [at])["customer_id"].tolist() == ["a", "b"]


def test_pairs_are_known_customers_times_the_given_categories(shop: History) -> None:
    asked = spine(shop, POPULATIONS["new_category_91d"], [DAYS("2024-03-15")], categories=["tea", "fish"])
    assert list(asked.columns) == ["customer_id", "cutoff", "category", "eligible"]
    assert list(asked.itertuples(index=False, name=None)) == [
        (customer, DAYS("2024-03-15"), category, eligible)
        for customer, category, eligible in [
            ("a", "fish", True),
            ("a", "tea", False),
            ("after", "fish", True),
            ("after", "tea", True),
            ("b", "fish", False),
            ("b", "tea", False),
            ("late", "fish", True),
            ("late", "tea", True),
        ]
    ]
    at_first = spine(shop, POPULATIONS["new_category_91d"], [DAYS("2024-03-02")], categories=["tea"])
    assert at_first["customer_id"].tolist() == ["a", "b", "late"]
    with pytest.raises(ValueError, match="'new_category_91d' is per category: say which categories it is about"):
        spine(shop, POPULATIONS["new_category_91d"], [DAYS("2024-03-15")])


def test_the_categories_of_most_customers_come_first(shop: History, cdnow: History) -> None:
    assert top_categories(shop, before=DAYS("2024-03-02"), count=5) == ["tea", "fish", "wine"]
    assert top_categories(shop, before=DAYS("2024-03-01 00:00:01"), count=2) == ["tea", "fish"]
    assert top_categories(shop, before=DAYS("2024-03-01"), count=5) == ["tea"]
    with pytest.raises(HistoryError, match=r"a population of pairs needs the columns \['category'\]"):
        top_categories(cdnow, before=DAYS("1998-01-01"), count=3)


def test_no_cutoff_lies_beyond_the_data(shop: History) -> None:
    message = "cutoff 2024-04-02 lies beyond the data of built, which end at 2024-04-01; use a cutoff up to then"
    with pytest.raises(ValueError, match=re.escape(message)):
        spine(shop, POPULATIONS["known"], [DAYS("2024-04-02"), DAYS("2024-03-01")])
    assert len(spine(shop, POPULATIONS["known"], [DAYS("2024-04-01")])) == 4


def test_an_empty_population_is_refused(shop: History) -> None:
    with pytest.raises(ValueError, match=re.escape("nobody in built is 'known' at ['2023-06-01']")):
        spine(shop, POPULATIONS["known"], [DAYS("2023-06-01")])
