"""Histories without transactions: contracts, events or touches, with an end that is said."""

from pathlib import Path
from typing import Any, get_args

import pandas as pd
import pytest

from features.built import build, rebuild
from features.cutoffs import spine
from features.datasets import load
from features.engine.candidates import top_categories
from features.engine.customer import purchases_of
from features.engine.door import admit
from features.engine.kept import Kept, KeptError
from features.engine.run import Engine, observe, outcome
from features.engine.stored import stored
from features.explain import explained
from features.frame import frame
from features.history import History, Source
from features.library import FEATURES, POPULATIONS, TARGETS, available, chosen
from features.nobody import NobodyAsked
from features.policy import Policy
from features.snapshot import Asked
from features.tables import HistoryError

DAY = pd.Timestamp
END = DAY("2024-05-01")
CONTRACTS = pd.DataFrame(
    [
        ("ended", "basic", "2024-01-01", "2024-03-01", 10.0),
        ("open", "plus", "2024-01-15", None, 20.0),
        ("announced", "basic", "2024-02-01", "2024-06-01", 10.0),
        ("overlapping", "basic", "2024-01-01", "2024-04-01", 10.0),
        ("overlapping", "plus", "2024-03-15", None, 25.0),
        ("back", "basic", "2024-01-01", "2024-02-20", 10.0),
        ("back", "basic", "2024-03-01", None, 12.0),
        ("to come", "basic", "2024-07-01", None, 10.0),
    ],
    columns=["customer_id", "plan", "start", "end", "price"],
)
EVENTS = pd.DataFrame(
    {"customer_id": ["ended", "guest"], "time": ["2024-04-20", "2024-04-30"], "kind": ["visit", "coupon_redemption"]}
)
PEOPLE = pd.DataFrame({"customer_id": ["guest", "open"], "age": [40, 50]})


@pytest.fixture(params=get_args(Engine))
def engine(request: pytest.FixtureRequest) -> Engine:
    given: Engine = request.param
    return given


def club(*, end: pd.Timestamp | None = END, grace_days: int = 0, **beside: Source) -> History:
    tables = {"subscriptions": CONTRACTS, **beside}
    return admit("club", tables, end=end, policy=Policy(grace_days=grace_days))


def who(history: History, population: str, *cutoffs: str) -> list[set[str]]:
    asked = spine(history, POPULATIONS[population], [DAY(cutoff) for cutoff in cutoffs])
    return [set(asked.loc[asked["cutoff"] == DAY(cutoff), "customer_id"]) for cutoff in cutoffs]


# Who, and what comes of it.


def test_contracts_alone_are_a_dated_history_until_the_end_that_is_said() -> None:
    history = club()
    assert (history.dated, history.end, list(history.tables)) == (True, END, ["subscriptions"])
    local = admit("club", {"subscriptions": CONTRACTS}, end=DAY("2024-05-01 02:00", tz="UTC"), zone="Europe/Berlin")
    assert local.end == DAY("2024-05-01 04:00")


def test_subscribers_are_those_whose_contract_runs() -> None:
    """An end at the cutoff belongs to the future, and so does one that is announced."""
    stay = {"open", "announced", "overlapping"}
    cutoffs = ["2024-01-01", "2024-02-15", "2024-02-25", "2024-03-01", "2024-03-02", "2024-05-01"]
    expected = [set(), stay | {"ended", "back"}, stay | {"ended"}, stay | {"ended"}, stay | {"back"}, stay | {"back"}]
    assert who(club(), "subscribers", *cutoffs) == expected
    assert who(club(), "members", *cutoffs) == expected


def test_members_have_their_grace() -> None:
    history = club(grace_days=10)
    assert who(history, "members", "2024-02-25", "2024-03-11", "2024-03-12") == [
        {"open", "announced", "overlapping", "ended", "back"},
        {"open", "announced", "overlapping", "ended", "back"},
        {"open", "announced", "overlapping", "back"},
    ]


def _outcome(history: History, target: str, cutoff: str, days: int, engine: Engine) -> dict[str, float]:
    asked = spine(history, POPULATIONS["members"], [DAY(cutoff)])
    made = outcome(history, asked, [TARGETS[target]], horizon_days=days, engine=engine)
    return dict(zip(made["customer_id"], made[target], strict=True))


