"""A task: what it asks about, when an outcome is known, and its examples."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.declaration import Declaration
from features.engine.door import admit
from features.library import POPULATIONS, TARGETS, chosen
from models.contract import eligible
from training.splits import Split
from training.task import Examples, Task

PEOPLE = pd.DataFrame(
    {
        "customer_id": list("abcde"),
        "plan": ["big", None, "small", "big", ""],
        "age": [30.0, 40.0, np.nan, 60.0, 70.0],
        "left": ["Yes", "No", "Yes", None, "No"],
    }
)


def table(target: str | None = "customers.left=Yes") -> Task:
    history = admit("people", {"customers": PEOPLE})
    features = chosen(["customers.plan", "customers.age"], history)
    made: Declaration | None = None
    if target is not None:
        (label,) = chosen([target], history)
        made = replace(label, kind="binary" if "=" in target else "amount")
    return Task(history, POPULATIONS["listed"], features, made)


def test_kinds_are_those_of_the_target(churn: Task) -> None:
    kinds = [replace(churn, target=TARGETS[name]).kind for name in ("churned", "orders", "future_spend")]
    assert kinds == ["binary", "count", "amount"]
    assert replace(churn, target=None).kind == "none"


def test_an_outcome_is_known_when_lead_and_horizon_are_over(churn: Task) -> None:
    assert churn.closes_in == pd.Timedelta(days=28)
    assert replace(churn, lead_days=7).closes_in == pd.Timedelta(days=35)
    assert replace(churn, target=None, horizon_days=0).closes_in == pd.Timedelta(0)


def test_a_label_has_no_time_and_an_event_has(churn: Task) -> None:
    assert churn.dated
    assert replace(churn, target=None).dated
    assert not table().dated


def test_texts_are_named(churn: Task) -> None:
    assert churn.texts == []
    assert replace(churn, features=chosen(["spend", "top_category"])).texts == ["top_category"]
    assert table().texts == ["customers.plan"]


@pytest.mark.parametrize("late", [True, False])
def test_only_what_the_target_counts_may_be_told_late(late: bool) -> None:
    known = {"known_time": ["2024-02-01"]} if late else {}
    buys = pd.DataFrame({"customer_id": ["a"], "time": ["2024-01-01"], "amount": [1.0], **known})
    events = pd.DataFrame({"customer_id": ["a"], "time": ["2024-01-01"], "kind": "coupon_redemption"})
    history = admit("late", {"transactions": buys, "events": events})
    task = Task(history, POPULATIONS["known"], chosen(["frequency"]), TARGETS["churned"], horizon_days=7)
    assert task.told_late is late
    assert not replace(task, target=TARGETS["redeemed"]).told_late
    assert not replace(task, target=None).told_late
    assert not table().told_late


def test_a_label_that_is_not_known_is_no_example() -> None:
    found = table().examples([table().history.end])
    assert found.X["customer_id"].tolist() == list("abce")
    assert found.y.tolist() == [1.0, 0.0, 1.0, 0.0]
    assert found.X["customers.plan"].tolist()[0] == "big"
    assert found.X["customers.plan"].isna().tolist()[1]
    assert list(found.X.columns) == ["customer_id", "cutoff", "customers.plan", "customers.age"]
    ages = table("customers.age").examples([table().history.end])
    assert ages.X["customer_id"].tolist() == list("abde")
    assert ages.y.tolist() == [30.0, 40.0, 60.0, 70.0]


def test_without_a_target_everyone_is_an_example() -> None:
    found = table(None).examples([table().history.end])
    assert len(found.X) == len(PEOPLE)
    assert found.y.tolist() == [0.0] * len(PEOPLE)


def test_what_fairness_is_looked_at_by_goes_beside_the_features(churn: Task) -> None:
    (age,) = chosen(["customers.age"], table().history)
    found = replace(table(), group=age).examples([table().history.end])
    assert found.groups is not None
    assert found.groups.tolist() == pytest.approx([30, 40, np.nan, 70], nan_ok=True)
    assert "customers.age" in found.X  # it is a feature as well
    (region,) = chosen(["customers.region"], churn.history)
    asked = replace(churn, group=region).examples([pd.Timestamp("2025-01-05")])
    assert asked.groups is not None
    assert asked.groups.nunique() > 2
    assert "customers.region" not in asked.X


def test_some_rows_are_taken_with_all_that_belongs_to_them() -> None:
    X = pd.DataFrame({"customer_id": list("abc"), "spend": [1.0, 2.0, 3.0]})
    whole = Examples(X, pd.Series([0.0, 1.0, 0.0]), pd.Series(["x", "y", "z"]))
    for kept in (pd.Series([False, True, True]), np.array([False, True, True])):
        some = whole.where(kept)
        assert some.groups is not None
        assert (some.X["customer_id"].tolist(), some.y.tolist(), some.groups.tolist()) == (
            ["b", "c"],
            [1.0, 0.0],
            ["y", "z"],
        )
        assert list(some.X.index) == list(some.y.index) == list(some.groups.index) == [0, 1]
    assert replace(whole, groups=None).where(np.array([True, False, False])).groups is None


def test_pairs_bought_lately_are_not_asked_about(pairs: Task, pairs_data: Split) -> None:
    X = pairs_data.train.X
    bought = X["category_days_since_last"] <= 91
    assert (eligible(X) == ~bought.to_numpy()).mean() > 0.99  # the days count from the day, the population to the hour
    assert len(pairs_data.train.y) == len(X)
    assert set(pairs_data.train.y) == {0.0, 1.0}
