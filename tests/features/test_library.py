"""Every number of the library against loops in plain Python: one customer, one cutoff, one row after the other."""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple, get_args

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from features.datasets import DATASETS
from features.datasets.simulator import simulate
from features.declaration import Declaration
from features.engine.candidates import anchors
from features.engine.door import admit
from features.engine.run import Engine, observe, outcome
from features.engine.views import lacks
from features.history import History
from features.library import FEATURES, POPULATIONS, TARGETS, available, chosen
from features.policy import Policy
from tests.features.oracle.every import (
    ANCHORS,
    FUTURE,
    PAST,
    PER_CUSTOMER,
    PER_PAIR,
    WHICH,
    WHO,
    check,
    expected,
)
from tests.features.oracle.rows import customers

HORIZON = 45
CAMPAIGNS = ["8", "13", "18", "no such campaign"]
"""Of Complete Journey the large ones."""
ASKED = [*FEATURES.values(), *(each for each in POPULATIONS.values() if not each.anchored)]
NAMES = [*PAST, *FUTURE]
Everyone = Callable[[pd.DatetimeIndex], pd.DataFrame]
Tables = Mapping[str, pd.DataFrame]


class Case(NamedTuple):
    """A history, who is asked about, and what the loops say."""

    history: History
    spines: list[pd.DataFrame]
    loops: pd.DataFrame


@pytest.fixture(scope="module", params=get_args(Engine))
def engine(request: pytest.FixtureRequest) -> Engine:
    """Give each engine that `observe` knows."""
    given: Engine = request.param
    return given


def test_everything_declared_has_an_oracle() -> None:
    assert sorted(FEATURES) == sorted([*PER_CUSTOMER, *PER_PAIR])
    assert sorted(TARGETS) == sorted(FUTURE)
    assert sorted(POPULATIONS) == sorted([*WHO, *WHICH, *ANCHORS])


def _case(history: History, tables: Tables, spines: list[pd.DataFrame]) -> Case:
    every = customers(tables, end=history.end, grace_days=history.grace_days)
    names = [each.name for each in [*ASKED, *TARGETS.values()] if lacks(history, each) is None]
    loops = [expected(every, spine, names, horizon_days=HORIZON) for spine in spines]
    return Case(history, spines, pd.concat(loops, ignore_index=True))


def _frame(case: Case, engine: Engine) -> pd.DataFrame:
    """Ask everything that the loops know; spines one by one, for midnights and odd hours are different queries."""
    features = [each for each in ASKED if each.name in case.loops]
    targets = [each for each in TARGETS.values() if each.name in case.loops]
    frames = []
    for spine in case.spines:
        frame = observe(case.history, spine, features, engine=engine)
        labels = outcome(case.history, spine, targets, horizon_days=HORIZON, engine=engine)
        frames.append(frame.join(labels[[each.name for each in targets]]))
    return pd.concat(frames, ignore_index=True)


# The drawn history: every customer and category, at midnights and at odd hours.


@pytest.fixture(scope="module")
def drawn_case(
    history: History,
    drawn: dict[str, pd.DataFrame],
    everyone: Everyone,
    midnights: pd.DatetimeIndex,
    odd_hours: pd.DatetimeIndex,
) -> Case:
    return _case(history, drawn, [everyone(midnights), everyone(odd_hours)])


@pytest.fixture(scope="module")
def drawn_frame(drawn_case: Case, engine: Engine) -> pd.DataFrame:
    return _frame(drawn_case, engine)


@pytest.mark.parametrize("name", NAMES)
def test_a_drawn_number_equals_its_loop(drawn_case: Case, drawn_frame: pd.DataFrame, name: str) -> None:
    check(drawn_frame, drawn_case.loops, name)


@pytest.mark.parametrize("name", NAMES)
def test_drawn_numbers_differ_from_one_another(drawn_case: Case, name: str) -> None:
    assert len(set(drawn_case.loops[name].dropna())) > 1


# The simulator, with the columns that it does not have.


