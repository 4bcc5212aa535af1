"""Where the kernel takes another way than SQL, by hand: both engines give what the declaration says."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.declaration import Declaration
from features.engine.kernel import keyed
from features.engine.run import Engine, observe, outcome
from features.expression import Events
from features.history import History

Build = Callable[..., History]
Declare = Callable[[Events], Any]
Everyone = Callable[[pd.DatetimeIndex], pd.DataFrame]
Made = Callable[..., Declaration]


@pytest.fixture(params=["kernel", "duckdb"])
def engine(request: pytest.FixtureRequest) -> Engine:
    given: Engine = request.param
    return given


def asked(*cutoffs: str, who: str = "a", **more: Any) -> pd.DataFrame:
    return pd.DataFrame({"customer_id": who, "cutoff": pd.to_datetime(list(cutoffs), format="ISO8601"), **more})


TWO = [("2024-01-01", 1), ("2024-01-03", 1)]
THREE = [("2024-01-01", 1), ("2024-01-05", 1), ("2024-01-10 09:00", 3)]


@pytest.mark.parametrize(
    ("rows", "say", "expected"),
    [
        ([], lambda e: e["amount"].sum(half_life_days=10), [0, 0]),
        ([("2024-01-01", 1)], lambda e: e["amount"].sum(half_life_days=10), [0.5, 0.25]),
        ([("2024-01-01", 1), ("2024-01-21", 8)], lambda e: e.by_day().count(half_life_days=10), [0.5, 0.25]),
        (THREE, lambda e: e.by_day()["age_days"].mean(), [5 + 2 / 3, 15 + 2 / 3]),
        (THREE, lambda e: e.by_day()["age_days"].first(), [10, 20]),
        (THREE, lambda e: e.by_day()["age_days"].sum(), [17, 47]),
        (THREE, lambda e: e.within(2)["amount"].distinct(), [1, 0]),  # what came first lies before the window
        (TWO, lambda e: ~e.count() | (e.count() - 2), [0, 0]),
        (TWO, lambda e: (e.count() - 5) | (e.count() - 2), [1, 1]),
        (TWO, lambda e: e.count() & (e["amount"].sum() - 2), [0, 0]),
    ],
)
def test_features_by_hand(
    build: Build, declared: Made, engine: Engine, rows: list[tuple[str, float]], say: Declare, expected: list[float]
) -> None:
    history = build([("a", *row) for row in rows] or [("b", "2024-01-01", 1)])
    frame = observe(history, asked("2024-01-11", "2024-01-21"), [declared(say)], engine=engine)
    assert frame["thing"].tolist() == [pytest.approx(each, rel=1e-12) for each in expected]


@pytest.mark.parametrize("clock", ["", " 00:00:01"])
@pytest.mark.parametrize(
    ("say", "expected"),
    [
        (lambda e: e["amount"].sum(half_life_days=4), [2**0.25 + 2 * 4 + 4 * 16, 2 * 2 + 4 * 8]),
        (lambda e: e.by_day().count(half_life_days=4), [2**0.25 + 4 + 16, 2 + 8]),
        (lambda e: e.by_day()["gap_days"].first(), [7, 8]),
        (lambda e: e.by_day()["gap_days"].sum(), [15, 8]),
        (lambda e: e["age_days"].max(), [-1, -4]),
        (lambda e: e["amount"].distinct(), [3, 2]),
        (lambda e: e.within(7).count(), [3, 2]),  # what lies ahead is younger than any window
        (lambda e: e.before(7).count(), [0, 0]),
    ],
)
def test_targets_by_hand(
    build: Build, declared: Made, engine: Engine, say: Declare, expected: list[float], clock: str
) -> None:
    """Of a horizon nothing is known of the days before it, and what happens later counts the more."""
    rows = [("2024-01-01", 9), ("2024-01-05", 1), ("2024-01-12", 2), ("2024-01-20", 4)]
    history = build([("a", f"{day} 12:00", amount) for day, amount in rows])
    spine = asked(f"2024-01-04{clock}", f"2024-01-08{clock}")
    frame = outcome(history, spine, [declared(say)], horizon_days=30, engine=engine)
    assert frame["thing"].tolist() == [pytest.approx(each, rel=1e-9) for each in expected]


def test_a_condition_is_not_the_value_that_it_is_of(build: Build, declared: Made, engine: Engine) -> None:
    """A null does not hold, and is no 0 in a mean."""
    history = build([("a", "2024-01-01", 1, own) for own in (None, True, False, True)], "own")
    say: list[Declare] = [lambda e: e["own"].mean(), lambda e: e.where(e["own"]).count()]
    mean, count = (declared(each) for each in say)
    for chosen in ([mean, count], [count, mean]):
        named = [replace(each, name=f"thing_{at}") for at, each in enumerate(chosen)]
        frame = observe(history, asked("2024-02-01"), named, engine=engine)
        expected = [2 / 3 if each is mean else 2 for each in chosen]
        assert frame.iloc[0, 2:].tolist() == expected


def test_names_that_differ_by_case_are_different(build: Build, declared: Made, engine: Engine) -> None:
    history = build([("a", "2024-01-01", 1, each) for each in ("web", "Web", "Web", None)], "channel")
    say: Declare = lambda e: e.where(e["channel"] == "web").count() * 10 + e.where(e["channel"] == "Web").count()  # noqa: E731
    assert observe(history, asked("2024-02-01"), [declared(say)], engine=engine)["thing"].tolist() == [12]


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
def test_a_pair_or_customer_without_a_key_has_no_events(
    build: Build, declared: Made, engine: Engine, missing: Any
) -> None:
    history = build([("a", "2024-01-01", 1, "tea"), ("a", "2024-01-01", 1, None)], "category")
    category = pd.Series(["tea", missing, "tea"], dtype="str")
    spine = asked("2024-02-01", "2024-02-01", "2024-03-01", category=category)
    spine["customer_id"] = pd.Series(["a", "a", missing], dtype="str")
    for by, expected in (("category", [1, 0, 0]), (None, [2, 2, 0])):
        frame = observe(history, spine, [declared(lambda e: e.count(), by=by)], engine=engine)
        assert frame["thing"].tolist() == expected
    nowhere = spine.assign(category=pd.Series([missing] * 3, dtype="str"))
    for word, told in (("distinct", [0.0] * 3), ("entropy", [-1.0] * 3)):
        number = declared(
            lambda e, word=word: getattr(e["category"], word)(), by="category", empty=-1 if word == "entropy" else None
        )
        assert observe(history, nowhere, [number], engine=engine)["thing"].tolist() == told


def test_pairs_may_be_of_whole_numbers(build: Build, declared: Made, engine: Engine) -> None:
    history = build([("a", "2024-01-01", amount, shop) for amount, shop in ((1, 3), (2, 4), (4, 3))], "shop")
    spine = asked("2024-02-01", "2024-02-01", "2024-02-01", shop=[4, 3, 5])
    frame = observe(history, spine, [declared(lambda e: e["amount"].sum(), by="shop")], engine=engine)
    assert frame["thing"].tolist() == [2, 5, 0]


def test_sums_of_money_are_exact(build: Build, declared: Made, engine: Engine) -> None:
    """Doubles would lose the cents beside 10,000,000,000,000.00; the other customer's sum is not in the way."""
    rows: list[tuple[Any, ...]] = [("a", "2024-01-01", Decimal(10**13)), *[("a", "2024-01-02", Decimal("0.01"))] * 60]
    rows += [("a", "2024-01-03", Decimal(-(10**13)), True)]
    many = [("b", "2024-01-01", Decimal(4 * 10**13), False)] * 11
    history = build([(*row, False)[:4] for row in rows] + many, "is_return")
    number = declared(lambda e: e["amount"].sum(), of="transactions")
    frame = observe(history, asked("2024-02-01", "2024-01-03"), [number], engine=engine)
    assert frame["thing"].tolist() == [0.6, 10000000000000.6]


