"""By hand: one customer, one cutoff, a row of each table moved over each boundary."""

from collections.abc import Callable
from typing import get_args

import pandas as pd
import pytest

from features.declaration import Declaration
from features.engine.door import admit
from features.engine.run import Engine, observe, outcome
from features.engine.views import lacks
from features.expression import Events
from features.history import History
from features.library import FEATURES, POPULATIONS, TARGETS
from features.tables import HistoryError

PAST = {**FEATURES, **{name: each for name, each in POPULATIONS.items() if not each.anchored}}
Build = Callable[..., History]
Row = tuple[object, ...]
BEFORE: list[Row] = [("a", "2024-01-10 09:00", 5.0, "tea", 1.0), ("a", "2024-02-10", 7.0, "tea", 0.0)]


@pytest.fixture(params=["2024-06-01", "2024-06-01 13:37"])
def cutoff(request: pytest.FixtureRequest) -> pd.Timestamp:
    return pd.Timestamp(request.param)


@pytest.fixture(params=get_args(Engine))
def engine(request: pytest.FixtureRequest) -> Engine:
    given: Engine = request.param
    return given


def _asked(cutoff: pd.Timestamp) -> pd.DataFrame:
    return pd.DataFrame({"customer_id": ["a"], "cutoff": [cutoff], "category": ["tea"]})


def _past(history: History, cutoff: pd.Timestamp, engine: Engine, *names: str) -> pd.Series:
    """Give the features named, or all that the history has columns for."""
    asked = [PAST[name] for name in names] or [each for each in PAST.values() if lacks(history, each) is None]
    frame = observe(history, _asked(cutoff), asked, engine=engine)
    return frame[[each.name for each in asked]].iloc[0]


def _future(history: History, cutoff: pd.Timestamp, engine: Engine, *names: str) -> list[float]:
    """Give the targets named over 30 days."""
    asked = [TARGETS[name] for name in names]
    frame = outcome(history, _asked(cutoff), asked, horizon_days=30, engine=engine)
    return [float(number) for number in frame[list(names)].iloc[0]]


PAID = ("churned", "orders", "future_spend", "bought_category")


def test_a_purchase_at_the_cutoff_belongs_to_the_future(build: Build, cutoff: pd.Timestamp, engine: Engine) -> None:
    without = build(BEFORE, "category", "discount")
    with_it = build([*BEFORE, ("a", cutoff.isoformat(), 3.0, "tea", 0.5)], "category", "discount")
    pd.testing.assert_series_equal(_past(without, cutoff, engine), _past(with_it, cutoff, engine), check_exact=True)
    assert _future(without, cutoff, engine, *PAID) == [1, 0, 0, 0]
    assert _future(with_it, cutoff, engine, *PAID) == [0, 1, 3, 1]


def test_a_purchase_just_before_the_cutoff_belongs_to_the_past(
    build: Build, cutoff: pd.Timestamp, engine: Engine
) -> None:
    just_before = ("a", (cutoff - pd.Timedelta("1us")).isoformat(), 3.0, "fish", 0.5)
    history = build([*BEFORE, just_before], "category", "discount")
    assert _future(history, cutoff, engine, *PAID) == [1, 0, 0, 0]
    past = _past(history, cutoff, engine, "spend", "days_since_last", "new_categories_91d")
    assert past.tolist() == [15, 1 if cutoff == cutoff.normalize() else 0, 1]


@pytest.mark.parametrize(("before", "inside"), [("0us", 0), ("1us", 1), ("28D", 1), ("28D 1us", 0)])
def test_a_window_holds_its_first_instant_and_not_its_last(
    build: Build, cutoff: pd.Timestamp, engine: Engine, before: str, inside: int
) -> None:
    row = ("a", (cutoff - pd.Timedelta(before)).isoformat(), 3.0, "fish", 0.5)
    history = build([*BEFORE, row], "category", "discount")
    past = _past(history, cutoff, engine, "purchase_days_28d", "spend_28d", "active_28d")
    assert past.tolist() == [inside, 3 * inside, inside]


@pytest.mark.parametrize(("before", "inside"), [("91D", 0), ("91D 1us", 1)])
def test_what_lies_before_a_window_ends_where_it_begins(
    build: Build, cutoff: pd.Timestamp, engine: Engine, before: str, inside: int
) -> None:
    row = ("a", (cutoff - pd.Timedelta(before)).isoformat(), 3.0, "fish")
    past = _past(build([row], "category"), cutoff, engine, "new_categories_91d", "spend_91d")
    assert past.tolist() == [1 - inside, 3 - 3 * inside]


