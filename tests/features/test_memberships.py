"""Memberships: contracts at most the grace apart are one, which lapses when the grace of the last is over."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pandas as pd
import pytest

from features.cutoffs import spine
from features.datasets.own import from_file
from features.engine.door import admit
from features.engine.kept import Kept, KeptError
from features.engine.run import Engine, observe, outcome
from features.engine.session import connect, fetch
from features.history import History
from features.library import FEATURES, POPULATIONS, TARGETS
from features.policy import Policy
from features.tables import HistoryError

SALES = pd.DataFrame({"customer_id": ["a"], "time": ["2023-12-31"], "amount": [1.0]})
GRACE = 10
NAMES = ["membership_days", "memberships_before", "in_grace", "members"]
DAY = pd.Timestamp


@pytest.fixture(scope="module", params=get_args(Engine))
def engine(request: pytest.FixtureRequest) -> Engine:
    """Give each engine that `observe` knows."""
    given: Engine = request.param
    return given


def club(*contracts: tuple[Any, ...], grace_days: int = GRACE, end: str = "2025-01-01", **tables: Any) -> History:
    """Make a history of contracts (customer, start, end and, if any has it, known_time)."""
    columns = ["customer_id", "start", "end", "known_time"][: max(map(len, contracts))]
    rows = pd.DataFrame(contracts, columns=columns).assign(plan="basic")
    policy = Policy(grace_days=grace_days)
    return admit("club", {"transactions": SALES, "subscriptions": rows, **tables}, end=DAY(end), policy=policy)


def turns(history: History, *, at: str | None = None) -> list[tuple[str, str, str]]:
    with connect(history, at=None if at is None else DAY(at)) as session:
        found = fetch(session, "SELECT customer_id, time, kind FROM memberships ORDER BY customer_id, time, kind DESC")
    return [(who, str(time).removesuffix(" 00:00:00"), kind) for who, time, kind in found.itertuples(index=False)]


def stands(history: History, engine: Engine, *cutoffs: str, who: str = "a") -> list[list[float | None]]:
    """Give a customer's membership_days, memberships_before, in_grace and members at cutoffs."""
    asked = pd.DataFrame({"customer_id": who, "cutoff": pd.to_datetime(list(cutoffs), format="ISO8601")})
    frame = observe(history, asked, [*(FEATURES[name] for name in NAMES[:3]), POPULATIONS["members"]], engine=engine)
    return [[None if pd.isna(value) else value for value in row] for row in frame[NAMES].to_numpy().tolist()]


def lapses(history: History, engine: Engine, *cutoffs: str, days: int, lead: int = 0) -> list[float]:
    asked = pd.DataFrame({"customer_id": "a", "cutoff": pd.to_datetime(list(cutoffs), format="ISO8601")})
    made = outcome(history, asked, [TARGETS["lapsed"]], horizon_days=days, lead_days=lead, engine=engine)
    return [float(value) for value in made["lapsed"]]


# Which contracts are one membership.

ONE = [("a", "2024-01-01", "start"), ("a", "2024-05-11", "lapse")]
TWO = [
    ("a", "2024-01-01", "start"),
    ("a", "2024-02-10", "lapse"),
    ("a", "2024-04-01", "start"),
    ("a", "2024-05-11", "lapse"),
]
Contracts = list[tuple[str, str | None]]
EDGES: dict[str, tuple[Contracts, list[tuple[str, str, str]]]] = {
    "adjoining": ([("2024-01-01", "2024-03-01"), ("2024-03-01", "2024-05-01")], ONE),
    "overlapping": ([("2024-01-01", "2024-04-01"), ("2024-02-01", "2024-05-01")], ONE),
    "one inside the other": ([("2024-01-01", "2024-05-01"), ("2024-02-01", "2024-03-01")], ONE),
    "a short one inside, then another": (
        [("2024-01-01", "2024-04-25"), ("2024-02-01", "2024-02-02"), ("2024-04-30", "2024-05-01")],
        ONE,
    ),
    "the same twice": ([("2024-01-01", "2024-05-01")] * 2, ONE),
    "a gap of exactly the grace": ([("2024-01-01", "2024-02-01"), ("2024-02-11", "2024-05-01")], ONE),
    "a gap of a microsecond more": (
        [("2024-01-01", "2024-01-31"), ("2024-02-10 00:00:00.000001", "2024-05-01")],
        [*TWO[:2], ("a", "2024-02-10 00:00:00.000001", "start"), TWO[3]],
    ),
    "back after the grace": ([("2024-01-01", "2024-01-31"), ("2024-04-01", "2024-05-01")], TWO),
    "in no order": ([("2024-04-01", "2024-05-01"), ("2024-01-01", "2024-01-31")], TWO),
    "open": ([("2024-01-01", None)], ONE[:1]),
    "open beside one that ends": ([("2024-01-01", None), ("2024-02-01", "2024-03-01")], ONE[:1]),
    "over at once": (
        [("2024-01-01", "2024-01-01")],
        [("a", "2024-01-01", "start"), ("a", "2024-01-11", "lapse")],
    ),
}


