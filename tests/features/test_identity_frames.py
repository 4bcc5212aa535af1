"""Frames over ids that are merged over time, beside plain Python that renames the rows cutoff by cutoff."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.cutoffs import spine
from features.engine import buckets
from features.engine.door import admit
from features.engine.run import Engine, observe, outcome
from features.engine.scan import scan_files
from features.engine.stored import stored
from features.history import History, Source
from features.library import FEATURES, POPULATIONS, TARGETS, chosen, named
from features.policy import Policy
from features.tables import HistoryError

Tables = dict[str, pd.DataFrame]
DAY = pd.Timestamp
END = DAY("2026-01-01")
GRACE = Policy(grace_days=60)
ATTRIBUTES = [named("customers.age"), named("customers.city=Ulm")]
ASKED = [*FEATURES.values(), *ATTRIBUTES, *(each for each in POPULATIONS.values() if not each.anchored)]


@pytest.fixture(params=get_args(Engine))
def engine(request: pytest.FixtureRequest) -> Engine:
    given: Engine = request.param
    return given


# The oracle.


def said(rows: pd.DataFrame, customer: str, cutoff: pd.Timestamp) -> Any:
    """Find the latest row of an id that is known before a cutoff."""
    latest: Any = None
    row: Any
    for row in rows.itertuples():
        if row.customer_id == customer and row.time < cutoff and not row.known_time >= cutoff:
            latest = row if latest is None or row.time > latest.time else latest
    return latest


def owner(rows: pd.DataFrame, customer: str, cutoff: pd.Timestamp) -> str:
    """Follow an id."""
    seen = [customer]
    while (row := said(rows, seen[-1], cutoff)) is not None and row.into != seen[-1]:
        assert row.into not in seen, f"{seen} leads to {row.into}"
        seen.append(row.into)
    return seen[-1]


def since(rows: pd.DataFrame, customer: str, cutoff: pd.Timestamp) -> pd.Timestamp:
    """Find when an id came to belong where it does: saying the same again is no news."""
    found: Any = None
    for instant in sorted({*rows["time"], *rows["known_time"].dropna()}):
        row = said(rows, customer, instant + pd.Timedelta("1us")) if instant < cutoff else None
        if row is not None and (found is None or row.into != found.into):
            found = row
    return DAY(found.time)


def renamed(tables: Tables, cutoff: pd.Timestamp) -> Tables:
    """Rewrite every table as if the ids had always been those of a cutoff; of the merged people one row stays."""
    rows = tables["identities"]
    every = {each for table in tables.values() for each in table["customer_id"]}
    owners = {each: owner(rows, each, cutoff) for each in every}
    made = {name: table.assign(customer_id=table["customer_id"].map(owners)) for name, table in tables.items()}
    del made["identities"]
    if "customers" in made:
        merged = {each: since(rows, each, cutoff) for each in every if owners[each] != each}
        rank = [merged.get(each, DAY.max) for each in tables["customers"]["customer_id"]]
        people = made["customers"].assign(own=tables["customers"]["customer_id"], rank=rank)
        people = people.sort_values(["rank", "own"], ascending=[False, True]).drop_duplicates("customer_id")
        made["customers"] = people.drop(columns=["own", "rank"])
    return made


def by_hand(tables: Tables, spine: pd.DataFrame, answer: Callable[[History, pd.DataFrame], pd.DataFrame]) -> Any:
    """Answer a spine one cutoff at a time, from plain histories."""
    frames = []
    for cutoff, rows in spine.groupby("cutoff"):
        plain = admit("plain", {**renamed(tables, DAY(str(cutoff)))}, end=END, policy=GRACE)
        frame = answer(plain, rows.reset_index(drop=True))
        frames.append(frame.set_index(rows.index))
    return pd.concat(frames).loc[spine.index].reset_index(drop=True)


def owning(rows: pd.DataFrame, spine: pd.DataFrame) -> pd.DataFrame:
    """Keep the rows that ask about whoever is not merged away."""
    pairs = zip(spine["customer_id"], spine["cutoff"], strict=True)
    return spine[[owner(rows, each, cutoff) == each for each, cutoff in pairs]]


def same(made: pd.DataFrame, expected: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(made, expected, rtol=1e-9, atol=1e-8, check_dtype=False)


# The drawn history.


@pytest.fixture(scope="module")
def merged(drawn: Tables) -> Tables:
    """Merge and part the drawn customers: in chains, late, at cutoffs, into ids that there were and were not."""
    rng = np.random.default_rng(20260101)
    low, high = rng.integers(0, 40, 90), rng.integers(20, 70, 90)
    rows = pd.DataFrame({"from": np.minimum(low, high), "to": np.maximum(low, high)})
    days = pd.to_timedelta(rng.integers(0, 430, 90), unit="D")
    rows["time"] = DAY("2023-12-01") + days + pd.to_timedelta(rng.integers(0, 2, 90) * 86399, unit="s")
    at_cutoffs = rng.choice(drawn["transactions"]["time"], 90)
    rows["time"] = rows["time"].where(rng.random(90) < 0.8, at_cutoffs)
    rows["to"] = rows["to"].where(rng.random(90) < 0.8, rows["from"])
    late = pd.to_timedelta(rng.choice([0, 1, 86400 * 50], 90), unit="s")
    rows["known_time"] = (rows["time"] + late).where(rng.random(90) < 0.4)
    rows["customer_id"], rows["into"] = (rows[name].map("c{:02}".format) for name in ("from", "to"))
    return {**drawn, "identities": rows.drop(columns=["from", "to"]).drop_duplicates(["customer_id", "time"])}


@pytest.fixture(scope="module")
def people(
    merged: Tables,
    everyone: Callable[[pd.DatetimeIndex], pd.DataFrame],
    midnights: pd.DatetimeIndex,
    odd_hours: pd.DatetimeIndex,
) -> pd.DataFrame:
    return owning(merged["identities"], everyone(pd.DatetimeIndex([*midnights[:4], *odd_hours[1:3]])))


@pytest.fixture(scope="module")
def history(merged: Tables) -> History:
    return admit("merged", {**merged}, end=END, policy=GRACE)


def test_every_feature_is_that_of_renamed_rows(
    merged: Tables, history: History, people: pd.DataFrame, engine: Engine
) -> None:
    made = observe(history, people, ASKED, engine=engine)
    same(made, by_hand(merged, people, lambda plain, rows: observe(plain, rows, ASKED, engine=engine)))
    alone = admit("drawn", {**merged, "identities": merged["identities"].iloc[:0]}, policy=GRACE)
    unmerged = observe(alone, people, ASKED)
    assert [each.name for each in ASKED if made[each.name].equals(unmerged[each.name])] == []


def test_every_target_is_that_of_renamed_rows(
    merged: Tables, history: History, people: pd.DataFrame, engine: Engine
) -> None:
    targets = list(TARGETS.values())

    def answer(asked: History, rows: pd.DataFrame) -> pd.DataFrame:
        return outcome(asked, rows, targets, horizon_days=56, known_by=DAY("2025-03-01"), engine=engine)

    same(answer(history, people), by_hand(merged, people, answer))


def test_everyone_known_is_asked_about(merged: Tables, history: History, midnights: pd.DatetimeIndex) -> None:
    known = spine(history, POPULATIONS["known"], midnights)
    plain = [
        spine(admit("plain", {**renamed(merged, cutoff)}, end=END), POPULATIONS["known"], [cutoff])
        for cutoff in midnights
    ]
    pd.testing.assert_frame_equal(known, pd.concat(plain, ignore_index=True))
    assert known["customer_id"].nunique() > known.groupby("cutoff").size().max()


def test_later_merges_change_no_earlier_frame(
    merged: Tables, history: History, people: pd.DataFrame, engine: Engine
) -> None:
    before = people[people["cutoff"] <= DAY("2024-05-20")]
    known = chosen(["rfm", "breadth", "decay"])
    expected = observe(history, before, known, engine=engine)
    rows = merged["identities"]
    later = [f"c{number:02}" for number in range(60, 0, -1)]
    for time, known_time in (("2024-05-20", ""), ("2024-05-21", ""), ("2024-05-01", "2024-05-20")):
        more = pd.DataFrame({"customer_id": later, "into": "zz", "time": DAY(time) + pd.Timedelta("7us")})
        more["known_time"] = pd.to_datetime(known_time)
        changed = admit("later", {**merged, "identities": pd.concat([rows, more])}, end=END, policy=GRACE)
        pd.testing.assert_frame_equal(observe(changed, before, known, engine=engine), expected, check_exact=True)
        with pytest.raises(ValueError, match="are merged away at their cutoff"):
            observe(changed, before.assign(cutoff=DAY("2024-05-22")), known, engine=engine)


@pytest.mark.parametrize("reader", ["read_csv", "read_parquet"])
def test_tables_that_stay_in_files_are_merged(
    merged: Tables, history: History, people: pd.DataFrame, tmp_path: Path, reader: str, engine: Engine
) -> None:
    scans: dict[str, Source] = {}
    for name in ("transactions", "customers", "identities"):
        path = tmp_path / f"{name}.{reader.removeprefix('read_')}"
        write = merged[name].to_csv if reader == "read_csv" else merged[name].to_parquet
        write(path, index=False)
        scans[name] = scan_files(name, reader, str(path), {})
    asked = [*chosen(["rfm", "windows"]), ATTRIBUTES[1]]
    made = observe(admit("files", scans, end=END, policy=GRACE), people, asked, engine=engine)
    pd.testing.assert_frame_equal(made, observe(history, people, asked, engine=engine), check_exact=True)


def test_buckets_are_of_merged_customers(
    history: History, people: pd.DataFrame, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = chosen(["rfm", "affinity"])
    expected = observe(history, people, asked, engine=engine)
    monkeypatch.setattr(buckets, "ROWS", 900)
    pd.testing.assert_frame_equal(observe(history, people, asked, engine=engine), expected, check_exact=True)
    observe(history, people, asked, engine=engine, to=tmp_path / "frame")
    keys = ["cutoff", "customer_id", "category"]
    written = stored(tmp_path / "frame")[expected.columns].sort_values(keys, ignore_index=True)
    ordered = expected.sort_values(keys, ignore_index=True)
    pd.testing.assert_frame_equal(written, ordered, check_exact=True, check_dtype=False)


# Drawn by hypothesis.

INSTANTS = pd.date_range("2024-01-01", "2024-01-09", freq="8h")
ids = st.sampled_from("abcdef")
instants = st.sampled_from(list(INSTANTS))
Step = tuple[str, str, pd.Timestamp, pd.Timestamp | None]
Line = tuple[str, pd.Timestamp, int]


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(ids, instants, st.integers(0, 9)), min_size=1, max_size=12),
    st.lists(st.tuples(ids, ids, instants, st.none() | instants), min_size=1, max_size=8),
    st.lists(instants, min_size=1, max_size=3),
)
def test_any_map_renames_rows(lines: list[Line], steps: list[Step], cutoffs: list[pd.Timestamp]) -> None:
    rows = pd.DataFrame(steps, columns=["customer_id", "into", "time", "known_time"])
    rows = rows.drop_duplicates(["customer_id", "time"]).astype({"known_time": "datetime64[us]"})
    sales = pd.DataFrame(lines, columns=["customer_id", "time", "amount"])
    people = pd.DataFrame({"customer_id": list("ace"), "age": [1.0, 2.0, 3.0]})
    history = admit("any", {"transactions": sales, "customers": people, "identities": rows}, end=END)
    whole = pd.DataFrame([(each, cutoff) for each in "abcdef" for cutoff in cutoffs], columns=["customer_id", "cutoff"])
    if circular(rows):
        with pytest.raises(HistoryError, match="leads back to where it comes from"):
            observe(history, whole, [FEATURES["spend"]])
        return
    spine = owning(rows, whole)
    expected = [counted(rows, lines, each, cutoff) for each, cutoff in zip(*(spine[key] for key in spine), strict=True)]
    for engine in get_args(Engine):
        made = observe(history, spine, [*chosen(["purchase_days", "spend"]), ATTRIBUTES[0]], engine=engine)
        numbers = made.drop(columns=["customer_id", "cutoff"]).fillna(-1)
        assert list(numbers.itertuples(index=False, name=None)) == expected


def counted(rows: pd.DataFrame, lines: list[Line], customer: str, cutoff: pd.Timestamp) -> tuple[float, float, float]:
    """Count purchase days, amount and age of whoever was this customer at a cutoff."""
    own = [each for each in "abcdef" if owner(rows, each, cutoff) == customer]
    bought = [(time.date(), amount) for each, time, amount in lines if each in own and time < cutoff]
    merged = {each: since(rows, each, cutoff) for each in own if each != customer and each in "ace"}
    last = customer if customer in "ace" else min(merged, key=lambda each: (-merged[each].value, each), default="")
    ages = {"a": 1.0, "c": 2.0, "e": 3.0, "": -1.0}
    return len({day for day, _ in bought}), sum(amount for _, amount in bought), ages[last]


def circular(rows: pd.DataFrame) -> bool:
    """Look for an id that leads back to itself at any instant."""
    try:
        for cutoff in [*INSTANTS, END]:
            for each in "abcdef":
                owner(rows, each, cutoff)
    except AssertionError:
        return True
    return False
