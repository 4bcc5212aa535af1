"""Ids that are merged over time, by hand."""

import re
from pathlib import Path
from typing import Any, get_args

import pandas as pd
import pytest

from features.cutoffs import spine
from features.engine import identities
from features.engine.candidates import anchors, top_categories
from features.engine.customer import purchases_of
from features.engine.door import admit
from features.engine.run import Engine, observe, outcome
from features.engine.session import connect, tables_of
from features.history import History
from features.library import FEATURES, POPULATIONS, TARGETS, named
from features.nobody import NobodyAsked
from features.tables import HistoryError

DAY = pd.Timestamp
SALES = pd.DataFrame(
    [
        ("a", "2024-01-01", 1.0, "tea"),
        ("a", "2024-02-01", 2.0, "tea"),
        ("b", "2024-01-10", 4.0, "fish"),
        ("c", "2024-01-15", 8.0, "tea"),
        ("d", "2024-03-20", 16.0, "wine"),
    ],
    columns=["customer_id", "time", "amount", "category"],
)


def merges(*rows: tuple[Any, ...]) -> pd.DataFrame:
    """Make rows of the table: id, into, time and, if given, known_time."""
    columns = ["customer_id", "into", "time", "known_time"][: len(rows[0])]
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(columns[2:], "datetime64[us]"))


def shop(*rows: tuple[Any, ...], **tables: pd.DataFrame) -> History:
    return admit("shop", {"transactions": SALES, "identities": merges(*rows), **tables}, end=DAY("2024-07-01"))


def asked(*rows: tuple[str, str]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["customer_id", "cutoff"])
    return table.assign(cutoff=pd.to_datetime(table["cutoff"], format="ISO8601"))


def spends(history: History, *rows: tuple[str, str], engine: Engine = "kernel") -> list[float]:
    made = observe(history, asked(*rows), [FEATURES["spend"]], engine=engine)
    return [float(each) for each in made["spend"]]


# By hand.


@pytest.fixture(params=get_args(Engine))
def engine(request: pytest.FixtureRequest) -> Engine:
    given: Engine = request.param
    return given


def test_a_merge_holds_for_cutoffs_after_its_time(engine: Engine) -> None:
    history = shop(("a", "b", "2024-02-10"))
    rows = [("a", "2024-02-10"), ("b", "2024-02-10"), ("b", "2024-02-10 00:00:00.000001"), ("b", "2024-06-30")]
    assert spends(history, *rows, engine=engine) == [3.0, 4.0, 7.0, 7.0]


def test_an_id_may_be_parted_again(engine: Engine) -> None:
    history = shop(("a", "b", "2024-02-10"), ("a", "a", "2024-03-01"), ("a", "c", "2024-04-01"))
    rows = [("b", "2024-02-11"), ("b", "2024-03-02"), ("a", "2024-03-02"), ("b", "2024-04-02"), ("c", "2024-04-02")]
    assert spends(history, *rows, engine=engine) == [7.0, 4.0, 3.0, 4.0, 11.0]


def test_chains_are_followed(engine: Engine) -> None:
    history = shop(("a", "b", "2024-02-10"), ("b", "c", "2024-03-01"), ("b", "b", "2024-05-01"))
    rows = [("b", "2024-03-01"), ("c", "2024-03-01"), ("c", "2024-03-02"), ("b", "2024-05-02"), ("c", "2024-05-02")]
    assert spends(history, *rows, engine=engine) == [7.0, 8.0, 15.0, 7.0, 8.0]


def test_a_merge_that_became_known_late_is_seen_late(engine: Engine) -> None:
    history = shop(("a", "b", "2024-02-10", "2024-04-01"), ("a", "c", "2024-03-01", None))
    rows = [("a", "2024-03-01"), ("c", "2024-03-02"), ("b", "2024-04-02"), ("c", "2024-04-02")]
    assert spends(history, *rows, engine=engine) == [3.0, 11.0, 4.0, 11.0]
    alone = shop(("a", "b", "2024-02-10", "2024-04-01"))
    assert spends(alone, ("b", "2024-04-01"), ("b", "2024-04-02"), engine=engine) == [4.0, 7.0]