@pytest.mark.parametrize("name", EDGES)
def test_contracts_within_the_grace_are_one_membership(name: str) -> None:
    contracts, expected = EDGES[name]
    assert turns(club(*(("a", *each) for each in contracts))) == expected


def test_a_grace_of_no_days_joins_what_adjoins_and_overlaps() -> None:
    adjoining = club(("a", "2024-01-01", "2024-02-01"), ("a", "2024-02-01", "2024-03-01"), grace_days=0)
    assert turns(adjoining) == [("a", "2024-01-01", "start"), ("a", "2024-03-01", "lapse")]
    apart = club(("a", "2024-01-01", "2024-02-01"), ("a", "2024-02-01 00:00:00.000001", None), grace_days=0)
    assert len(turns(apart)) == 3


def test_customers_are_apart() -> None:
    made = turns(club(("a", "2024-01-01", "2024-02-01"), ("b", "2024-02-05", "2024-03-01")))
    assert made == [
        ("a", "2024-01-01", "start"),
        ("a", "2024-02-11", "lapse"),
        ("b", "2024-02-05", "start"),
        ("b", "2024-03-11", "lapse"),
    ]


# What is not known yet.


def test_what_is_announced_has_not_happened() -> None:
    """Contracts that end at the history's end or later have not ended, those that start then are not known."""
    contracts = [
        ("a", "2024-01-01", "2024-06-30"),
        ("b", "2024-01-01", "9999-12-31"),
        ("c", "2024-01-01", "2024-06-29"),
        ("d", "2024-06-30", None),
        ("e", "2024-06-29 23:59:59", None),
        ("f", "2024-01-01", "2024-06-19"),
        ("g", "2024-01-01", "2024-06-20"),
    ]
    assert turns(club(*contracts, end="2024-06-30")) == [
        *((who, "2024-01-01", "start") for who in "abc"),
        ("e", "2024-06-29 23:59:59", "start"),
        ("f", "2024-01-01", "start"),
        ("f", "2024-06-29", "lapse"),
        ("g", "2024-01-01", "start"),
    ]


def test_a_contract_counts_from_when_it_is_known() -> None:
    late = club(("a", "2024-01-01", "2024-02-01", None), ("a", "2024-02-05", None, "2024-03-01"))
    assert turns(late) == [
        ("a", "2024-01-01", "start"),
        ("a", "2024-02-11", "lapse"),
        ("a", "2024-03-01", "start"),
    ]
    in_time = club(("a", "2024-01-01", "2024-02-01", None), ("a", "2024-02-05", None, "2024-02-11"))
    assert turns(in_time) == [("a", "2024-01-01", "start")]
    over = club(("a", "2024-01-01", "2024-01-15", "2024-03-01"))
    assert turns(over) == [("a", "2024-03-01", "start"), ("a", "2024-03-01", "lapse")]
    early = club(("a", "2024-01-01", "2024-02-01", "2023-06-01"))
    assert turns(early) == [("a", "2024-01-01", "start"), ("a", "2024-02-11", "lapse")]


# What stands at a cutoff, and what comes.


def test_a_membership_at_cutoffs(engine: Engine) -> None:
    history = club(("a", "2024-01-01", "2024-01-31"), ("a", "2024-04-01", None))
    cutoffs: dict[str, list[float | None]] = {
        "2024-01-01": [None, 0, 0, 0],
        "2024-01-01 00:00:01": [0, 0, 0, 1],
        "2024-01-31": [30, 0, 0, 1],
        "2024-01-31 00:00:01": [30, 0, 1, 1],
        "2024-02-10": [40, 0, 1, 1],
        "2024-02-10 00:00:01": [None, 0, 0, 0],
        "2024-04-01": [None, 0, 0, 0],
        "2024-04-02": [1, 1, 0, 1],
    }
    assert dict(zip(cutoffs, stands(history, engine, *cutoffs), strict=True)) == cutoffs


def test_a_pause_within_the_grace_does_not_make_a_membership_young(engine: Engine) -> None:
    history = club(("a", "2024-01-01", "2024-01-31"), ("a", "2024-02-10", None))
    assert stands(history, engine, "2024-02-05", "2024-02-10", "2024-02-11") == [
        [35, 0, 1, 1],
        [40, 0, 1, 1],
        [41, 0, 0, 1],
    ]


def test_a_label_is_told_when_the_grace_is_over(engine: Engine) -> None:
    """The grace of a contract until January 31 is over with February 9."""
    history = club(("a", "2024-01-01", "2024-01-31"))
    assert lapses(history, engine, "2024-02-09", "2024-02-09 00:00:01", "2024-02-10", days=1) == [0, 1, 1]
    assert lapses(history, engine, "2024-02-10 00:00:01", days=30) == [0]
    assert lapses(history, engine, "2024-02-01", days=2, lead=8) == [1]
    assert lapses(history, engine, "2024-02-01", "2024-02-01", days=9, lead=0) == [0, 0]