def test_sums_that_pass_64_bits_are_doubles(build: Build, declared: Made) -> None:
    history = build([("a", "2024-01-01", Decimal(99 * 10**12))] * 40)
    frame = observe(history, asked("2024-02-01"), [declared(lambda e: e["amount"].sum())])
    assert frame["thing"].tolist() == [pytest.approx(99e12 * 40, rel=1e-15)]


def test_equal_amounts_do_not_deviate(build: Build, declared: Made, engine: Engine) -> None:
    history = build([("a", f"2024-01-0{day}", 19.99) for day in range(1, 8)])
    frame = observe(history, asked("2024-02-01"), [declared(lambda e: e["amount"].std())], engine=engine)
    assert frame["thing"].tolist() == [0]


@pytest.mark.parametrize("at_once", [1, 3, 7])
def test_blocks_of_the_spine_are_answered_alike(
    history: History,
    everyone: Everyone,
    midnights: pd.DatetimeIndex,
    odd_hours: pd.DatetimeIndex,
    declared: Made,
    monkeypatch: pytest.MonkeyPatch,
    at_once: int,
) -> None:
    spine = everyone(pd.DatetimeIndex([*midnights[1:3], odd_hours[0]])).iloc[:400:3]
    spine = pd.concat([spine, spine.iloc[:20]])
    words: list[tuple[Declare, str | None]] = [
        (lambda e: e["amount"].sum(), None),
        (lambda e: e.within(91)["amount"].sum(half_life_days=9), "category"),
        (lambda e: e.by_day()["gap_days"].last(), None),
        (lambda e: e["channel"].top(), None),
        (lambda e: e["category"].entropy(), None),
    ]
    numbers = [replace(declared(say, by=by), name=f"thing_{at}") for at, (say, by) in enumerate(words)]
    whole = observe(history, spine, numbers)
    monkeypatch.setattr(keyed, "BLOCK", at_once)
    pd.testing.assert_frame_equal(observe(history, spine, numbers), whole, check_exact=True)


