"""Customers without a common key: drawn ones whose persons are known, slips and households among them."""

import json
import logging
import math
import subprocess
import sys
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.engine.door import admit
from features.engine.run import observe
from features.identity import Identities
from features.library import FEATURES
from features.linkage import Linked, link
from features.linkage.prepare import prepared

TIME = pd.Timestamp("2025-06-01")
LATER = TIME + pd.Timedelta("1us")
SYLLABLES = [[f"{a}{b}" for a in row for b in ("a", "e", "ie", "o")] for row in ("bdfghk", "lmnprs", "tvwzjc")]
NAMES = [f"{a}{b}{c}" for a in SYLLABLES[0] for b in SYLLABLES[1] for c in ("", "n", "s", "ra")]
FAMILIES = [f"{a}{b}{c}" for a in SYLLABLES[2] for b in SYLLABLES[1] for c in ("mann", "ner", "s", "bach", "dt")]
ROADS = [f"{a}{b} street" for a in SYLLABLES[0] for b in SYLLABLES[2]]
SLIPS = ["given_name", "family_name", "birth_date", "phone", "street", "postcode"]
SAID = ["given_name", "family_name", "birth_date", "email", "phone", "street", "postcode"]
Person = dict[str, Any]


@pytest.fixture(scope="session")
def splink() -> None:
    """Skip where the extra is not there."""
    pytest.importorskip("splink", reason="NO SPLINK HERE: install it with make extras")


def person(rng: np.random.Generator) -> Person:
    given, family = rng.choice(NAMES), FAMILIES[int(len(FAMILIES) * rng.random() ** 3)]
    return {
        "given_name": str(given),
        "family_name": family,
        "birth_date": f"{pd.Timestamp('1940-01-01') + pd.Timedelta(days=int(rng.integers(24000))):%Y-%m-%d}",
        "email": f"{given}.{family}{rng.integers(100)}@mail.test",
        "phone": f"0{rng.integers(10**8, 10**9)}",
        "street": f"{rng.choice(ROADS)} {rng.integers(1, 100)}",
        "postcode": str(rng.integers(10000, 10300)),
    }


def slip(rng: np.random.Generator, text: str) -> str:
    """Change, drop, add or swap a letter."""
    at, letter = int(rng.integers(len(text))), str(rng.choice(list("aeinrst127")))
    before, after = text[:at], text[at + 1 :]
    return [
        before + letter + after,
        before + after,
        before + letter + text[at:],
        before + after[:1] + text[at] + after[1:],
    ][int(rng.integers(4))]


def draw(count: int, seed: int) -> pd.DataFrame:
    """Draw customers: of persons, a sixth of whom live with another; two fifths come two or three times, with slips."""
    rng = np.random.default_rng(seed)
    persons: list[Person] = []
    while len(persons) < count:
        persons.append(person(rng))
        if rng.random() < 0.15:
            home = ["family_name", "street", "postcode", *(["phone"] if rng.random() < 0.3 else [])]
            persons.append({**person(rng), **{name: persons[-1][name] for name in home}})
    rows: list[Person] = []
    for number, each in enumerate(persons):
        for copy in range(int(rng.choice([1, 2, 3], p=[0.6, 0.3, 0.1]))):
            row = dict(each)
            if copy and rng.random() < 0.15:
                row |= {name: person(rng)[name] for name in ("street", "postcode")}
            if copy and rng.random() < 0.2:
                row["email"] = person(rng)["email"]
            row |= {name: slip(rng, row[name]) for name in SLIPS if copy and rng.random() < 0.12}
            row |= dict.fromkeys([name for name in ("birth_date", "email", "phone", "street") if rng.random() < 0.1])
            rows.append({"customer_id": f"r{len(rows):05}", **row, "person": number})
    return pd.DataFrame(rows).sample(frac=1, random_state=seed, ignore_index=True)


def asked(records: pd.DataFrame, columns: list[str] | None = None) -> pd.DataFrame:
    """Give what may be asked about, without whose it is."""
    return records[["customer_id", *(SAID if columns is None else columns)]]


def owners(records: pd.DataFrame, identities: pd.DataFrame) -> pd.Series:
    return Identities.of(identities).owners(records[["customer_id"]].assign(cutoff=LATER))


