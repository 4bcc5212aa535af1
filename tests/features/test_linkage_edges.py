"""Linkage without Splink: what it refuses, how it writes customers alike, and how pairs become merges."""

import logging
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from features.linkage import link
from features.linkage.forest import forest, groups
from features.linkage.prepare import prepared
from features.linkage.quiet import quiet

TIME = pd.Timestamp("2025-06-01")


def plain() -> pd.DataFrame:
    """Give a hundred customers, each another."""
    said = {
        "customer_id": [f"r{number:05}" for number in range(100)],
        "given_name": [f"ann{number}" for number in range(100)],
        "family_name": "berg",
        "birth_date": [f"19{number:02}-01-31" for number in range(100)],
        "email": [f"mail{number}@mail.test" for number in range(100)],
        "street": [f"road {number}" for number in range(100)],
        "postcode": "89073",
    }
    return pd.DataFrame(said)


def test_silence_ends_with_its_block_and_after_an_error() -> None:
    logger = logging.getLogger("splink")
    assert logger.level == logging.NOTSET
    with quiet():
        assert logger.getEffectiveLevel() == logging.ERROR
    assert logger.level == logging.NOTSET
    with suppress(KeyError), quiet():
        raise KeyError
    assert logger.level == logging.NOTSET


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "splink", None)
    with pytest.raises(ImportError, match=re.escape('pip install ".[linkage]"')):
        link(plain(), time=TIME)