@pytest.mark.parametrize(("after", "inside"), [("-1us", 0), ("0us", 1), ("29D 23:59:59.999999", 1), ("30D", 0)])
def test_a_horizon_holds_its_first_instant_and_not_its_last(
    build: Build, cutoff: pd.Timestamp, engine: Engine, after: str, inside: int
) -> None:
    row = ("a", (cutoff + pd.Timedelta(after)).isoformat(), 3.0, "tea", 0.5)
    history = build([*BEFORE, row], "category", "discount")
    assert _future(history, cutoff, engine, *PAID) == [1 - inside, inside, 3 * inside, inside]


@pytest.mark.parametrize(("known", "spend"), [("-1us", 15), ("0us", 12), ("1D", 12), (None, 15)])
def test_a_row_counts_once_it_is_known(
    build: Build, cutoff: pd.Timestamp, engine: Engine, known: str | None, spend: int
) -> None:
    when = None if known is None else (cutoff + pd.Timedelta(known)).isoformat()
    rows = [(*row[:3], None) for row in BEFORE] + [("a", "2024-03-01", 3.0, when)]
    assert _past(build(rows, "known_time"), cutoff, engine, "spend").tolist() == [spend]


def test_a_horizon_counts_rows_however_late_they_become_known(
    build: Build, cutoff: pd.Timestamp, engine: Engine
) -> None:
    history = build([("a", cutoff.isoformat(), 3.0, "2025-12-01"), ("a", "2024-01-01", 1.0, None)], "known_time")
    assert _future(history, cutoff, engine, "future_spend") == [3]


# The other tables: a row moved from before the cutoff to it, to the last instant of the horizon, and past it.

COUNTED = ("returned_lines", "visits_28d", "emails_opened_91d", "coupon_redemptions_182d", "touches_received_91d")
MOVED = [("-1us", 1, 0), ("0us", 0, 1), ("29D 23:59:59.999999", 0, 1), ("30D", 0, 0)]


@pytest.mark.parametrize(("after", "past", "future"), MOVED)
def test_every_table_has_the_same_boundaries(
    build: Build, cutoff: pd.Timestamp, engine: Engine, after: str, past: int, future: int
) -> None:
    time = cutoff + pd.Timedelta(after)
    row = pd.DataFrame({"customer_id": ["a"], "time": [time]})
    contracts = pd.DataFrame({"customer_id": ["a", "a"], "plan": "basic", "start": "2024-01-01", "price": 9.0})
    history = build(
        [("a", "2024-01-10", 5.0, False), ("a", time.isoformat(), -2.0, True)],
        "is_return",
        events=pd.concat([row.assign(kind=kind) for kind in ("visit", "email_open", "coupon_redemption")]),
        touches=row.assign(campaign="spring", cost=0.5),
        subscriptions=contracts.assign(end=pd.Series([time, None])),
    )
    more = ("contracts_ended", "visitors_91d", "touch_cost_182d", "subscribed", "plan_changes")
    assert _past(history, cutoff, engine, *COUNTED, *more).tolist() == [*[past] * 7, past / 2, 1, 1]
    assert _future(history, cutoff, engine, "returned", "redeemed", "subscription_ended") == [future] * 3


@pytest.mark.parametrize(("known", "counted"), [("-1us", 1), ("0us", 0), ("1D", 0), (None, 1)])
def test_rows_of_every_table_count_once_they_are_known(
    build: Build, cutoff: pd.Timestamp, engine: Engine, known: str | None, counted: int
) -> None:
    when = pd.NaT if known is None else cutoff + pd.Timedelta(known)
    row = pd.DataFrame({"customer_id": ["a"], "time": [cutoff - pd.Timedelta("9D")]})
    row["known_time"] = pd.Series([when], dtype="datetime64[us]")
    history = build(
        [("a", "2024-01-10", 5.0)],
        events=row.assign(kind="visit"),
        touches=row.assign(campaign="spring"),
        subscriptions=row.rename(columns={"time": "start"}).assign(plan="basic", price=9.0, end=None),
    )
    past = _past(history, cutoff, engine, "visits_28d", "touches_received_91d", "subscribed", "subscription_price")
    assert past.tolist() == pytest.approx([counted, counted, counted, 9 if counted else float("nan")], nan_ok=True)


