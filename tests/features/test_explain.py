"""A customer's numbers taken apart: by hand, and against what the engine says of the whole."""

import math
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from configs.registry import UnknownName
from features.engine.run import observe
from features.explain import Derived, Explanation, explained
from features.expression import Aggregate, Constant, Node, Operation
from features.history import History
from features.library import FEATURES, chosen, named

Build = Callable[..., History]
CUTOFF = pd.Timestamp("2024-03-01")
LINES = [
    ("a", "2024-01-10 09:00", 10.0, "tea", None),
    ("a", "2024-02-01", 4.0, "tea", None),
    ("a", "2024-02-10 18:30", 6.0, "wine", None),
    ("a", "2024-02-20", 100.0, "fish", "2024-03-02"),
    ("a", "2024-03-01", 1000.0, "fish", None),
    ("a", "2024-04-01", 1000.0, "fish", None),
    ("b", "2024-02-10", 7.0, "tea", None),
    ("later", "2024-03-05", 7.0, "tea", None),
]


@pytest.fixture(scope="module")
def shop(build: Build) -> History:
    contracts = pd.DataFrame(
        {
            "customer_id": ["a", "a"],
            "plan": ["basic", "plus"],
            "start": pd.to_datetime(["2024-01-01", "2024-02-15"]),
            "end": pd.to_datetime(["2024-02-15", "2024-06-01"]),
            "price": [9.99, 19.99],
        }
    )
    people = pd.DataFrame({"customer_id": ["a", "b", "only"], "age": [40, 50, 60], "moves": pd.Timestamp("2024-04-01")})
    touches = pd.DataFrame({"customer_id": ["b"], "time": ["2024-02-01"], "campaign": ["spring"]})
    lines = [
        (who, pd.Timestamp(time), *rest, pd.Timestamp(known) if known else None) for who, time, *rest, known in LINES
    ]
    extra = {"subscriptions": contracts, "customers": people, "touches": touches}
    return build(lines, "category", "known_time", **extra)


def of(found: Explanation, name: str) -> Derived:
    return next(each for each in found.features if each.declared.name == name)


def test_each_aggregate_has_its_value_its_window_and_its_rows(shop: History) -> None:
    """The row of 20 February was not known yet; 2 February is 28 days before the cutoff."""
    found = explained(shop, "a", CUTOFF, chosen(["spend_trend", "monetary_value"]))
    trend = of(found, "spend_trend")
    assert trend.value == 6 / 20
    assert trend.text == "(sum(amount) of purchases within 28 days) / (sum(amount) of purchases within 91 days)"
    assert [(part.text, part.value, part.rows) for part in trend.parts] == [
        ("sum(amount) of purchases within 28 days", 6.0, 1),
        ("sum(amount) of purchases within 91 days", 20.0, 3),
    ]
    assert [(part.since, part.until) for part in trend.parts] == [
        (pd.Timestamp("2024-02-02"), CUTOFF),
        (pd.Timestamp("2023-12-01"), CUTOFF),
    ]
    value = of(found, "monetary_value")
    assert value.value == (20 - 10) / 2
    assert [(part.value, part.since, part.rows) for part in value.parts] == [
        (20.0, None, 3),
        (10.0, None, 3),
        (3.0, None, 3),
    ]


def test_rows_are_counted_that_pass_the_condition(shop: History) -> None:
    """One of three lines was bought from 18:00 on."""
    (share,) = explained(shop, "a", CUTOFF, chosen(["evening_share"])).features
    assert [(part.value, part.rows) for part in share.parts] == [(1.0, 1), (3.0, 3)]


def test_the_rows_shown_are_those_that_were_known(shop: History) -> None:
    (seen,) = explained(shop, "a", CUTOFF, chosen(["spend"]), last=2).views
    assert seen.view == "purchases"
    assert seen.rows["amount"].tolist() == [4.0, 6.0]
    assert seen.rows["time"].tolist() == [pd.Timestamp("2024-02-01"), pd.Timestamp("2024-02-10 18:30")]
    assert next(iter(seen.rows)) == "time"
    assert "customer_id" not in seen.rows
    assert (seen.known, seen.late, seen.later) == (3, 1, 2)
    (every,) = explained(shop, "a", CUTOFF, chosen(["spend"])).views
    assert every.rows["amount"].tolist() == [10.0, 4.0, 6.0]
    (later,) = explained(shop, "a", pd.Timestamp("2024-03-02 00:00:01"), chosen(["spend"])).views
    assert later.rows["amount"].tolist() == [10.0, 4.0, 6.0, 100.0, 1000.0]
    assert (later.known, later.late, later.later) == (5, 0, 1)