def test_importing_it_imports_no_splink() -> None:
    code = "import sys, features.linkage; print('splink' in sys.modules)"
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("False\n", "")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows.drop(columns="customer_id"), "customers need a column 'customer_id' of text"),
        (lambda rows: rows.assign(customer_id=range(len(rows))), "customers need a column 'customer_id' of text"),
        (
            lambda rows: rows.assign(customer_id=rows["customer_id"].replace("r00001", "r00002")),
            "2 customers have no customer_id of their own, such as 'r00002'; keep one row of each",
        ),
        (
            lambda rows: rows.assign(customer_id=rows["customer_id"].replace("r00001", None)),
            "1 customers have no customer_id of their own",
        ),
        (lambda rows: rows.head(99), "99 customers are too few to learn from; give at least 100"),
        (
            lambda rows: rows.assign(colour="red", plan="x"),
            "linkage does not know the columns colour, plan; leave them out, or call them by what they say: ",
        ),
        (lambda rows: rows.drop(columns="given_name"), "a name is told by given_name and family_name, or by name"),
        (lambda rows: rows.assign(name="x"), "a name is told by given_name and family_name, or by name as a whole"),
        (
            lambda rows: rows.drop(columns=["street", "postcode"]).assign(city="Ulm"),
            "a city alone says too little of a home: give street or postcode too, or leave it out",
        ),
    ],
)
def test_customers_that_cannot_be_used_are_refused(
    change: Callable[[pd.DataFrame], pd.DataFrame], message: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        link(change(plain()), time=TIME)


@pytest.mark.parametrize("threshold", [0.49, 1.0, float("nan")])
def test_a_threshold_is_a_probability_of_at_least_a_half(threshold: float) -> None:
    with pytest.raises(ValueError, match=re.escape(f"threshold must lie in [0.5, 1), not {threshold}")):
        link(plain(), time=TIME, threshold=threshold)


@pytest.mark.parametrize("shown", [0.0, 0.96])
def test_what_is_merged_is_shown(shown: float) -> None:
    with pytest.raises(ValueError, match=rf"shown must lie above 0 and not above the threshold 0\.95, not {shown}"):
        link(plain(), time=TIME, shown=shown)


def test_a_time_must_be_said() -> None:
    with pytest.raises(ValueError, match="time must say when the customers were linked, not NaT"):
        link(plain(), time=pd.NaT)  # type: ignore[arg-type]


def test_customers_who_say_too_little_are_refused() -> None:
    little = plain().assign(birth_date=" ", given_name=None)
    with pytest.raises(
        ValueError, match="two of name, birth date and email are needed, and there is something in email"
    ):
        link(little, time=TIME)


def test_customers_who_are_all_one_person_are_refused() -> None:
    alike = pd.concat([plain().iloc[[0]]] * 100).assign(customer_id=[f"r{number}" for number in range(100)])
    with pytest.raises(ValueError, match="there is something in none of them"):
        link(alike, time=TIME)


def test_customers_are_written_in_one_spelling() -> None:
    said = {
        "customer_id": ["A", "b"],
        "given_name": [" Änne  Marie ", None],
        "family_name": ["VON Ahn", "x"],
        "birth_date": ["1980-01-02 00:00:00", "2.1.1980"],
        "phone": ["+49 (170) 123-45 67", "no"],
        "street": ["Gasse 1", "Weg 2"],
        "postcode": ["89073", None],
        "city": ["", "Ulm"],
    }
    assert prepared(pd.DataFrame(said)).fillna("").to_dict("list") == {
        "customer_id": ["A", "b"],
        "given_name": ["änne marie", ""],
        "family_name": ["von ahn", "x"],
        "birth_date": ["1980-01-02", "2.1.1980"],
        "phone": ["701234567", ""],
        "street": ["gasse 1", "weg 2"],
        "postcode": ["89073", ""],
        "city": ["", "ulm"],
        "full_name": ["änne marie von ahn", ""],
        "address": ["gasse 1 89073 ", "weg 2  ulm"],
    }
    numbers = prepared(
        pd.DataFrame({"customer_id": ["a", "b"], "phone": [491701234567, None], "postcode": [89073, 10115]})
    )
    assert numbers.fillna("").to_dict("list") == {
        "customer_id": ["a", "b"],
        "phone": ["701234567", ""],
        "postcode": ["89073", "10115"],
    }
    days = prepared(pd.DataFrame({"customer_id": ["a", "b"], "birth_date": [pd.Timestamp("1980-01-02"), pd.NaT]}))
    assert days["birth_date"].fillna("").tolist() == ["1980-01-02", ""]


def test_what_twenty_share_says_something_and_what_more_share_does_not() -> None:
    ids = [f"r{number}" for number in range(41)]
    made = prepared(pd.DataFrame({"customer_id": ids, "email": ["a@x"] * 20 + ["b@x"] * 21}))
    assert made["email"].value_counts().to_dict() == {"a@x": 20}


@pytest.mark.parametrize(("count", "left"), [(40, 40), (41, 0)])
def test_a_name_or_birth_date_that_more_than_one_in_500_have_stands_in_for_none(count: int, left: int) -> None:
    own = pd.Series([f"n{number}" for number in range(20_000)])
    rows = pd.DataFrame({"customer_id": own, "given_name": own, "family_name": "berg", "birth_date": own})
    rows.loc[: count - 1, ["given_name", "family_name", "birth_date"]] = ["no", "name", "1900-01-01"]
    made = prepared(rows)
    said = {"given_name": "no", "family_name": "name", "full_name": "no name", "birth_date": "1900-01-01"}
    assert {name: int((made[name] == value).sum()) for name, value in said.items()} == dict.fromkeys(said, left)
    assert made["full_name"].notna().sum() == 20_000 - count + left


def test_each_customer_goes_along_the_weightiest_pairs_to_the_first() -> None:
    ids = pd.Series(["d", "a", "c", "b", "e", "f"])
    found = pd.DataFrame(
        [("a", "b", 5.0), ("a", "d", 4.0), ("b", "d", 9.0), ("e", "f", 7.0), ("d", "e", 0.5)],
        columns=["one", "other", "match_weight"],
    )
    made = forest(ids, found.head(4))
    assert dict(made.to_numpy().tolist()) == {"a": "b", "b": "d", "f": "e"}
    assert dict(forest(ids, found).to_numpy().tolist()) == {"a": "b", "b": "d", "f": "e", "e": "d"}
    assert groups(ids, found.head(4)).tolist() == [0, 0, 1, 0, 2, 2]
    assert forest(ids, found.head(0)).empty


@pytest.mark.parametrize("seed", range(20))
def test_merges_are_those_of_taking_the_weightiest_pair_first(seed: int) -> None:
    rng = np.random.default_rng(seed)
    ids = [f"r{number}" for number in rng.permutation(30)]
    every = [pair for pair in combinations(sorted(ids), 2) if rng.random() < 0.05]
    weight = dict(zip(every, rng.normal(size=len(every)).tolist(), strict=True))
    party = {name: {name} for name in ids}
    taken = set()
    for one, other in sorted(every, key=lambda pair: -weight[pair]):
        if party[one] is not party[other]:
            taken.add(frozenset((one, other)))
            party[one] |= party[other]
            party.update(dict.fromkeys(party[one], party[one]))
    found = pd.DataFrame([(*pair, value) for pair, value in weight.items()], columns=["one", "other", "match_weight"])
    made = dict(forest(pd.Series(ids), found).to_numpy().tolist())
    assert {frozenset(merge) for merge in made.items()} == taken
    assert [name for name in ids if name not in made] == [
        name for name in ids if name == min(party[name], key=ids.index)
    ]