@pytest.mark.parametrize("target", ["subscription_ended", "lapsed"])
def test_who_ends_within_the_horizon_leaves(target: str, engine: Engine) -> None:
    none = dict.fromkeys(["announced", "open"], 0.0)
    ends = {"ended": 1.0, **none}
    assert _outcome(club(), target, "2024-02-15", 15, engine) == {"back": 1, "overlapping": 0, **ends, "ended": 0}
    expected = {"back": 0 if target == "subscription_ended" else 1, "overlapping": 0, **ends}
    assert _outcome(club(), target, "2024-02-15", 76, engine) == expected
    with pytest.raises(ValueError, match=r"77-day horizon of cutoff 2024-02-15 ends after the history of club"):
        _outcome(club(), target, "2024-02-15", 77, engine)


def test_the_grace_joins_what_is_taken_up_again(engine: Engine) -> None:
    """Who ended on the first of March lapses ten days later; who was back in time never does."""
    history = club(grace_days=10)
    assert _outcome(history, "lapsed", "2024-02-15", 25, engine)["ended"] == 0
    assert _outcome(history, "lapsed", "2024-02-15", 26, engine)["ended"] == 1
    assert _outcome(history, "lapsed", "2024-02-15", 76, engine)["back"] == 0


def test_an_end_that_is_announced_is_no_feature_and_a_later_history_sees_it(engine: Engine) -> None:
    asked = spine(club(), POPULATIONS["subscribers"], [END])
    names = [each.name for each in available(club())]
    drawn = CONTRACTS.assign(end=CONTRACTS["end"].where(CONTRACTS["end"] != "2024-06-01", None))
    before = observe(club(), asked, chosen(names), engine=engine)
    without = admit("club", {"subscriptions": drawn}, end=END)
    pd.testing.assert_frame_equal(observe(without, asked, chosen(names), engine=engine), before)
    later = club(end=DAY("2024-07-01"))
    assert _outcome(later, "lapsed", "2024-05-01", 31, engine)["announced"] == 0
    assert _outcome(later, "lapsed", "2024-05-01", 32, engine)["announced"] == 1


def test_features_of_contracts_by_hand(engine: Engine) -> None:
    """Where two run at once, the present one is the one begun last."""
    names = ["subscription_days", "subscription_price", "contracts_ended", "membership_days", "memberships_before"]
    made = frame(club(), [END], population=POPULATIONS["subscribers"], features=chosen(names), engine=engine)
    assert made.set_index("customer_id")[names].T.to_dict("list") == {
        "announced": [90, 10, 0, 90, 0],
        "back": [61, 12, 1, 61, 1],
        "open": [107, 20, 0, 107, 0],
        "overlapping": [47, 25, 1, 121, 0],
    }


def test_what_is_available_are_the_features_of_contracts() -> None:
    contracts = [each for each in FEATURES.values() if each.family in ("subscription", "membership")]
    assert available(club()) == [each for each in contracts if "term_days" not in each.reads.get("subscriptions", ())]
    of_events = {each.family for each in available(admit("site", {"events": EVENTS}, end=END))}
    assert of_events
    assert not of_events & {"rfm", "subscription", "membership", "touches"}


def test_renewals_ask_by_themselves() -> None:
    yearly = CONTRACTS.assign(term_days=30)
    asked = spine(admit("club", {"subscriptions": yearly}, end=END), POPULATIONS["renewing"], [DAY("2024-03-01"), END])
    assert asked.loc[asked["customer_id"] == "open", "cutoff"].tolist() == [DAY("2024-03-15"), DAY("2024-04-14")]
    assert asked.loc[asked["customer_id"] == "ended", "cutoff"].tolist() == [DAY("2024-03-01")]


# Tables beside them, and others alone.


def test_customers_and_events_beside_contracts(engine: Engine) -> None:
    history = club(events=EVENTS, customers=PEOPLE)
    features = chosen(["subscribed", "visits_28d", "customers.age"], history)
    made = frame(history, [END], population=POPULATIONS["listed"], features=features, engine=engine)
    assert made.set_index("customer_id").drop(columns="cutoff").T.to_dict("list") == {
        "guest": [0, 0, 40],
        "open": [1, 0, 50],
    }
    assert who(history, "visitors_91d", "2024-04-21") == [{"ended"}]
    asked = spine(history, POPULATIONS["visitors_91d"], [DAY("2024-04-21")])
    assert outcome(history, asked, [TARGETS["redeemed"]], horizon_days=10, engine=engine)["redeemed"].tolist() == [0]