@pytest.fixture(scope="module")
def shop() -> dict[str, pd.DataFrame]:
    """Simulate 1,000 customers, their stores, costs, coupons and own brands."""
    tables = dict(simulate(1000, days=500).tables)
    rng = np.random.default_rng(1)
    lines = tables["transactions"]
    own = lines["product_id"].map(tables["products"].set_index("product_id")["brand"]) == "own"
    tables["transactions"] = lines.assign(
        store_id=rng.choice(["north", "south"], len(lines)),
        cost=(lines["amount"].abs() * 0.6).round(2),
        coupon=rng.choice([0.0, 0.0, 0.5], len(lines)),
        private_label=own,
        known_time=lines["time"] + pd.to_timedelta(rng.choice([0, 2], len(lines)), unit="D"),
    )
    events = tables["events"]
    kinds = events["kind"].where(rng.random(len(events)) < 0.9, "coupon_redemption")
    tables["events"] = events.assign(kind=kinds, campaign=rng.choice(CAMPAIGNS, len(events)))
    tables["subscriptions"] = tables["subscriptions"].assign(term_days=30)
    return tables


def _asked(rng: np.random.Generator, ids: list[str], categories: list[str], cutoffs: pd.DatetimeIndex) -> pd.DataFrame:
    """Ask about each customer at each cutoff, and about one category and campaign."""
    spine = pd.DataFrame({"customer_id": ids}).merge(cutoffs.to_frame(name="cutoff"), how="cross")
    return spine.assign(category=rng.choice(categories, len(spine)), campaign=rng.choice(CAMPAIGNS, len(spine)))


def _spines(ids: list[str], categories: list[str], first: str, last: str) -> list[pd.DataFrame]:
    """Ask at 14 midnights and 6 odd hours."""
    rng = np.random.default_rng(2)
    midnights = pd.date_range(first, last, 14).normalize()
    odd = pd.date_range(first, last, 6) + pd.to_timedelta(rng.integers(1, 86400, 6), unit="s")
    return [_asked(rng, ids, categories, cutoffs) for cutoffs in (midnights, odd)]


@pytest.fixture(scope="module")
def shop_case(shop: dict[str, pd.DataFrame]) -> Case:
    history = admit("shop", dict(shop), policy=Policy(grace_days=20))
    ids = shop["customers"]["customer_id"].tolist()
    categories = sorted(shop["transactions"]["category"].unique())
    return _case(history, shop, _spines(ids, categories, "2024-02-01", "2025-03-01"))


@pytest.fixture(scope="module")
def shop_frame(shop_case: Case, engine: Engine) -> pd.DataFrame:
    return _frame(shop_case, engine)


@pytest.mark.parametrize("name", NAMES)
def test_a_simulated_number_equals_its_loop(shop_case: Case, shop_frame: pd.DataFrame, name: str) -> None:
    check(shop_frame, shop_case.loops, name)


# Complete Journey: 1,000 of its households.


@pytest.fixture(scope="module")
def journey_case() -> Case:
    history = DATASETS["complete_journey"]()
    tables = {name: table.to_pandas() for name, table in history.tables.items() if isinstance(table, pa.Table)}
    ids = sorted(tables["transactions"]["customer_id"].unique())[::2][:1000]
    kept = {name: table[table["customer_id"].isin(ids)] for name, table in tables.items() if name != "products"}
    categories = ["BEEF", "CHEESE", "SOFT DRINKS", "FLUID MILK PRODUCTS", "CIGARETTES"]
    return _case(history, kept, _spines(ids, categories, "2017-01-15", "2017-11-15"))


@pytest.fixture(scope="module")
def journey_frame(journey_case: Case, engine: Engine) -> pd.DataFrame:
    return _frame(journey_case, engine)


JOURNEY_LACKS = {"channel", "cost", "coupon", "private_label", "subscriptions"}


@pytest.mark.parametrize("name", NAMES)
def test_a_number_of_complete_journey_equals_its_loop(
    journey_case: Case, journey_frame: pd.DataFrame, name: str
) -> None:
    declared = next(group[name] for group in (FEATURES, POPULATIONS, TARGETS) if name in group)
    lacking = lacks(journey_case.history, declared)
    if lacking is None:
        check(journey_frame, journey_case.loops, name)
    else:
        assert any(f"'{each}'" in lacking for each in JOURNEY_LACKS), lacking


