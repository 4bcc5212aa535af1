"""Attributes of customers as features, which need no declaring."""

from collections.abc import Callable
from typing import get_args

import pandas as pd
import pytest

from features.engine.run import Engine, observe
from features.history import History
from features.library import FEATURES, chosen, named

Build = Callable[..., History]


def test_attributes_are_numbers_and_values(history: History, drawn: dict[str, pd.DataFrame]) -> None:
    ids = [f"c{number:02}" for number in range(66)]
    people = drawn["customers"].set_index("customer_id").reindex(ids)
    asked = pd.DataFrame({"customer_id": ids, "cutoff": pd.Timestamp("1990-01-01 10:00")})
    names = ["customers.age", "customers.age=31.5", "customers.city=Bad = Ort", "customers.city=O'Fallon"]
    frame = observe(history, asked, chosen(names))
    assert frame[names[0]].tolist() == pytest.approx(people["age"].tolist(), nan_ok=True)
    for name, column, value in [
        (names[1], "age", 31.5),
        (names[2], "city", "Bad = Ort"),
        (names[3], "city", "O'Fallon"),
    ]:
        assert frame[name].tolist() == [float(held == value) for held in people[column]]
        assert 0 < frame[name].sum() < 66


def test_attributes_are_looked_up_by_name() -> None:
    assert named("customers.age") is named("customers.age")
    assert [each.name for each in chosen(["customers.age", "spend", "customers.age"])] == ["customers.age", "spend"]
    assert (named("customers.age").unit, named("customers.city=Ulm").unit) == ("its own", "0 or 1")
    assert named("customers.city=Ulm").meaning.startswith("Whether city is 'Ulm'")
    assert named("spend") is FEATURES["spend"]
    assert len({named(f"customers.{each}").fingerprint for each in ("age", "city", "age=1", "age=2")}) == 4
    assert "customers.age" not in FEATURES
    for name in ("customers.", "customers.=3", "customers.weekday", "customers.age_days=3"):
        with pytest.raises(ValueError, match=r"is no attribute; write customers.COLUMN or customers.COLUMN=VALUE"):
            named(name)
    with pytest.raises(ValueError, match="time is the engine's alone"):
        named("customers.time")


def test_an_attribute_that_nobody_has_is_nothing(build: Build) -> None:
    people = pd.DataFrame({"customer_id": ["a"], "age": [None]})
    history = build([("a", "2025-01-01", 1)], customers=people)
    asked = pd.DataFrame({"customer_id": ["a"], "cutoff": pd.Timestamp("2025-02-01")})
    for engine in get_args(Engine):
        assert observe(history, asked, chosen(["customers.age"]), engine=engine)["customers.age"].isna().all()