def test_who_has_a_late_row_is_asked_alone_and_nobody_else_is_changed(
    build: Build, declared: Made, engine: Engine
) -> None:
    rows = [
        ("a", "2024-01-01", 1, "2024-01-01"),
        ("a", "2024-01-05", 2, "2024-01-20"),
        ("a", "2024-01-09", 4, None),
        ("b", "2024-01-02", 8, None),
        ("b", "2024-01-09", 16, "2024-01-10"),
    ]
    history = build(rows, "known_time")
    cutoffs = ["2024-01-10", "2024-01-11", "2024-01-20", "2024-01-21"]
    spine = pd.concat([asked(*cutoffs, who=who) for who in "ba"], ignore_index=True)
    for say, of_b, of_a in [
        (lambda e: e["amount"].sum(), [8, 24, 24, 24], [5, 5, 5, 7]),
        (lambda e: e.by_day()["gap_days"].sum(), [0, 7, 7, 7], [8, 8, 8, 8]),
        (lambda e: e.by_day()["gap_days"].max().fill(-1), [-1, 7, 7, 7], [8, 8, 8, 4]),
        (lambda e: e["amount"].distinct(), [1, 2, 2, 2], [2, 2, 2, 3]),
        (lambda e: e["age_days"].min(), [8, 2, 11, 12], [1, 2, 11, 12]),
    ]:
        frame = observe(history, spine, [declared(say)], engine=engine)
        assert frame["thing"].tolist() == [*of_b, *of_a]


def test_only_numbers_of_a_customer_are_computed(build: Build, declared: Made, engine: Engine) -> None:
    history = build([("a", "2024-01-01", 1)])
    with pytest.raises(TypeError, match=r"write e\['amount'\].sum\(\), not e\['amount'\]"):
        observe(history, asked("2024-02-01"), [declared(lambda e: e["amount"].sum() * e["amount"])], engine=engine)