def pairs(grouped: Any) -> int:
    sizes = grouped.size()
    return int((sizes * (sizes - 1) // 2).sum())


def judged(records: pd.DataFrame, linked: Linked) -> tuple[float, float]:
    """Give precision and recall of the pairs of records that are taken for one person's."""
    found = records.assign(owner=owners(records, linked.identities))
    right = pairs(found.groupby(["person", "owner"]))
    return right / pairs(found.groupby("owner")), right / pairs(found.groupby("person"))


@pytest.fixture(scope="session")
def records() -> pd.DataFrame:
    return draw(800, seed=0)


@pytest.fixture(scope="session")
def linked(splink: None, records: pd.DataFrame) -> Linked:
    return link(asked(records), time=TIME)


def test_customers_with_slips_find_their_persons(records: pd.DataFrame, linked: Linked) -> None:
    precision, recall = judged(records, linked)
    assert precision >= 0.99
    assert recall >= 0.95


@pytest.mark.parametrize(
    ("columns", "bar"),
    [
        (["birth_date", "email"], 0.4),
        (["given_name", "family_name", "email"], 0.55),
        (["given_name", "family_name", "birth_date"], 0.6),
        (["given_name", "family_name", "birth_date", "postcode"], 0.8),
        (["name", "birth_date", "email", "phone"], 0.9),
    ],
)
def test_fewer_columns_find_fewer_but_right_ones(splink: None, columns: list[str], bar: float) -> None:
    other = draw(400, seed=1).assign(name=lambda rows: rows["given_name"] + " " + rows["family_name"])
    precision, recall = judged(other, link(asked(other, columns), time=TIME))
    assert precision >= 0.98
    assert recall >= bar


def test_customers_of_whom_much_is_not_known_are_linked_by_the_rest(splink: None) -> None:
    other, rng = draw(400, seed=2), np.random.default_rng(2)
    holes = other.assign(**{name: other[name].where(rng.random(len(other)) > 0.25, None) for name in SAID})
    precision, recall = judged(other, link(asked(holes), time=TIME))
    assert precision >= 0.97
    assert recall >= 0.45


def test_people_of_a_household_stay_apart(records: pd.DataFrame, linked: Linked) -> None:
    homes = records[records["street"].notna()].assign(owner=owners(records, linked.identities))
    together = homes.groupby(["family_name", "street", "postcode"]).agg({"person": "nunique", "owner": "nunique"})
    shared = together[together["person"] > 1]
    assert len(shared) > 50
    assert (shared["owner"] >= shared["person"]).mean() > 0.97


def test_identities_are_rows_for_the_table_of_that_name(records: pd.DataFrame, linked: Linked) -> None:
    made = linked.identities
    assert list(made) == ["customer_id", "into", "time"]
    assert made["time"].dtype == "datetime64[us]"
    assert (made["time"] == TIME).all()
    assert not made["customer_id"].duplicated().any()
    place = {name: number for number, name in enumerate(records["customer_id"])}
    assert all(
        place[owner] <= place[own] for own, owner in zip(records["customer_id"], owners(records, made), strict=True)
    )


def test_each_merge_is_a_pair_at_or_above_the_threshold(linked: Linked) -> None:
    likely = {frozenset(row[:2]): row[2] for row in linked.pairs[["one", "other", "probability"]].to_numpy().tolist()}
    merges = [frozenset(row) for row in linked.identities[["customer_id", "into"]].to_numpy().tolist()]
    assert len(merges) > 300
    assert min(likely[merge] for merge in merges) >= 0.95


def test_pairs_tell_all_that_they_weigh(records: pd.DataFrame, linked: Linked) -> None:
    weights = ["weight_prior", "weight_name", "weight_birth_date", "weight_email", "weight_home"]
    found = linked.pairs
    assert list(found) == ["one", "other", "probability", "match_weight", *weights, "merged"]
    assert np.ptp(found["weight_prior"]) == 0
    np.testing.assert_allclose(found[weights].sum(axis=1), found["match_weight"], atol=1e-5)
    np.testing.assert_allclose(found["probability"], 1 / (1 + 2.0 ** -found["match_weight"]), atol=2e-6)
    assert found["match_weight"].is_monotonic_decreasing
    said = records.set_index("customer_id")
    one, other = (said.loc[found[name]].reset_index(drop=True) for name in ("one", "other"))
    for name in ("birth_date", "email"):
        weight, known = found[f"weight_{name}"], one[name].notna() & other[name].notna()
        assert (weight[known & (one[name] == other[name])] > 3).all()
        assert (weight[~known] == 0).all()
    assert (
        found["weight_email"][one["email"].notna() & other["email"].notna() & (one["email"] != other["email"])] < 0
    ).all()


def test_an_equal_phone_and_address_are_another_degree_than_either_alone(records: pd.DataFrame, linked: Linked) -> None:
    said = prepared(asked(records)).set_index("customer_id")
    one, other = (said.loc[linked.pairs[name]].reset_index(drop=True) for name in ("one", "other"))
    address, phone = one["address"] == other["address"], one["phone"] == other["phone"]
    weight = linked.pairs["weight_home"]
    both, alone = set(weight[address & phone]), set(weight[address != phone])
    assert len(both) == 1
    assert len(alone) == 2
    assert min(both | alone) > 5
    assert not both & alone


def test_an_equal_email_weighs_what_counting_all_pairs_says(records: pd.DataFrame, linked: Linked) -> None:
    """m is counted among pairs of one person, whom the model never saw; u among all pairs, as Splink takes it."""
    rows = records.loc[records["email"].notna(), ["person", "email"]].to_numpy().tolist()
    every = [(one[0] == other[0], one[1] == other[1]) for one, other in combinations(rows, 2)]
    same = [equal for person, equal in every if person]
    m, u = sum(same) / len(same), sum(equal for _, equal in every) / len(every)
    assert linked.pairs["weight_email"].max() == pytest.approx(math.log2(m / u), abs=0.5)


def test_borderline_pairs_are_shown_and_not_merged_by_themselves(linked: Linked) -> None:
    low = linked.pairs[linked.pairs["probability"] < 0.95]
    assert len(low) > 5
    assert low["probability"].min() >= 0.5
    assert not low["merged"].all()
    assert linked.pairs.loc[linked.pairs["probability"] >= 0.95, "merged"].all()
    root = {name: name for name in [*linked.identities["customer_id"], *linked.identities["into"]]}
    root |= dict(linked.identities[["customer_id", "into"]].to_numpy().tolist())

    def end(name: str) -> str:
        return name if root.get(name, name) == name else end(root[name])

    merged = [end(one) == end(other) for one, other in linked.pairs[["one", "other"]].to_numpy().tolist()]
    assert linked.pairs["merged"].tolist() == merged


def test_linking_again_gives_the_same(records: pd.DataFrame, linked: Linked) -> None:
    again = link(asked(records), time=TIME)
    pd.testing.assert_frame_equal(again.identities, linked.identities, check_exact=True)
    pd.testing.assert_frame_equal(again.pairs, linked.pairs, check_exact=True)


def test_the_order_of_customers_only_chooses_who_stays(records: pd.DataFrame, linked: Linked) -> None:
    shuffled = records.sample(frac=1, random_state=5)
    again = owners(shuffled, link(asked(shuffled), time=TIME).identities).set_axis(shuffled["customer_id"])
    before = owners(records, linked.identities).set_axis(records["customer_id"])
    both = pd.DataFrame({"before": before, "again": again})
    assert both.groupby("before")["again"].nunique().max() == both.groupby("again")["before"].nunique().max() == 1


def test_thresholds_say_what_is_merged_and_what_is_shown(records: pd.DataFrame, linked: Linked) -> None:
    sure = link(asked(records), time=TIME, threshold=0.999, shown=0.9)
    expected = linked.pairs[linked.pairs["probability"] >= 0.9]
    pd.testing.assert_frame_equal(sure.pairs.drop(columns="merged"), expected.drop(columns="merged"))
    assert 0.5 * len(linked.identities) < len(sure.identities) < len(linked.identities)
    joined = pd.DataFrame({"sure": owners(records, sure.identities), "made": owners(records, linked.identities)})
    assert joined.groupby("sure")["made"].nunique().max() == 1


def test_spelling_does_not_matter(records: pd.DataFrame, linked: Linked) -> None:
    said = records.assign(
        given_name="  " + records["given_name"].str.upper() + " ",
        email=records["email"].str.title().fillna(" "),
        phone="+49 " + records["phone"].str[1:5] + "/" + records["phone"].str[5:],
        street=records["street"].str.replace(" ", "  "),
    )
    pd.testing.assert_frame_equal(link(asked(said), time=TIME).pairs, linked.pairs)


@pytest.mark.parametrize(
    ("column", "value"), [("email", "desk@shop.test"), ("birth_date", "1900-01-01"), ("phone", "0800 000 000")]
)
def test_what_many_have_is_nobody_s(splink: None, column: str, value: str) -> None:
    other = draw(400, seed=4)
    said = [asked(other.assign(**{column: other[column].where(other.index % 3 > 0, each)})) for each in (value, None)]
    made, nothing = (link(each, time=TIME) for each in said)
    pd.testing.assert_frame_equal(made.pairs, nothing.pairs)
    precision, recall = judged(other, made)
    assert precision >= 0.99
    assert recall >= 0.85


def test_from_later_on_linked_customers_are_one(records: pd.DataFrame, linked: Linked) -> None:
    amounts = dict(zip(records["customer_id"], range(1, len(records) + 1), strict=True))
    sales = records[["customer_id"]].assign(
        time=pd.Timestamp("2025-01-01"), amount=[float(a) for a in amounts.values()]
    )
    tables = {"transactions": sales, "identities": linked.identities}
    history = admit("shop", tables, end=pd.Timestamp("2026-01-01"))
    owner = dict(zip(records["customer_id"], owners(records, linked.identities), strict=True))
    together: dict[str, float] = {}
    for name, amount in amounts.items():
        together[owner[name]] = together.get(owner[name], 0.0) + amount
    for cutoff, expected in ((TIME, amounts), (LATER, together)):
        spine = pd.DataFrame({"customer_id": list(expected), "cutoff": cutoff})
        spend = observe(history, spine, [FEATURES["spend"]]).set_index("customer_id")["spend"]
        assert spend.to_dict() == expected
    assert len(together) < len(amounts) - 300


def test_a_time_with_a_zone_is_the_history_s_own_time(records: pd.DataFrame, linked: Linked) -> None:
    made = link(asked(records), time=pd.Timestamp("2025-06-01T02:00", tz="Europe/Berlin")).identities
    sales = records[["customer_id"]].assign(time=pd.Timestamp("2025-01-01"), amount=1.0)
    admitted = admit("shop", {"transactions": sales, "identities": made}).tables["identities"]
    assert {each.as_py() for each in admitted["time"]} == {TIME.to_pydatetime()}  # type: ignore[index]
    pd.testing.assert_frame_equal(made.drop(columns="time"), linked.identities.drop(columns="time"))


def test_where_nobody_is_there_twice_nothing_is_found(splink: None, records: pd.DataFrame, linked: Linked) -> None:
    once = records.drop_duplicates("person")
    none = link(asked(once[~once[["given_name", "family_name"]].duplicated(keep=False)]), time=TIME)
    assert none.identities.empty
    assert none.pairs.empty
    for made, other in ((none.identities, linked.identities), (none.pairs, linked.pairs)):
        pd.testing.assert_series_equal(made.dtypes, other.dtypes)


@pytest.mark.parametrize("columns", [SAID, ["birth_date", "email"], ["given_name", "family_name", "email"]])
def test_one_who_is_there_twice_is_found_among_those_who_are_not(splink: None, columns: list[str]) -> None:
    once = draw(300, seed=1).drop_duplicates("person")
    whole = once[once[SAID].notna().all(axis="columns")].iloc[[7]]
    twice = pd.concat([once, whole.assign(customer_id="again")], ignore_index=True)
    made = link(asked(twice, columns), time=TIME).identities
    assert made[["customer_id", "into"]].to_numpy().tolist() == [["again", whole["customer_id"].item()]]


LOUD = """
import json, logging, sys, warnings
import pandas as pd
from features.linkage import link

def state():
    loggers = [logging.getLogger(name) for name in ("root", "splink", "splink.internals", "sqlglot", "py.warnings")]
    told = [(each.level, each.propagate, each.disabled, len(each.handlers), len(each.filters)) for each in loggers]
    return told, logging.root.manager.disable, warnings.filters[:]

import splink
before = state()
made = link(pd.read_json(sys.stdin, dtype=False), time=pd.Timestamp("2025-06-01"))
print(json.dumps([len(made.identities), state() == before]))
"""


def test_it_says_nothing_and_leaves_logging_as_it_was(splink: None, linked: Linked, records: pd.DataFrame) -> None:
    given = asked(records).to_json(orient="records")
    done = subprocess.run([sys.executable, "-c", LOUD], input=given, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert json.loads(done.stdout) == [len(linked.identities), True]


def test_who_sets_a_level_hears_splink(splink: None, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="splink"):
        link(asked(draw(100, seed=3)), time=TIME)
    assert any("EM training session" in text for text in caplog.messages)