@pytest.mark.parametrize("table", ["events", "touches"])
def test_events_and_touches_alone_are_histories_too(table: str, engine: Engine) -> None:
    rows = EVENTS if table == "events" else EVENTS.assign(campaign="spring", channel="mail", cost=0.5)
    history = admit("site", {table: rows}, end=END)
    features = available(history)
    if table == "events":
        asked = spine(history, POPULATIONS["visitors_91d"], [END])
    else:
        asked = spine(history, POPULATIONS["touched"], [DAY("2024-01-01"), END])
    made = observe(history, asked[["customer_id", "cutoff"]], features, engine=engine)
    assert made["customer_id"].tolist() == (["ended"] if table == "events" else ["ended", "guest"])
    assert len(features) >= 3
    assert len({history.fingerprint, admit("site", {table: rows.iloc[:1]}, end=END).fingerprint}) == 2


def test_ids_may_be_merged_without_a_purchase(engine: Engine) -> None:
    merged = pd.DataFrame({"customer_id": ["ended"], "into": ["open"], "time": ["2024-04-01"]})
    history = club(identities=merged)
    assert who(history, "subscribers", "2024-02-15")[0] >= {"ended", "open"}
    made = frame(
        history, [END], population=POPULATIONS["subscribers"], features=chosen(["contracts_ended"]), engine=engine
    )
    assert made.set_index("customer_id")["contracts_ended"].to_dict() == {
        "announced": 0,
        "back": 1,
        "open": 1,
        "overlapping": 1,
    }


# All that is done with a history.