def test_ids_that_are_in_no_other_table_can_be_merged(engine: Engine) -> None:
    history = shop(("a", "new", "2024-02-10"), ("nobody", "b", "2024-02-10"), ("x", "y", "2024-02-10"))
    rows = [("new", "2024-02-10"), ("new", "2024-02-11"), ("b", "2024-02-11"), ("y", "2024-02-11")]
    assert spends(history, *rows, engine=engine) == [0.0, 3.0, 4.0, 0.0]


def test_a_table_without_rows_merges_nobody(engine: Engine) -> None:
    history = shop(("a", "a", "2024-02-10"))
    assert spends(history, ("a", "2024-03-01"), ("b", "2024-03-01"), engine=engine) == [3.0, 4.0]
    empty = merges(("a", "b", "2024-02-10")).iloc[:0].astype({"customer_id": "str", "into": "str"})
    history = admit("shop", {"transactions": SALES, "identities": empty})
    assert spends(history, ("a", "2024-03-01"), engine=engine) == [3.0]
    assert observe(history, asked(("a", "2024-03-01")).iloc[:0], [FEATURES["spend"]], engine=engine).empty


def test_whoever_is_merged_away_is_not_asked_about(engine: Engine, tmp_path: Path) -> None:
    history = shop(("a", "b", "2024-02-10"), ("b", "c", "2024-03-01"))
    message = (
        "3 of 4 rows ask about ids that are merged away at their cutoff: 'a' (into 'b' at 2024-02-10 00:00:00, now "
        "'c'), 'b' (into 'c' at 2024-03-01 00:00:00); ask about the customers they are merged into"
    )
    rows = asked(("a", "2024-06-01"), ("b", "2024-06-01"), ("a", "2024-06-01"), ("b", "2024-02-20"))
    with pytest.raises(ValueError, match=re.escape(message)):
        observe(history, rows, [FEATURES["spend"]], engine=engine)
    with pytest.raises(ValueError, match="3 of 4 rows"):
        outcome(history, rows, [TARGETS["churned"]], horizon_days=7, engine=engine)
    with pytest.raises(ValueError, match="3 of 4 rows"):
        observe(history, rows, [FEATURES["spend"]], engine=engine, to=tmp_path / "frame")
    assert list(tmp_path.iterdir()) == []
    many = shop(*((f"x{number}", "a", "2024-02-10") for number in range(7)))
    with pytest.raises(ValueError, match=r"7 of 7 rows .* 'x4' \(into 'a' at 2024-02-10 00:00:00\) and 2 more; ask"):
        spends(many, *((f"x{number}", "2024-06-01") for number in range(7)), engine=engine)


@pytest.mark.parametrize(
    ("rows", "circles"),
    [
        ([("a", "b", "2024-01-01"), ("b", "a", "2024-02-01")], ["'a' → 'b' → 'a' at 2024-02-01 00:00:00"]),
        (
            [("c", "a", "2024-03-01"), ("b", "c", "2024-02-01"), ("a", "b", "2024-01-01"), ("d", "b", "2024-03-01")],
            ["'a' → 'b' → 'c' → 'a' at 2024-03-01 00:00:00"],
        ),
        (
            [("x", "y", "2024-01-01"), ("y", "x", "2024-01-01"), ("a", "b", "2024-05-01"), ("b", "a", "2024-04-01")],
            ["'a' → 'b' → 'a' at 2024-05-01 00:00:00", "'x' → 'y' → 'x' at 2024-01-01 00:00:00"],
        ),
    ],
)
def test_circles_are_named(rows: list[tuple[str, str, str]], circles: list[str]) -> None:
    with pytest.raises(HistoryError, match=re.escape(f"comes from: {', '.join(circles)}; drop a merge")) as caught:
        spends(shop(*rows), ("q", "2024-01-01"))
    (told,) = caught.value.findings
    assert (told.table, told.column, told.rows) == ("identities", "into", len(circles))