def test_only_views_that_are_read_are_shown_each_once(shop: History) -> None:
    asked = [*chosen(["spend", "frequency", "subscribed"]), named("customers.age")]
    assert [each.view for each in explained(shop, "a", CUTOFF, asked).views] == [
        "purchases",
        "subscriptions",
        "customers",
    ]


def test_what_a_row_says_of_later_times_is_not_told(shop: History) -> None:
    """A contract is told by the events of its start and end; when one moves in April is not known in March."""
    (seen,) = explained(shop, "a", CUTOFF, chosen(["subscribed"])).views
    assert seen.rows["kind"].tolist() == ["start", "end", "start"]
    assert {"start", "end"} & set(seen.rows) == set()
    (march,) = explained(shop, "a", CUTOFF, [named("customers.age")]).views
    (may,) = explained(shop, "a", pd.Timestamp("2024-05-01"), [named("customers.age")]).views
    assert march.rows["moves"].isna().tolist() == [True]
    assert may.rows["moves"].tolist() == [pd.Timestamp("2024-04-01")]


def test_attributes_have_no_time(shop: History) -> None:
    found = explained(shop, "a", CUTOFF, [named("customers.age")])
    (part,) = found.features[0].parts
    assert (part.text, part.value, part.since, part.until, part.rows) == ("last(age) of customers", 40.0, None, None, 1)
    assert "time" not in found.views[0].rows
    assert found.views[0].rows["age"].tolist() == [40]


def test_a_value_where_there_is_nothing_is_told_from_a_number(shop: History) -> None:
    """Without purchases `frequency` is its empty value 0, not −1; with one purchase day it is a number that is 0."""
    asked = chosen(["frequency", "days_since_last", "spend_28d"])
    nobody, one = explained(shop, "only", CUTOFF, asked), explained(shop, "b", CUTOFF, asked)
    assert [(each.value, each.empty) for each in nobody.features] == [(0.0, True), (None, False), (0.0, True)]
    assert [(each.value, each.empty) for each in one.features] == [(0.0, False), (20.0, False), (7.0, False)]


def test_texts_and_sql_are_explained_too(shop: History) -> None:
    found = explained(shop, "a", CUTOFF, chosen(["top_category", "median_line_amount"]))
    assert [each.value for each in found.features] == ["tea", 6.0]
    assert [(each.parts[0].value, each.parts[0].rows) for each in found.features] == [("tea", 3), (6.0, 3)]


def test_pairs_are_explained_for_a_category(shop: History) -> None:
    found = explained(shop, "a", CUTOFF, chosen(["category_spend", "spend"]), category="tea")
    assert [(each.value, each.parts[0].rows) for each in found.features] == [(14.0, 2), (20.0, 3)]
    assert of(found, "category_spend").parts[0].text == "sum(amount) of purchases of the category"
    with pytest.raises(ValueError, match="category_spend: features of a customer and a category; say which"):
        explained(shop, "a", CUTOFF, chosen(["category_spend", "spend"]))


def test_a_customer_of_whom_there_is_no_row_is_unknown(shop: History) -> None:
    """And no other customer is named. Who is in another table, or comes later, is known."""
    with pytest.raises(UnknownName) as raised:
        explained(shop, "aa", CUTOFF, chosen(["spend"]))
    assert str(raised.value) == "built has no row of a customer 'aa'"
    (seen,) = explained(shop, "only", CUTOFF, chosen(["spend"])).views
    assert (seen.known, seen.late, seen.later) == (0, 0, 0)
    (seen,) = explained(shop, "later", CUTOFF, chosen(["spend"])).views
    assert (len(seen.rows), seen.known, seen.late, seen.later) == (0, 0, 0, 1)


def test_a_cutoff_with_a_zone_is_the_local_time_of_the_history(shop: History) -> None:
    found = explained(shop, "a", pd.Timestamp("2024-03-01 01:00", tz="Europe/Berlin"), chosen(["spend"]))
    assert (found.cutoff, found.zone) == (CUTOFF, "UTC")
    with pytest.raises(ValueError, match="cutoff 2030-01-01 lies beyond the data of built"):
        explained(shop, "a", pd.Timestamp("2030-01-01"), chosen(["spend"]))