def test_a_median_lies_halfway_however_small_the_money(build: Callable[..., History], engine: Engine) -> None:
    history = build([("a", "2024-01-01", 0.0001), ("a", "2024-01-02", 0.0002)])
    asked = pd.DataFrame({"customer_id": ["a"], "cutoff": [pd.Timestamp("2024-02-01")]})
    frame = observe(history, asked, [FEATURES["median_line_amount"]], engine=engine)
    assert frame["median_line_amount"].tolist() == [pytest.approx(0.00015, rel=1e-12)]


# Populations of rows.


@pytest.mark.parametrize("name", ANCHORS)
def test_the_rows_that_are_questions_equal_their_loop(
    history: History, drawn: dict[str, pd.DataFrame], name: str
) -> None:
    since, until = pd.Timestamp("2024-05-20 00:00:01"), pd.Timestamp("2024-11-11")
    loops = [
        (customer_id, time)
        for customer_id, customer in customers(drawn, end=history.end).items()
        for time in ANCHORS[name](customer)
        if since <= time < until
    ]
    asked = anchors(history, POPULATIONS[name], since=since, until=until)
    assert sorted(zip(asked["customer_id"], asked["cutoff"], strict=True)) == sorted(loops)
    assert len(loops) > 100


# The list itself.


def test_features_are_chosen_by_name_or_family_each_once_in_order() -> None:
    names = [each.name for each in chosen(["gap_max", "gaps", "spend"])]
    assert names == ["gap_max", "gap_mean", "gap_std", "silence_ratio", "spend"]
    with pytest.raises(LookupError, match="unknown feature 'spent'; did you mean 'spend'"):
        chosen(["spent"])


def test_features_are_available_where_their_columns_are(cdnow: History, history: History) -> None:
    families = {each.family for each in available(cdnow)}
    assert families == {
        *("basket", "breadth", "clock", "decay", "gaps", "price", "quantiles", "rates", "regularity", "returns"),
        *("rfm", "trend", "volume", "windows", "opportunities"),
    }
    assert {"categories_ever", "full_price_share", "orders_ever"} & {each.name for each in available(cdnow)} == set()
    assert available(history) == list(FEATURES.values())


def test_every_feature_says_its_unit_and_family() -> None:
    units = {each.unit for each in FEATURES.values()}
    assert units == {
        *("days", "currency", "share", "ratio", "0 or 1", "nats", "hours", "text"),
        *("days per 30 days", "currency per 30 days", "items per 30 days"),
        *(
            "lines",
            "memberships",
            "categories",
            "channels",
            "contracts",
            "coupons",
            "e-mails",
            "items",
            "orders",
            "periods",
            "products",
            "stores",
        ),
        *("touches", "visits"),
    }


def _reaches(declared: Declaration) -> set[int | None]:
    return {each.window_days for each in declared.aggregates}


def test_what_a_window_bounds_does_not_grow_with_the_calendar() -> None:
    periods = {"repeat_periods_7d", "repeat_periods_28d"}  # the days are those of a period, and not of a window
    bounded = {each.name for each in FEATURES.values() if re.search(r"_\d+d$", each.name)} - periods
    elapsed = {each.name for each in FEATURES.values() if each.drift == "elapsed"}
    assert len(bounded) == 28
    assert not bounded & elapsed
    assert elapsed > {"frequency", "recency_days", "tenure_days", "spend"}
    assert all(None in _reaches(FEATURES[name]) for name in elapsed)


def test_what_only_counts_or_adds_up_without_a_window_grows_with_the_calendar() -> None:
    grows = {
        each.name
        for each in FEATURES.values()
        if [part.kind for part in each.aggregates] in (["count"], ["sum"], ["distinct"], ["max"])
        and _reaches(each) == {None}
        and each.aggregates[0].half_life_days is None
    }
    assert grows <= {each.name for each in FEATURES.values() if each.drift == "elapsed"}
    assert grows > {"items", "stores", "line_amount_max", "contracts_ended"}


def test_texts_are_apart_from_what_models_take() -> None:
    assert [each.name for each in FEATURES.values() if each.text] == ["top_category"]
    assert {each.family for each in FEATURES.values() if each.text} == {"favourites"}
    assert [each.name for each in FEATURES.values() if each.sql_only] == ["median_line_amount"]