def test_a_merge_that_is_undone_may_go_the_other_way() -> None:
    undone = shop(("a", "b", "2024-01-20"), ("a", "a", "2024-02-20"), ("b", "a", "2024-03-01"))
    assert spends(undone, ("b", "2024-02-01"), ("b", "2024-02-21"), ("a", "2024-03-02")) == [5.0, 4.0, 7.0]
    elsewhere = shop(("a", "b", "2024-01-20"), ("a", "c", "2024-02-20"), ("b", "a", "2024-03-01"))
    assert spends(elsewhere, ("b", "2024-02-01"), ("c", "2024-02-21"), ("c", "2024-03-02")) == [5.0, 11.0, 15.0]
    at_once = shop(("a", "b", "2024-01-20"), ("a", "a", "2024-03-01"), ("b", "a", "2024-03-01"))
    assert spends(at_once, ("b", "2024-03-01"), ("a", "2024-03-02")) == [7.0, 7.0]


def test_an_id_has_one_row_at_an_instant() -> None:
    rows = [("a", "b", "2024-02-10"), ("a", "c", "2024-02-10"), ("c", "b", "2024-02-10"), ("c", "b", "2024-02-10")]
    message = (
        "identities.time says more than once at an instant into whom an id is merged: 2 rows, such as 'a' at "
        "2024-02-10 00:00:00, 'c' at 2024-02-10 00:00:00; keep one row of each"
    )
    with pytest.raises(HistoryError) as caught:
        spends(shop(*rows), ("q", "2024-01-01"))
    assert caught.value.findings[0].line() == message


# Who is asked about.


def test_populations_are_of_who_was_whom_at_each_cutoff() -> None:
    history = shop(("a", "b", "2024-02-10"), ("b", "c", "2024-04-01"))
    cutoffs = pd.DatetimeIndex(["2024-05-01", "2024-02-10", "2024-03-21", "2024-01-02"])
    known = spine(history, POPULATIONS["known"], cutoffs)
    assert known.groupby("cutoff")["customer_id"].agg("".join).to_dict() == {
        DAY("2024-01-02"): "a",
        DAY("2024-02-10"): "abc",
        DAY("2024-03-21"): "bcd",
        DAY("2024-05-01"): "cd",
    }
    assert known["cutoff"].is_monotonic_increasing
    assert list(known.index) == list(range(len(known)))
    active = spine(history, POPULATIONS["active_84d"], [DAY("2024-04-20")])
    assert active["customer_id"].tolist() == ["c", "d"]
    with pytest.raises(NobodyAsked):
        spine(history, POPULATIONS["known"], [])


def test_pairs_are_of_merged_customers() -> None:
    history = shop(("a", "b", "2024-02-10"))
    pairs = spine(history, POPULATIONS["new_category_91d"], [DAY("2024-02-11")], categories=["tea", "fish"])
    assert pairs[pairs["customer_id"] == "b"]["eligible"].tolist() == [False, False]
    frame = observe(history, pairs, [FEATURES["category_spend"]]).set_index(["customer_id", "category"])
    assert frame["category_spend"].to_dict() == {("b", "fish"): 4, ("b", "tea"): 3, ("c", "fish"): 0, ("c", "tea"): 8}


def test_categories_are_counted_by_merged_customers() -> None:
    more = pd.DataFrame([("e", "2024-01-01", 1.0, "fish")], columns=list(SALES.columns))
    tables = {"transactions": pd.concat([SALES, more]), "identities": merges(("c", "a", "2024-02-10"))}
    history = admit("shop", tables)
    assert top_categories(history, before=DAY("2024-02-10"), count=1) == ["fish"]  # as many as tea, by the alphabet
    assert top_categories(history, before=DAY("2024-02-11"), count=2) == ["fish", "tea"]
    tables["identities"] = merges(("e", "b", "2024-02-10"))
    assert top_categories(admit("shop", tables), before=DAY("2024-02-11"), count=2) == ["tea", "fish"]


def test_each_row_of_an_anchored_population_asks_about_whose_it_was_at_its_time() -> None:
    touches = pd.DataFrame({"customer_id": ["a", "a", "a", "c"], "campaign": ["w", "x", "y", "z"]})
    touches["time"] = pd.to_datetime(
        ["2024-02-01", "2024-02-10", "2024-02-10 00:00:01", "2024-03-02"], format="ISO8601"
    )
    history = shop(("a", "b", "2024-02-10"), ("b", "c", "2024-03-01"), touches=touches)
    found = anchors(history, POPULATIONS["touched"], since=DAY("2024-01-01"), until=DAY("2024-05-01"))
    assert dict(zip(found["campaign"], found["customer_id"], strict=True)) == {"w": "a", "x": "a", "y": "b", "z": "c"}
    assert found.equals(found.sort_values(["customer_id", "cutoff"], ignore_index=True))
    assert observe(history, found, [FEATURES["spend"]])["spend"].tolist() == [1.0, 3.0, 7.0, 15.0]


