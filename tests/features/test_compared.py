"""Targets that compare the horizon with the past: by hand, beside what engines give for targets that do not."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, get_args

import pandas as pd
import pytest

from configs.registry import Registry
from features import declaration
from features.declaration import Declaration, target
from features.engine.compared import Compared
from features.engine.period import Period
from features.engine.run import Engine, _run, observe, outcome
from features.expression import Events, Horizon, Number, Past
from features.history import History
from features.library import FEATURES, TARGETS
from features.readable import readable

Build = Callable[..., History]
Everyone = Callable[[pd.DatetimeIndex], pd.DataFrame]
CUTOFF = pd.Timestamp("2024-06-01")


@pytest.fixture(scope="module", params=get_args(Engine))
def engine(request: pytest.FixtureRequest) -> Engine:
    """Give each engine that `outcome` knows."""
    given: Engine = request.param
    return given


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Declaration]:
    """Declare a target called thing, apart from the library."""
    monkeypatch.setattr(declaration, "TARGETS", Registry("target"))

    def made(say: Callable[[Horizon, Past], Number], **options: Any) -> Declaration:
        def thing(e: Horizon, past: Past) -> Number:
            """Meaning."""
            return say(e, past)

        declaration.TARGETS.clear()
        target(kind="amount", **options)(thing)
        return declaration.TARGETS["thing"]

    return made


def _asked(*ids: str) -> pd.DataFrame:
    return pd.DataFrame({"customer_id": pd.Series(ids, dtype="str"), "cutoff": CUTOFF})


def _labels(history: History, name: str, ids: list[str], *, days: int, engine: Engine) -> dict[str, float]:
    made = outcome(history, _asked(*ids), [TARGETS[name]], horizon_days=days, engine=engine)
    return dict(zip(made["customer_id"], made[name], strict=True))


# A customer's spend a day before is 1.20: 100.80 in 84 days, 33.60 in 28.


def _spends(build: Build, later: dict[str, list[tuple[str, float]]]) -> History:
    before = [(who, "2024-03-09", 50.4) for who in later] + [(who, "2024-05-31 23:59:59", 50.4) for who in later]
    return build([*before, *((who, time, amount) for who, rows in later.items() for time, amount in rows)])


def test_spend_fell_below_half_and_not_at_half(build: Build, engine: Engine) -> None:
    later = {
        "nothing": [],
        "below": [("2024-06-01", 16.79)],
        "half": [("2024-06-01", 10.0), ("2024-06-28 23:59:59", 6.8)],
        "too late": [("2024-06-29", 100.0)],
        "more": [("2024-06-10", 60.0)],
    }
    made = _labels(_spends(build, later), "spend_fell_50", [*later, "nobody"], days=28, engine=engine)
    assert made == {"nothing": 1, "below": 1, "half": 0, "too late": 1, "more": 0, "nobody": 0}


@pytest.mark.parametrize("days", [7, 28, 91])
def test_half_is_half_whatever_the_cents_and_the_horizon(build: Build, engine: Engine, days: int) -> None:
    """The same spend a day, of amounts that doubles do not hold: half of it has not fallen, a hundredth less has."""
    cents = [3, 51, 77, 179, 1999, 123457]
    ids = [f"{amount} {sort}" for amount in cents for sort in ("half", "less")]
    rows = []
    for amount in cents:
        for sort in ("half", "less"):
            who = f"{amount} {sort}"
            rows.append((who, "2024-05-01", amount * 84 * 2 / 100))
            rows.append((who, "2024-06-02", (amount * days - (sort == "less")) / 100))
    made = _labels(build(rows), "spend_fell_50", ids, days=days, engine=engine)
    assert made == {who: float(who.endswith("less")) for who in ids}


def test_spent_more_by_a_quarter(build: Build, engine: Engine) -> None:
    later = {"quarter": [("2024-06-03", 42.0)], "less": [("2024-06-03", 41.99)], "nothing": []}
    history = _spends(build, later)
    assert _labels(history, "spent_more_25", [*later, "nobody"], days=28, engine=engine) == {
        **{"quarter": 1, "less": 0, "nothing": 0},
        "nobody": 0,
    }


@pytest.mark.parametrize("name", ["spend_fell_50", "spent_more_25", "price_tier_up"])
def test_who_spent_nothing_in_the_84_days_is_not_compared(build: Build, engine: Engine, name: str) -> None:
    """Neither who is new or back within the horizon, nor who paid nothing, nor who bought before the 84 days."""
    history = build(
        [
            ("new", "2024-06-02", 70.0),
            ("back", "2024-03-08 23:59:59", 90.0),
            ("back", "2024-06-02", 70.0),
            ("gone", "2024-03-08 23:59:59", 90.0),
            ("free", "2024-05-02", 0.0),
            ("free", "2024-06-02", 70.0),
        ]
    )
    made = _labels(history, name, ["new", "back", "gone", "free"], days=28, engine=engine)
    assert made == dict.fromkeys(("new", "back", "gone", "free"), 0.0)


def test_a_price_tier_is_a_quarter_above_ones_own_lines(build: Build, engine: Engine) -> None:
    later = {
        "quarter": [("2024-06-03", 80.0), ("2024-06-04", 46.0)],
        "less": [("2024-06-03", 80.0), ("2024-06-04", 45.9)],
        "nothing": [],
    }
    made = _labels(_spends(build, later), "price_tier_up", [*later], days=28, engine=engine)
    assert made == {"quarter": 1, "less": 0, "nothing": 0}


def test_the_past_is_what_was_known_then(build: Build, engine: Engine) -> None:
    history = build(
        [
            ("told", "2024-05-01", 84.0, "2024-05-31 23:59:59"),
            ("late", "2024-05-01", 84.0, "2024-06-01"),
        ],
        "known_time",
    )
    assert _labels(history, "spend_fell_50", ["told", "late"], days=28, engine=engine) == {"told": 1, "late": 0}


def test_what_is_known_by_then_bounds_the_horizon_and_not_the_past(build: Build, engine: Engine) -> None:
    rows = [("a", "2024-05-01", 84.0, None), ("a", "2024-06-02", 84.0, "2024-06-10"), ("b", "2024-05-01", 84.0, None)]
    history = build(rows, "known_time")
    for by, fell in (("2024-06-10", [1, 1]), ("2024-06-11", [0, 1])):
        made = outcome(
            history,
            _asked("a", "b"),
            [TARGETS["spend_fell_50"]],
            horizon_days=28,
            known_by=pd.Timestamp(by),
            engine=engine,
        )
        assert made["spend_fell_50"].tolist() == fell


# The machinery.


def test_plain_targets_taken_apart_are_what_they_are(
    history: History, everyone: Everyone, midnights: pd.DatetimeIndex, engine: Engine
) -> None:
    """With values for emptiness that nothing else gives, so that where there are no events is seen too."""
    spine = everyone(midnights[[1]])
    plain = [replace(each, empty=-7.0) for each in TARGETS.values() if not each.of_horizon]
    taken = Compared(plain)
    answers = _run(history, spine, taken.horizon, period=Period(30), engine=engine, to=None)
    frame = outcome(history, spine, plain, horizon_days=30, engine=engine)
    for each in plain:
        assert taken.whole(each, answers).tolist() == frame[each.name].tolist(), each.name
    assert (frame == -7.0).any().sum() == len(plain)


def test_targets_keep_their_places_beside_those_that_compare(build: Build, everyone: Everyone, engine: Engine) -> None:
    history = build([("a", "2024-05-01", 84.0), ("a", "2024-06-02", 1.0)])
    names = ["orders", "spend_fell_50", "churned", "price_tier_up", "future_spend"]
    asked = _asked("a").assign(note="kept")
    made = outcome(history, asked, [TARGETS[name] for name in names], horizon_days=28, engine=engine)
    assert list(made.columns) == ["customer_id", "cutoff", "note", *names]
    assert made.iloc[0].tolist() == ["a", CUTOFF, "kept", 1, 1, 0, 0, 1]


def test_a_target_may_ask_how_long_its_horizon_is(
    build: Build, engine: Engine, compared: Callable[..., Declaration]
) -> None:
    history = build([("a", "2024-05-01", 84.0), ("a", "2024-06-02", 1.0)])
    length = compared(lambda e, _past: e["amount"].sum() / e.horizon_days)
    for days in (4, 10):
        made = outcome(history, _asked("a", "nobody"), [length], horizon_days=days, engine=engine)
        assert made["thing"].tolist() == [1 / days, 0.0]


def test_an_empty_value_is_for_who_has_events_of_neither_period(
    build: Build, engine: Engine, compared: Callable[..., Declaration]
) -> None:
    """And where the expression gives nothing."""
    history = build([("before", "2024-05-01", 5.0), ("after", "2024-06-02", 7.0)])
    ids = _asked("before", "after", "nobody")
    both = compared(lambda e, past: e.count() + past.count(), empty=-1)
    assert outcome(history, ids, [both], horizon_days=9, engine=engine)["thing"].tolist() == [1, 1, -1]
    ratio = compared(lambda e, past: e["amount"].sum() / past["amount"].sum(), empty=-1)
    assert outcome(history, ids, [ratio], horizon_days=9, engine=engine)["thing"].tolist() == [0, -1, -1]


def test_pairs_and_other_views_are_compared_too(
    build: Build, engine: Engine, compared: Callable[..., Declaration]
) -> None:
    visits = pd.DataFrame({"customer_id": "a", "time": ["2024-05-01", "2024-05-02", "2024-06-01"], "kind": "visit"})
    rows = [("a", "2024-05-01", 5.0, "tea"), ("a", "2024-06-02", 7.0, "tea"), ("a", "2024-06-03", 9.0, "wine")]
    history = build(rows, "category", events=visits)
    asked = _asked("a", "a").assign(category=["tea", "wine"])
    pairs = compared(lambda e, past: e["amount"].sum() - past["amount"].sum(), by="category")
    assert outcome(history, asked, [pairs], horizon_days=9, engine=engine)["thing"].tolist() == [2.0, 9.0]
    views = compared(lambda e, past: e.of("events").count() * 10 + past.of("events").within(31).count())
    assert outcome(history, _asked("a"), [views], horizon_days=9, engine=engine)["thing"].tolist() == [12.0]


def test_sql_compares_too(build: Build, engine: Engine, compared: Callable[..., Declaration]) -> None:
    history = build([("a", f"2024-05-0{day}", float(day)) for day in (1, 2, 6)] + [("a", "2024-06-02", 7.0)])
    middle = compared(lambda e, past: e.sql("median(amount)") - past.sql("median(amount)"))
    assert outcome(history, _asked("a"), [middle], horizon_days=9, engine=engine)["thing"].tolist() == [5.0]


def test_only_an_outcome_can_compare(build: Build, engine: Engine) -> None:
    history = build([("a", "2024-05-01", 84.0)])
    with pytest.raises(ValueError, match="spend_fell_50 compares the horizon with the past: ask for it by `outcome`"):
        observe(history, _asked("a"), [FEATURES["spend"], TARGETS["spend_fell_50"]], engine=engine)


PAST = "(sum(amount) of past purchases within 84 days)"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("spend_fell_50", f"(sum(amount) of purchases) * 8400 - {PAST} * (50 * horizon_days) < -1e-06"),
        ("redeemed_offer", "(count > 0) of events of the campaign where kind = 'coupon_redemption'"),
    ],
)
def test_targets_are_told_in_words(name: str, words: str) -> None:
    assert readable(TARGETS[name]) == words


def test_past_and_horizon_are_told_apart(compared: Callable[..., Declaration]) -> None:
    one = compared(lambda e, past: e.count() - past.count())
    other = compared(lambda e, past: past.count() - e.count())
    assert one.fingerprint != other.fingerprint
    assert [len(each.aggregates) for each in (one, other)] == [2, 2]
    assert compared(lambda e, past: e.within(9).count() - past.count()).of_horizon


def test_a_target_that_does_not_compare_is_told_as_before() -> None:
    """Fingerprints are in artifacts and manifests: that of churn as it was before targets could compare."""
    assert TARGETS["churned"].fingerprint == "637297fd698b93f6"
    assert not TARGETS["churned"].of_horizon
    assert Events(view="purchases").count().node.__class__.__name__ == "Aggregate"
