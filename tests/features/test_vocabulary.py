"""What each word of the vocabulary means, by hand."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.declaration import Declaration
from features.engine.run import observe
from features.expression import Events
from features.history import History

Declare = Callable[[Events], Any]
Made = Callable[..., Declaration]

NUMBERS: dict[str, tuple[Declare, float | None]] = {
    "rows": (lambda e: e.count(), 6),
    "rows of the window": (lambda e: e.within(20).count(), 3),
    "sum over a filter": (lambda e: e.where(e["channel"] == "web")["amount"].sum(), 6),
    "a null holds for nothing": (lambda e: e.where(~(e["channel"] == "web")).count(), 2),
    "two filters": (lambda e: e.where(e["channel"] == "web").where(e["amount"] > 2).count(), 1),
    "mean": (lambda e: e["amount"].mean(), 31 / 6),
    "mean of some": (lambda e: e["discount"].mean(), 2.0),
    "mean of none": (lambda e: e.where(e["amount"] > 99)["amount"].mean(), None),
    "filled": (lambda e: e.where(e["amount"] > 99)["amount"].mean().fill(-1), -1),
    "standard deviation": (lambda e: e["amount"].std(), float(np.std([1, 2, 3, 4, 5, 16], ddof=1))),
    "deviation of days": (lambda e: e.by_day()["amount"].std(), float(np.std([6, 4, 5, 16], ddof=1))),
    "deviation of one": (lambda e: e.where(e["amount"] > 9)["amount"].std(), None),
    "least and greatest": (lambda e: e["amount"].max() - e["amount"].min(), 15),
    "greatest of a window's day": (lambda e: e.within(30).by_day()["amount"].max(), 16),
    "different": (lambda e: e["channel"].distinct(), 2),
    "different of a window": (lambda e: e.within(20)["channel"].distinct(), 1),
    "first and last day": (lambda e: e.by_day()["amount"].first() * 100 + e.by_day()["amount"].last(), 616),
    "first day of a window": (lambda e: e.within(20).by_day()["amount"].first(), 4),
    "gaps of a filter": (lambda e: e.where(e["amount"] != 4).by_day()["gap_days"].max(), 45),
    "gaps of a window": (lambda e: e.within(20).by_day()["gap_days"].mean(), 5.0),
    "gap of one day": (lambda e: e.within(9).by_day()["gap_days"].mean(), None),
    "days that pass": (lambda e: (e.by_day()["amount"] > 5).sum(), 2),
    "age of a day": (lambda e: e.by_day()["age_days"].mean(), (60 + 20 + 15 + 10) / 4),
    "faded rows of a window": (lambda e: e.within(20).count(half_life_days=5), 2**-4 + 2**-3 + 2**-2),
    "faded days": (lambda e: e.within(20).by_day().count(half_life_days=10), 2**-2 + 2**-1.5 + 2**-1),
    "faded sum of days": (lambda e: e.within(15).by_day()["amount"].sum(half_life_days=5), 5 / 8 + 16 / 4),
    "days of a filter": (lambda e: e.where(e["channel"] == "web").by_day().count(), 1),
    "age of a filter": (lambda e: e.where(e["channel"] == "web")["age_days"].min(), 60),
    "different of two filters": (
        lambda e: e["channel"].distinct() * 10 + e.where(e["amount"] > 3)["channel"].distinct(),
        21,
    ),
    "gaps of two windows": (
        lambda e: e.within(20).by_day()["gap_days"].mean() * 100 + e.by_day()["gap_days"].mean(),
        500 + 50 / 3,
    ),
    "gaps of two filters": (
        lambda e: e.where(e["amount"] != 4).by_day()["gap_days"].max() - e.by_day()["gap_days"].max(),
        5,
    ),
    "a constant before": (lambda e: 10 - e.count() + 2 * (1 + e.count()) + 12 / e.count(), 20),
    "a constant before rows": (lambda e: (10 - e["amount"]).sum(), 29),
    "arithmetic of rows": (lambda e: (e["amount"] * 2 + 1).sum(), 68),
    "a ratio of rows": (lambda e: (e["amount"] / e["discount"]).sum(), 1 / 1 + 4 / 3 + 5 / 4),
    "nothing over 0": (lambda e: e.count() / (e.count() - 6), None),
    "both": (lambda e: (e.count() > 2) & (e["amount"].sum() == 31), 1),
    "either": (lambda e: (e.count() > 99) | ~(e["amount"].sum() >= 31), 0),
    "logarithm": (lambda e: e["amount"].sum().log1p(), float(np.log(32))),
    "rows before": (lambda e: e.before(15).count(), 4),
    "rows between": (lambda e: e.within(20).before(10)["amount"].sum(), 9),
    "days before": (lambda e: e.before(20).by_day().count(), 1),
    "gaps before": (lambda e: e.before(10).by_day()["gap_days"].last(), 5),
    "first row": (lambda e: e["amount"].first(), 1),
    "last row": (lambda e: e["amount"].last(), 16),
    "last row that has a value": (lambda e: e["discount"].last(), 4),
    "first row of a filter": (lambda e: e.where(e["amount"] > 1)["amount"].first(), 2),
    "last row of a filter and day": (lambda e: e.where(e["channel"] == "web")["amount"].last(), 3),
    "first row of a window": (lambda e: e.within(15)["amount"].first(), 5),
    "last row before": (lambda e: e.before(20)["amount"].last(), 3),
    "first of none": (lambda e: e.where(e["amount"] > 99)["amount"].first(), None),
    "share of the top": (lambda e: e["channel"].top_share(), 3 / 5),
    "share of the top of a window": (lambda e: e.within(20)["channel"].top_share(), 1),
    "share of the top of none": (lambda e: e.within(15).before(10)["channel"].top_share(), None),
    "entropy": (lambda e: e["channel"].entropy(), float(-0.6 * np.log(0.6) - 0.4 * np.log(0.4))),
    "entropy of one": (lambda e: e.within(20)["channel"].entropy(), 0),
    "entropy of none": (lambda e: e.where(e["amount"] > 99)["channel"].entropy(), None),
    "days of the week": (lambda e: e["weekday"].min() * 10 + e["weekday"].max(), 5),  # Monday to Saturday
    "a day of the week": (lambda e: e.where(e["weekday"] == 3).count(), 1),
    "entropy of days of the week": (
        lambda e: e["weekday"].entropy(),
        float(-0.5 * np.log(0.5) - 3 / 6 * np.log(1 / 6)),
    ),
    "hours": (lambda e: e["hour"].mean(), (8 + 9 + 23 + 0 + 12 + 12) / 6),
    "an hour": (lambda e: e.where((e["hour"] >= 9) & (e["hour"] < 23))["amount"].sum(), 2 + 5 + 16),
    "lines of days": (lambda e: e.by_day()["lines"].max(), 3),
    "lines of days of a filter": (lambda e: e.where(e["amount"] > 1).by_day()["lines"].mean(), 5 / 4),
    "lines of the last day": (lambda e: e.by_day()["lines"].last() * 10 + e.by_day()["lines"].first(), 13),
    "remainder": (lambda e: e["amount"].sum() % 7, 3),
    "remainder of rows": (lambda e: (e["amount"] % 3).sum(), 1 + 2 + 0 + 1 + 2 + 1),
    "remainder below 0": (lambda e: (0 - e["amount"].sum()) % 7, -3),
    "remainder by 0": (lambda e: e.count() % (e.count() - 6), None),
    "SQL": (lambda e: e.sql("median(amount)"), 3.5),
    "SQL of a filter and window": (lambda e: e.within(20).where(e["amount"] > 4).sql("median(amount)"), 10.5),
    "SQL before": (lambda e: e.before(20).sql("sum(amount)"), 6),
    "SQL of none": (lambda e: e.where(e["amount"] > 99).sql("median(amount)"), None),
    "SQL of ages": (lambda e: e.sql("sum(age_days)"), 60 * 3 + 20 + 15 + 10),
    "SQL in arithmetic": (lambda e: e.sql("count(*)") * 10 + e.count(), 66),
}


@pytest.fixture(scope="module")
def words(build: Callable[..., History]) -> History:
    """Eight rows, seen from 2024-03-01: a window of 20 days begins at the fourth."""
    rows = [
        ("a", "2024-01-01 08:00", 1.0, "web", 1.0),
        ("a", "2024-01-01 09:00", 2.0, "web", None),
        ("a", "2024-01-01 23:00", 3.0, "web", 0.0),
        ("a", "2024-02-10 00:00", 4.0, "shop", 3.0),
        ("a", "2024-02-15 12:00", 5.0, None, 4.0),
        ("a", "2024-02-20 12:00", 16.0, "shop", None),
        ("a", "2024-03-01", 99.0, "web", 9.0),
        ("b", "2024-02-01", 50.0, "app", 9.0),
    ]
    return build([(*row, "tea") for row in rows], "channel", "discount", "category")


@pytest.mark.parametrize(
    ("beside", "by"), [([], None), (["2024-02-15 12:00"], None), (["2024-02-01", "2024-02-15 12:00"], "category")]
)
@pytest.mark.parametrize("word", NUMBERS)
def test_each_word_by_hand(declared: Made, words: History, word: str, beside: list[str], by: str | None) -> None:
    """The same of a pair as of a customer with one category, and whatever else is asked or carried beside."""
    say, expected = NUMBERS[word]
    cutoffs = pd.to_datetime(["2024-03-01", *beside], format="ISO8601")
    asked = pd.DataFrame({"customer_id": "a", "cutoff": cutoffs, "category": "tea", "day": 1, "amount": 2.0})
    actual = observe(words, asked, [declared(say, by=by)])["thing"].iloc[0]
    assert actual == pytest.approx(np.nan if expected is None else expected, rel=1e-9, abs=1e-9, nan_ok=True)


@pytest.mark.parametrize("clock", ["", " 12:00"])
def test_the_most_frequent_value_is_a_text(declared: Made, words: History, clock: str) -> None:
    asked = pd.DataFrame({"customer_id": ["a", "b", "nobody"], "cutoff": pd.Timestamp("2024-02-29" + clock)})
    for say, expected in [
        (lambda e: e["channel"].top(), ["web", "app", None]),
        (lambda e: e.within(25)["channel"].top(), ["shop", None, None]),
        (lambda e: e.where(e["amount"] > 2)["channel"].top(), ["shop", "app", None]),
        (lambda e: e.where((e["amount"] == 3) | (e["amount"] == 4))["channel"].top(), ["shop", None, None]),  # of two
    ]:
        actual = observe(words, asked, [declared(say)])["thing"]
        assert [None if pd.isna(each) else each for each in actual] == expected


@pytest.mark.parametrize("cutoff", ["2024-03-01", "2024-03-01 10:00"])
def test_first_and_last_are_by_time_however_late_rows_become_known(
    declared: Made, build: Callable[..., History], cutoff: str
) -> None:
    rows = [
        ("a", "2024-01-01 09:00", 1.0, "2024-01-03"),
        ("a", "2024-01-01 10:00", 2.0, "2024-01-01 10:00"),
        ("a", "2024-01-01 10:00", 5.0, "2024-01-05"),
        ("a", "2024-01-01 11:00", 3.0, "2024-01-02"),
    ]
    asked = pd.DataFrame({"customer_id": ["a"], "cutoff": [pd.Timestamp(cutoff)]})
    for say, expected in [
        (lambda e: e["amount"].first() * 10 + e["amount"].last(), 13),
        (lambda e: e.where((e["amount"] == 2) | (e["amount"] == 5))["amount"].first(), 2),  # the least of the instant
        (lambda e: e.where((e["amount"] == 2) | (e["amount"] == 5))["amount"].last(), 5),  # the greatest
    ]:
        assert observe(build(rows, "known_time"), asked, [declared(say)])["thing"].tolist() == [expected]


def test_one_declaration_may_be_of_several_views(declared: Made, build: Callable[..., History]) -> None:
    touched = pd.DataFrame({"customer_id": ["a", "a"], "time": ["2024-02-01", "2023-02-01"], "campaign": "spring"})
    history = build([("a", "2024-02-01", 1.0), ("b", "2024-02-01", 1.0)], touches=touched.assign(cost=0.5))
    asked = pd.DataFrame({"customer_id": ["a", "b"], "cutoff": pd.Timestamp("2024-03-01")})

    def say(e: Events) -> Any:
        return e["amount"].sum() / e.of("touches")["cost"].sum()

    actual = [observe(history, asked, [declared(say, window_days=(days,))]).iloc[:, -1].tolist() for days in (30, 999)]
    assert actual == [[2, pytest.approx(np.nan, nan_ok=True)], [1, pytest.approx(np.nan, nan_ok=True)]]
    filled = declared(say, empty=-1)
    assert observe(history, asked, [filled])["thing"].tolist() == [1, -1]


def test_contracts_are_starts_and_ends_and_renewals(declared: Made, build: Callable[..., History]) -> None:
    contracts = pd.DataFrame(
        {
            "customer_id": ["a", "a", "b", "c"],
            "plan": ["basic", "plus", "plus", "odd"],
            "start": pd.to_datetime(["2024-01-01", "2024-01-31", "2024-01-10", "2024-01-01"]),
            "end": ["2024-01-31", None, "2024-02-15", "2024-01-20"],
            "price": [10.0, 20.0, 5.0, 1.0],
            "term_days": [10, 30, 12, 0],
        }
    )
    history = build([("a", "2024-01-01", 1.0)], subscriptions=contracts, end="2024-04-01")
    asked = pd.DataFrame({"customer_id": ["a", "b", "c"], "cutoff": pd.Timestamp("2024-03-02")})
    for of, say, expected in [
        ("subscriptions", lambda e: e.where(e["kind"] == "start").count(), [2, 1, 1]),
        ("subscriptions", lambda e: e.where(e["kind"] == "end").count(), [1, 1, 1]),
        ("subscriptions", lambda e: e.where(e["kind"] == "start")["price"].last(), [20, 5, 1]),
        ("subscriptions", lambda e: e["age_days"].min(), [31, 16, 42]),
        ("renewals", lambda e: e.count(), [4, 3, 0]),  # a: January 11, 21, 31, March 1; b: January 22, February 3, 15
        ("renewals", lambda e: e["age_days"].min(), [1, 16, None]),
    ]:
        actual = observe(history, asked, [declared(say, of=of)])["thing"]
        assert [None if pd.isna(each) else each for each in actual] == expected


def test_attributes_of_customers_were_always_known(declared: Made, build: Callable[..., History]) -> None:
    people = pd.DataFrame({"customer_id": ["a", "b"], "age": [31, None], "city": ["Ulm", None]})
    history = build([("a", "2024-01-01", 1.0)], customers=people)
    asked = pd.DataFrame({"customer_id": ["a", "b", "c"], "cutoff": pd.Timestamp("2000-01-01")})
    for say, expected in [
        (lambda e: e["age"].last(), [31, None, None]),
        (lambda e: e.where(e["city"] == "Ulm").count(), [1, 0, 0]),
        (lambda e: e["city"].top(), ["Ulm", None, None]),
    ]:
        actual = observe(history, asked, [declared(say, of="customers")])["thing"]
        assert [None if pd.isna(each) else each for each in actual] == expected


def test_declarations_may_be_of_other_tables(declared: Made, build: Callable[..., History]) -> None:
    opened = pd.DataFrame({"customer_id": "a", "time": pd.to_datetime(["2024-01-01", "2024-03-01"]), "kind": "open"})
    touched = pd.DataFrame({"customer_id": ["a"], "time": ["2024-02-01"], "campaign": ["spring"], "cost": [0.5]})
    rows = [("a", "2024-02-01", 1.0, False), ("a", "2024-02-02", -1.0, True), ("a", "2024-02-03", -2.0, True)]
    history = build(rows, "is_return", events=opened, touches=touched)
    asked = pd.DataFrame({"customer_id": ["a"], "cutoff": [pd.Timestamp("2024-03-01")]})
    for of, say, expected in [
        ("events", lambda e: e.where(e["kind"] == "open").count(), 1),
        ("touches", lambda e: e["cost"].sum(), 0.5),
        ("returns", lambda e: e["amount"].sum(), -3),
        ("purchases", lambda e: e["amount"].sum(), 1),
        ("transactions", lambda e: e["amount"].sum(), -2),
    ]:
        assert observe(history, asked, [declared(say, of=of)])["thing"].tolist() == [expected]
