"""Attributes of customers as features, which need no declaring."""

from collections.abc import Callable
from typing import get_args

import pandas as pd
import pytest

from configs.registry import UnknownName
from features.engine.run import Engine, observe
from features.frame import frame
from features.history import History
from features.library import FEATURES, POPULATIONS, chosen, named
from features.tables import HistoryError

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


def _names(names: list[str], history: History | None = None) -> list[str]:
    return [each.name for each in chosen(names, history)]


def test_an_attribute_is_what_its_column_is(history: History) -> None:
    number, text, value = chosen(["customers.age", "customers.city", "customers.city=Ulm"], history)
    assert (number.text, text.text, value.text) == (False, True, False)
    assert (number.unit, text.unit, value.unit) == ("its own", "text", "0 or 1")
    assert (number, value) == (named("customers.age"), named("customers.city=Ulm"))
    assert text is not named("customers.city")
    assert (text.of, text.family, text.meaning) == ("customers", "attributes", "city of the customer. Unit: text.")


def test_a_name_and_a_fingerprint_say_which_it_is(history: History) -> None:
    (text,) = chosen(["customers.city"], history)
    assert text.fingerprint != named("customers.city").fingerprint
    assert named("customers.city", text.fingerprint) is text
    assert named("customers.city", "0123456789abcdef") is named("customers.city")
    assert named("customers.age", named("customers.age").fingerprint) is named("customers.age")
    assert named("spend", "0123456789abcdef") is FEATURES["spend"]


def test_all_columns_but_the_key_and_some_taken_out(history: History) -> None:
    assert _names(["customers.*"], history) == ["customers.age", "customers.city"]
    assert _names(["spend", "customers.*", "-customers.age"], history) == ["spend", "customers.city"]
    assert _names(["customers.city", "customers.*"], history) == ["customers.city", "customers.age"]
    assert _names(["customers.*", "-customers.city", "customers.city"], history) == ["customers.age", "customers.city"]
    assert _names(["customers.city=Ulm", "customers.*", "-customers.*"], history) == ["customers.city=Ulm"]
    assert _names(["gaps", "-gap_max", "-gap_std"]) == ["gap_mean", "silence_ratio"]
    assert _names(["gap_max", "spend", "-gaps"]) == ["spend"]
    assert _names(["customers.age=1", "-customers.age=1"]) == []


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["customers.aeg"], "unknown attribute 'customers.aeg'; did you mean 'customers.age'"),
        (["customers.ctiy=Ulm"], "unknown attribute 'customers.ctiy=Ulm'; did you mean 'customers.city'"),
        (
            ["customers.*", "-customers.ctiy"],
            "unknown feature to take out 'customers.ctiy'; did you mean 'customers.city'",
        ),
        (["spend", "-spent"], "unknown feature to take out 'spent'; did you mean 'spend'"),
        (["-customers.age", "customers.*"], "unknown feature to take out 'customers.age' Known: none"),
        (["spend", "-gaps"], "unknown feature to take out 'gaps' Known: spend"),
        (["spent"], "unknown feature 'spent'; did you mean 'spend'"),
    ],
)
def test_unknown_names_are_told_with_the_near_ones(names: list[str], told: str, history: History) -> None:
    with pytest.raises(UnknownName) as error:
        chosen(names, history)
    assert str(error.value).startswith(told)


def test_all_columns_are_those_of_a_history(build: Build) -> None:
    with pytest.raises(ValueError, match=r"customers.\* are columns of a history: say of which"):
        chosen(["customers.*"])
    for names in (["customers.*"], ["customers.age"]):
        with pytest.raises(HistoryError, match="needs the table 'customers'; built has transactions"):
            chosen(names, build([("a", "2025-01-01", 1)]))


@pytest.mark.parametrize("engine", get_args(Engine))
def test_texts_beside_what_customers_do(
    engine: Engine, history: History, drawn: dict[str, pd.DataFrame], midnights: pd.DatetimeIndex
) -> None:
    """At several cutoffs, beside windows: whoever has no row, or no value in it, has no text."""
    people = drawn["customers"].set_index("customer_id")
    features = chosen(["spend_28d", "customers.*"], history)
    made = frame(history, midnights, population=POPULATIONS["known"], features=features, engine=engine)
    held = people.reindex(made["customer_id"])
    assert made["customers.city"].dtype == "str"
    assert made["customers.city"].fillna("").tolist() == held["city"].fillna("").tolist()
    assert made["customers.age"].tolist() == pytest.approx(held["age"].tolist(), nan_ok=True)
    assert set(made["customers.city"].dropna()) == {"Ulm", "Bad = Ort", "O'Fallon"}
    assert made["customers.city"].isna().any()