def test_who_is_back_within_the_grace_has_not_lapsed_and_who_is_back_later_has(engine: Engine) -> None:
    within = club(("a", "2024-01-01", "2024-01-31"), ("a", "2024-02-10", "2024-03-01"))
    after = club(("a", "2024-01-01", "2024-01-31"), ("a", "2024-02-10 00:00:01", None))
    assert lapses(within, engine, "2024-01-15", "2024-01-15", days=45) == [0, 0]
    assert lapses(within, engine, "2024-01-15", days=60) == [1]
    assert lapses(after, engine, "2024-01-15", days=45) == [1]
    open_ = club(("a", "2024-01-01", None))
    assert lapses(open_, engine, "2024-01-15", days=340) == [0]


def test_what_happens_later_does_not_change_what_stood(engine: Engine) -> None:
    """Whether the same contract ends, is followed or has ended since: at the cutoff it ran."""
    ends: list[Contracts] = [
        [("2024-01-01", None)],
        [("2024-01-01", "2024-03-01")],
        [("2024-01-01", "2024-03-01"), ("2024-03-05", None)],
        [("2024-01-01", "2024-12-01")],
        [("2024-01-01", None), ("2024-03-01", None)],
    ]
    for contracts in ends:
        history = club(*(("a", *each) for each in contracts))
        assert stands(history, engine, "2024-03-01") == [[60, 0, 0, 1]]


def test_members_are_asked_about_in_their_grace_too() -> None:
    history = club(
        ("a", "2024-01-01", "2024-01-31"),
        ("b", "2024-01-01", None),
        ("c", "2024-01-01", "2024-01-20"),
        ("d", "2024-02-05", None),
    )
    asked = spine(history, POPULATIONS["members"], [DAY("2024-02-05")])
    assert asked["customer_id"].tolist() == ["a", "b"]


def test_ids_of_one_customer_are_one_membership(engine: Engine) -> None:
    merged = pd.DataFrame({"customer_id": ["b"], "into": ["a"], "time": ["2024-02-05"]})
    contracts = [("b", "2024-01-01", "2024-01-31"), ("a", "2024-02-04", None)]
    history = club(*contracts, identities=merged)
    assert turns(history, at="2024-06-01") == [("a", "2024-01-01", "start")]
    assert turns(history, at="2024-02-01") == [
        ("a", "2024-02-04", "start"),
        ("b", "2024-01-01", "start"),
        ("b", "2024-02-10", "lapse"),
    ]
    assert stands(history, engine, "2024-02-05", "2024-02-06") == [[1, 0, 0, 1], [36, 0, 0, 1]]
    asked = spine(history, POPULATIONS["members"], [DAY("2024-02-05"), DAY("2024-02-20")])
    assert asked["customer_id"].tolist() == ["a", "b", "a"]


# Where the grace is said, and who is told.


def test_histories_of_another_grace_have_another_fingerprint() -> None:
    contract = ("a", "2024-01-01", None)
    graces = [club(contract, grace_days=days) for days in (0, 10, 30)]
    assert len({each.fingerprint for each in graces}) == 3
    assert replace(graces[0]).fingerprint == graces[0].fingerprint
    assert [each.grace_days for each in graces] == [0, 10, 30]


def test_the_grace_is_a_policy_of_a_dataset_file(tmp_path: Path) -> None:
    SALES.to_csv(tmp_path / "sales.csv", index=False)
    contracts = pd.DataFrame({"customer_id": ["a"], "plan": ["x"], "start": ["2023-01-01"], "end": ["2023-02-01"]})
    contracts.to_csv(tmp_path / "contracts.csv", index=False)
    tables = '[tables.transactions]\ncsv = "sales.csv"\n[tables.subscriptions]\ncsv = "contracts.csv"\n'
    file = tmp_path / "club.toml"
    file.write_text(f"{tables}[policy]\ngrace_days = 30\n", encoding="utf-8")
    assert turns(from_file(str(file))) == [("a", "2023-01-01", "start"), ("a", "2023-03-03", "lapse")]
    file.write_text(f"{tables}[policy]\ngrace_days = -1\n", encoding="utf-8")
    with pytest.raises(ValueError, match="grace_days"):
        from_file(str(file))


def test_a_grace_is_not_negative() -> None:
    with pytest.raises(ValueError, match="the policy grace_days is at least 0, not -3"):
        Policy(grace_days=-3)


def test_without_ends_there_are_no_memberships() -> None:
    rows = pd.DataFrame({"customer_id": ["a"], "plan": ["x"], "start": ["2024-01-01"]})
    history = admit("club", {"transactions": SALES, "subscriptions": rows})
    asked = pd.DataFrame({"customer_id": ["a"], "cutoff": DAY("2024-01-01")})
    with pytest.raises(HistoryError, match=re.escape("membership_days needs the columns ['end'] of subscriptions")):
        observe(history, asked, [FEATURES["membership_days"]])


def test_memberships_are_not_kept(tmp_path: Path) -> None:
    """A contract that is added joins those that there were: rows of the view go."""
    history = club(("a", "2024-01-01", "2024-02-01"))
    with pytest.raises(KeptError, match=r"rows of renewals and memberships come and go .* leave out \['in_grace'\]"):
        Kept.build(tmp_path / "kept", history, [FEATURES["in_grace"]], population=POPULATIONS["known"])