def test_a_plan_changed_at_the_cutoff_is_no_contract_ended(build: Build, cutoff: pd.Timestamp, engine: Engine) -> None:
    changed = pd.DataFrame({"customer_id": ["a", "a"], "plan": ["basic", "plus"], "price": [9.0, 19.0]})
    changed = changed.assign(start=[pd.Timestamp("2024-01-01"), cutoff], end=pd.Series([cutoff, None]))
    history = build([("a", "2024-01-10", 5.0)], subscriptions=changed)
    asked = ("subscribed", "subscription_price", "subscription_price_change", "plan_changes", "subscribers")
    assert _past(history, cutoff, engine, *asked).tolist() == [1, 9, 0, 0, 1]
    assert _past(history, cutoff + pd.Timedelta("1us"), engine, *asked).tolist() == [1, 19, 10, 1, 1]
    assert _future(history, cutoff, engine, "subscription_ended") == [0]


# Customers of whom there is little or nothing.


NOW = pd.Timestamp("2024-06-01 13:37")


@pytest.mark.parametrize("customer", ["a", "b", "unknown"])
def test_one_row_or_none_gives_numbers_or_nothing(build: Build, engine: Engine, customer: str) -> None:
    """`a` bought once, `b` has visited only."""
    visit = pd.DataFrame({"customer_id": ["b"], "time": [pd.Timestamp("2024-05-30")], "kind": "visit"})
    history = build([("a", "2024-05-31", 5.0, "tea", 1.0)], "category", "discount", events=visit)
    features = {name: each for name, each in PAST.items() if lacks(history, each) is None}
    seen = observe(history, _asked(NOW).assign(customer_id=customer), list(features.values()), engine=engine).iloc[0]
    told = {name for name, each in features.items() if not _same(seen[name], each.empty)}
    if customer == "a":
        assert seen[["spend_rate", "line_amount_mean", "category_entropy", "frequency"]].tolist() == [150, 5, 0, 0]
        assert (seen["top_category"], seen["top_category_share"]) == ("tea", 1)
        assert seen[["gap_mean", "gap_cv", "day_spend_std", "spend_change", "days_since_visit"]].isna().all()
    else:
        visits = {"visits_28d", "visits_91d", "days_since_visit", "visitors_91d"}
        assert told == (visits if customer == "b" else set())


def _same(one: object, other: object) -> bool:
    return bool(one == other) or bool(pd.isna(one) and pd.isna(other))  # type: ignore[call-overload]


@pytest.mark.parametrize("table", ["transactions", "events", "touches", "subscriptions", "customers"])
def test_a_table_without_rows_is_a_table(
    history: History, drawn: dict[str, pd.DataFrame], engine: Engine, table: str
) -> None:
    emptied = admit("emptied", {**drawn, table: drawn[table].iloc[:0]}, end=history.end)
    asked = _asked(NOW).assign(customer_id="c07")
    whole, rest = (observe(each, asked, list(PAST.values()), engine=engine).iloc[0] for each in (history, emptied))
    several = {"transactions": {"purchases", "returns"}, "subscriptions": {"renewals", "memberships"}}
    views = {table, *several.get(table, ())}
    for name, each in PAST.items():
        read = {part.view for part in each.aggregates}
        if not views & read:
            assert _same(whole[name], rest[name]), name
        elif read <= views:
            assert _same(rest[name], each.empty), name


@pytest.mark.parametrize("column", ["start", "end"])
def test_when_a_contract_ends_cannot_be_read_before_it_has(build: Build, column: str) -> None:
    contract = {"customer_id": ["a"], "plan": ["plus"], "start": ["2024-01-01"], "end": ["2024-06-15"]}
    history = build([("a", "2024-01-01", 1.0)], subscriptions=pd.DataFrame(contract))
    e = Events(view="subscriptions")
    peeking = Declaration("peeking", "", e[column].max().node, "subscriptions", None, None, "")
    asked = pd.DataFrame({"customer_id": ["a"], "cutoff": [pd.Timestamp("2024-03-01")]})
    with pytest.raises(HistoryError, match=rf"peeking needs the columns \['{column}'\] of subscriptions"):
        observe(history, asked, [peeking])