def test_ids_are_merged_as_they_were_known_at_the_cutoff(build: Build) -> None:
    lines = [("old", pd.Timestamp("2024-01-01"), 5.0), ("new", pd.Timestamp("2024-02-01"), 7.0)]
    merges = pd.DataFrame({"customer_id": ["old"], "into": ["new"], "time": [pd.Timestamp("2024-02-15")]})
    merged = build(lines, identities=merges)
    for cutoff, amounts in (("2024-02-15", [7.0]), ("2024-02-16", [5.0, 7.0])):
        found = explained(merged, "new", pd.Timestamp(cutoff), chosen(["spend"]))
        assert found.views[0].rows["amount"].tolist() == amounts
        assert found.features[0].value == sum(amounts)
    with pytest.raises(ValueError, match="merged away at their cutoff"):
        explained(merged, "old", pd.Timestamp("2024-02-16"), chosen(["spend"]))


def test_a_table_of_it_has_a_row_a_part(shop: History) -> None:
    made = explained(shop, "a", CUTOFF, chosen(["spend_trend", "days_since_touch", "top_category"])).frame()
    assert made["feature"].tolist() == ["spend_trend", "spend_trend", "days_since_touch", "top_category"]
    assert made["part_value"].tolist()[:2] == [6.0, 20.0]
    assert made["rows"].tolist() == [1, 3, 0, 3]
    assert made["since"].tolist()[:2] == [pd.Timestamp("2024-02-02"), pd.Timestamp("2023-12-01")]
    assert made.loc[2, "unit"] == "days"


WHOLE = [each for each in FEATURES.values() if not each.by]


@pytest.mark.parametrize("customer", ["c00", "c07", "c45", "c61"])
@pytest.mark.parametrize("cutoff", ["2024-05-20", "2024-08-01 06:00"])
def test_what_is_explained_is_what_the_engine_says(customer: str, cutoff: str, history: History) -> None:
    """Of every feature; and, put together again in Python, its parts give it."""
    spine = pd.DataFrame({"customer_id": [customer], "cutoff": pd.Timestamp(cutoff)})
    expected = observe(history, spine, WHOLE).iloc[0]
    found = explained(history, customer, pd.Timestamp(cutoff), WHOLE)
    assert [each.declared for each in found.features] == WHOLE
    for each in found.features:
        value = expected[each.declared.name]
        assert each.value == (None if pd.isna(value) else value), each.declared.name
        if not each.empty and not each.declared.text:
            made = math.nan if each.value is None else each.value
            assert together(each) == pytest.approx(made, rel=1e-12, nan_ok=True), each.declared.name


def together(derived: Derived) -> float:
    """Compute a feature from its parts."""
    parts = {repr(each): part.value for each, part in zip(derived.declared.aggregates, derived.parts, strict=True)}

    def value(node: Node) -> Any:
        if isinstance(node, Aggregate):
            return parts[repr(node)]
        if isinstance(node, Constant):
            return node.value
        assert isinstance(node, Operation)
        given = [value(each) for each in node.arguments]
        return None if None in given else OPERATORS[node.operator](*given)

    made = value(derived.declared.node)
    return math.nan if made is None else float(made)


OPERATORS: dict[str, Callable[..., Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b if b else None,
    "%": lambda a, b: math.fmod(a, b) if b else None,
    ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b,
    "and": lambda a, b: a and b,
}


def test_rows_that_fell_into_a_window_are_counted(history: History, purchases: pd.DataFrame) -> None:
    """In plain Python: purchases that were known, and lie in the window that is told."""
    windows = chosen(["spend_28d", "spend_91d", "spend_182d", "spend", "day_spend_change"])
    cutoff = pd.Timestamp("2024-08-01 06:00")
    bought: list[dict[str, Any]] = purchases.to_dict("records")  # type: ignore[assignment]  # its keys are text
    counted = 0
    for customer in ("c00", "c07", "c12", "c45"):
        for each in explained(history, customer, cutoff, windows).features:
            for part in each.parts:
                rows = [
                    row
                    for row in bought
                    if row["customer_id"] == customer
                    and row["is_return"] is not True
                    and row["time"] < part.until
                    and (part.since is None or row["time"] >= part.since)
                    and (pd.isna(row["known_time"]) or row["known_time"] < cutoff)
                ]
                assert part.rows == len(rows), part
                counted += len(rows)
    assert counted > 200