def test_a_population_of_what_there_is_not_says_what_it_needs() -> None:
    days = pd.DatetimeIndex(["2024-02-01", "2024-03-01"])
    for name, table in (("touched", "touches"), ("subscribers", "subscriptions")):
        with pytest.raises(
            HistoryError, match=f"whoever is asked about by {table} needs the table '{table}'; shop has"
        ):
            spine(shop(("a", "b", "2024-02-10")), POPULATIONS[name], days)


def test_a_customer_s_purchases_are_those_of_the_history_s_end() -> None:
    history = shop(("a", "b", "2024-02-10"))
    assert purchases_of(history, "b")["amount"].tolist() == [1.0, 4.0, 2.0]
    assert purchases_of(history, "nobody").empty
    with pytest.raises(ValueError, match=re.escape("'a' (into 'b' at 2024-02-10 00:00:00)")):
        purchases_of(history, "a")


def test_targets_are_of_who_was_whom_at_the_cutoff(engine: Engine) -> None:
    history = shop(("d", "a", "2024-03-01"), ("b", "c", "2024-03-10"))
    at = asked(("a", "2024-02-29"), ("d", "2024-02-29"), ("a", "2024-03-02"), ("b", "2024-03-02"))
    made = outcome(history, at, [TARGETS["future_spend"]], horizon_days=60, engine=engine)
    assert made["future_spend"].tolist() == [0.0, 16.0, 16.0, 0.0]


def test_attributes_are_of_the_own_row_or_of_who_was_merged_last(engine: Engine) -> None:
    people = pd.DataFrame({"customer_id": ["a", "b", "c"], "age": [10.0, 20.0, None], "city": ["Ulm", "Bonn", "Ulm"]})
    rows = [("a", "new", "2024-02-10"), ("b", "new", "2024-02-20"), ("a", "c", "2024-03-01"), ("b", "c", "2024-03-01")]
    history = shop(*rows, customers=people)
    at = asked(("new", "2024-02-11"), ("new", "2024-02-21"), ("c", "2024-03-02"), ("c", "2024-03-01"))
    frame = observe(history, at, [named("customers.age"), named("customers.city=Ulm")], engine=engine)
    assert frame["customers.age"].fillna(-1).tolist() == [10, 20, -1, -1]
    assert frame["customers.city=Ulm"].tolist() == [1, 0, 1, 1]
    last = admit("shop", {"transactions": SALES, "identities": merges(*rows[2:]), "customers": people.iloc[:2]})
    assert observe(last, at[2:3], [named("customers.age")], engine=engine)["customers.age"].tolist() == [10]


def test_views_are_seen_at_an_instant() -> None:
    with pytest.raises(ValueError, match="the ids of shop are merged over time: say the instant `at` which"):
        connect(shop(("a", "b", "2024-02-10"))).__enter__()
    with connect(shop(("a", "b", "2024-02-10")), at=DAY("2024-03-01")) as session:
        found = session.sql("SELECT DISTINCT customer_id FROM purchases ORDER BY ALL").fetchall()
    assert found == [("b",), ("c",), ("d",)]


def test_turns_are_as_many_as_the_most_changed_has_states() -> None:
    rows = [(f"x{number}", f"y{number}", DAY("2024-01-01") + pd.Timedelta(hours=number)) for number in range(500)]
    history = shop(*rows, ("x0", "x0", DAY("2024-03-01")))
    cutoffs = ("2024-01-10", "2024-02-28", "2024-04-28")
    everyone = asked(*((f"y{number}", cutoff) for cutoff in cutoffs for number in range(500)))
    with tables_of(history) as session:
        taken = [everyone.iloc[rows] for rows in identities.turns(session, history, everyone)]
    assert [len(each) for each in taken] == [284, 216 + 500 + 499, 1]
    assert spends(history, ("c", "2024-03-01")) == [8.0]