def test_many_contracts_are_taken_in_buckets(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    history, members = club(grace_days=10), POPULATIONS["members"]
    features, cutoffs = available(history), [DAY("2024-03-01"), END]
    whole = frame(history, cutoffs, population=members, features=features, engine=engine)
    monkeypatch.setattr("features.engine.buckets.ROWS", 2)
    parts = frame(history, cutoffs, population=members, features=features, engine=engine)
    pd.testing.assert_frame_equal(parts, whole, check_exact=True)
    frame(history, cutoffs, population=members, features=features, engine=engine, to=tmp_path / "frame")
    assert len(list((tmp_path / "frame").glob("*/part-*.parquet"))) > 2
    asked = whole[["customer_id", "cutoff"]]
    made = outcome(history, asked[asked["cutoff"] < END], [TARGETS["lapsed"]], horizon_days=30, engine=engine)
    assert made["lapsed"].tolist() == [0, 0, 1, 0, 0]
    assert made["customer_id"].tolist() == ["announced", "back", "ended", "open", "overlapping"]


def test_the_fingerprint_tells_contracts_and_grace_apart() -> None:
    dearer = CONTRACTS.assign(price=CONTRACTS["price"] + 1)
    made = [club(), club(grace_days=1), admit("club", {"subscriptions": dearer}, end=END), club(customers=PEOPLE)]
    assert len({each.fingerprint for each in made}) == 4
    shuffled = admit("other", {"subscriptions": CONTRACTS.iloc[::-1]}, end=END)
    assert shuffled.fingerprint == club().fingerprint


def test_it_is_built_again_explained_and_kept(tmp_path: Path) -> None:
    history, population = club(), POPULATIONS["subscribers"]
    features = chosen(["subscription_days", "subscription_price", "contracts_ended", "plan_changes"])
    asked = Asked(population, features, [END])
    build(history, asked, tmp_path / "built", dataset="club", step=lambda _: None)
    assert rebuild(tmp_path / "built", lambda _: club(), step=lambda _: None) == []
    whole = stored(tmp_path / "built")
    kept = Kept.build(tmp_path / "kept", history, features, population=population)
    pd.testing.assert_frame_equal(kept.frame([END]), whole, check_exact=True)
    more = pd.DataFrame([("new", "plus", "2024-05-02", None, 30.0)], columns=list(CONTRACTS)).astype({"end": "str"})
    added = admit("club", {"subscriptions": more.assign(end=None)}, end=DAY("2024-05-05"))
    kept.add(added)
    both = admit("club", {"subscriptions": pd.concat([CONTRACTS, more.assign(end=None)])}, end=DAY("2024-05-05"))
    expected = frame(both, [both.end], population=population, features=features)
    pd.testing.assert_frame_equal(kept.frame([both.end]), expected, check_exact=True)
    assert "new" in set(expected["customer_id"])
    with pytest.raises(KeptError, match="come and go with the end of a history"):
        Kept.build(tmp_path / "other", history, features, population=POPULATIONS["members"])
    told = explained(history, "overlapping", END, features)
    assert [each.value for each in told.features] == [47, 25, 1, 1]
    assert [(view.view, view.known) for view in told.views] == [("subscriptions", 3)]


# What is refused.


@pytest.mark.parametrize("names", [["subscriptions"], ["events", "customers"], ["touches", "subscriptions"]])
def test_without_transactions_the_end_must_be_said(names: list[str]) -> None:
    touches = EVENTS.assign(campaign="spring")
    tables: dict[str, Any] = {"subscriptions": CONTRACTS, "events": EVENTS, "customers": PEOPLE, "touches": touches}
    with pytest.raises(HistoryError) as refused:
        admit("club", {name: tables[name] for name in names})
    assert str(refused.value) == (
        "club: without transactions nothing tells where the history ends; say the `end`, the first instant of which "
        "nothing is known, as in end = 2025-01-01T00:00:00 at the top of a dataset file"
    )


def test_a_dataset_file_says_it(tmp_path: Path) -> None:
    CONTRACTS.to_csv(tmp_path / "contracts.csv", index=False)
    said = '[policy]\ngrace_days = 10\n[tables.subscriptions]\ncsv = "contracts.csv"\n'
    (tmp_path / "club.toml").write_text(f"end = 2024-05-01T00:00:00\n{said}", encoding="utf-8")
    loaded = load(str(tmp_path / "club.toml"))
    assert (loaded.end, loaded.fingerprint) == (END, club(grace_days=10).fingerprint)
    (tmp_path / "club.toml").write_text(said, encoding="utf-8")
    with pytest.raises(HistoryError, match=r"club: without transactions .* end = 2025-01-01T00:00:00 at the top"):
        load(str(tmp_path / "club.toml"))


def test_what_needs_transactions_is_refused_by_their_name() -> None:
    history = club()
    asked = spine(history, POPULATIONS["subscribers"], [END])
    lacking = "needs the table 'transactions'; club has subscriptions"
    for name in ("known", "active_91d"):
        with pytest.raises(HistoryError, match=lacking):
            spine(history, POPULATIONS[name], [END])
    with pytest.raises(HistoryError, match=lacking):
        spine(history, POPULATIONS["new_category_91d"], [END], categories=["tea"])
    with pytest.raises(HistoryError, match="needs the table 'customers'; club has subscriptions"):
        spine(history, POPULATIONS["listed"], [END])
    with pytest.raises(HistoryError, match=lacking):
        observe(history, asked, chosen(["rfm"]))
    with pytest.raises(HistoryError, match=lacking):
        outcome(history, asked.assign(cutoff=DAY("2024-03-01")), [TARGETS["churned"]], horizon_days=28)
    with pytest.raises(HistoryError, match=lacking):
        top_categories(history, before=END, count=3)
    with pytest.raises(HistoryError, match=lacking):
        purchases_of(history, "open")


def test_policies_about_transactions_are_refused() -> None:
    with pytest.raises(HistoryError, match="club: the policy returns is about transactions, of which there are none"):
        admit("club", {"subscriptions": CONTRACTS}, end=END, policy=Policy(returns="net"))


def test_contracts_without_an_end_say_what_is_missing() -> None:
    history = admit("club", {"subscriptions": CONTRACTS.drop(columns="end")}, end=END)
    with pytest.raises(HistoryError, match=r"needs the columns \['end'\] of subscriptions"):
        spine(history, POPULATIONS["subscribers"], [END])
    assert available(history) == []


def test_no_contract_at_all_is_nobody() -> None:
    history = admit("club", {"subscriptions": CONTRACTS.iloc[:0]}, end=END)
    with pytest.raises(NobodyAsked, match="nobody in club is 'members' at"):
        spine(history, POPULATIONS["members"], [END])
