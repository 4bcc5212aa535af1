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
    ]:
        assert observe(history, asked, [declared(say, of=of)])["thing"].tolist() == [expected]
