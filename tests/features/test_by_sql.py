"""The SQL engine at its edges, by hand: a cutoff alone, cutoffs beside each other, and cutoffs that are joined."""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import pandas as pd
import pytest

from features.declaration import Declaration
from features.engine.run import Engine, observe, outcome
from features.engine.sql import answer as sql
from features.expression import Events
from features.history import History

Declare = Callable[[Events], Any]
Made = Callable[..., Declaration]
Build = Callable[..., History]
Way = Literal["alone", "beside", "joined"]

MIDNIGHT, NOON = pd.Timestamp("2024-02-01"), pd.Timestamp("2024-02-01 12:00")
ROWS = [
    ("a", "2024-01-01 10:00", 1.0, "web", None),
    ("a", "2024-01-05 09:00", 2.0, "store", None),
    ("a", "2024-01-05 18:00", 4.0, "web", None),
    ("a", "2024-01-20 12:00", 8.0, "web", "2024-02-01"),
    ("a", "2024-01-31 23:59:59.999999", 16.0, None, None),
    ("a", "2024-02-01 12:00", 32.0, "phone", None),
    ("b", "2023-06-01", 7.0, "web", None),
]


@pytest.fixture(params=["kernel", "duckdb"])
def engine(request: pytest.FixtureRequest) -> Engine:
    made: Engine = request.param
    return made


@pytest.fixture(params=["alone", "beside", "joined"])
def way(request: pytest.FixtureRequest) -> Way:
    made: Way = request.param
    return made


def spine_of(way: Way, cutoff: pd.Timestamp) -> pd.DataFrame:
    """Ask about a, b and one unknown at a cutoff: at it alone, at more of them too, or twice and
    others at many others.
    """
    here = pd.DataFrame({"customer_id": ["a", "b", "nobody"], "cutoff": cutoff})
    if way == "alone":
        return here
    if way == "beside":
        return pd.concat([here.assign(cutoff=cutoff - pd.Timedelta(days=days)) for days in (0, 1, 27, 200)])
    others = [f"other {number}" for number in range(30)]
    cutoffs = [cutoff - pd.Timedelta(days=number + 1) for number in range(30)]
    return pd.concat([here, pd.DataFrame({"customer_id": others, "cutoff": cutoffs}), here])


def rows(build: Build, *, late: bool) -> History:
    """Build the rows, with the times at which they became known or without."""
    made = [row if late else row[:4] for row in ROWS]
    return build(made, "channel", *(["known_time"] if late else []), end="2024-03-01")


def numbers(frame: pd.DataFrame) -> list[float | None]:
    """Give what is said of a, b and the unknown one."""
    return [None if pd.isna(each) else float(each) for each in frame["thing"][:3]]


CASES: dict[str, tuple[Declare, dict[str, float | None]]] = {
    # what is said of a: at midnight, at noon, and at both where one row became known at midnight
    "rows": (lambda e: e.count(), {"midnight": 5, "noon": 5, "late midnight": 4, "late noon": 5}),
    "days with several rows": (
        lambda e: e.by_day().count(),
        {"midnight": 4, "noon": 4, "late midnight": 3, "late noon": 4},
    ),
    "days of a window from midday": (
        lambda e: e.within(27).by_day().count(),
        {"midnight": 3, "noon": 3, "late midnight": 2, "late noon": 3},
    ),
    "first day of a window from midday": (
        lambda e: e.within(27).by_day()["amount"].first(),
        {"midnight": 6, "noon": 4, "late midnight": 6, "late noon": 4},
    ),
    "gaps": (
        lambda e: e.by_day()["gap_days"].sum(),
        {"midnight": 30, "noon": 30, "late midnight": 30, "late noon": 30},
    ),
    "gaps of a window that the first day is before": (
        lambda e: e.within(28).by_day()["gap_days"].mean(),
        {"midnight": 13, "noon": 13, "late midnight": 26, "late noon": 13},
    ),
    "gaps of a window that a day begins": (
        lambda e: e.within(27).by_day()["gap_days"].mean(),
        {"midnight": 13, "noon": 13, "late midnight": 26, "late noon": 13},
    ),
    "gaps of a window after a day": (
        lambda e: e.within(26).by_day()["gap_days"].mean(),
        {"midnight": 11, "noon": 11, "late midnight": None, "late noon": 11},
    ),
    "gaps of what lies before": (
        lambda e: e.before(1).by_day()["gap_days"].sum(),
        {"midnight": 19, "noon": 19, "late midnight": 4, "late noon": 19},
    ),
    "gaps of a filter": (
        lambda e: e.where(e["amount"] > 1).by_day()["gap_days"].max(),
        {"midnight": 15, "noon": 15, "late midnight": 26, "late noon": 15},
    ),
    "gaps between days that pass": (
        lambda e: e.where(e["channel"] == "web").within(28).by_day()["gap_days"].sum(),
        {"midnight": 15, "noon": 15, "late midnight": 0, "late noon": 15},
    ),
    "gaps over days that do not pass": (
        lambda e: e.where(e["amount"] != 6).where(e["amount"] > 4).by_day()["gap_days"].sum(),
        {"midnight": 11, "noon": 11, "late midnight": 0, "late noon": 11},
    ),
    "different of a window": (
        lambda e: e.within(27)["channel"].distinct(),
        {"midnight": 2, "noon": 1, "late midnight": 2, "late noon": 1},
    ),
    "share of what lies before": (
        lambda e: e.before(12)["channel"].top_share(),
        {"midnight": 2 / 3, "noon": 2 / 3, "late midnight": 2 / 3, "late noon": 2 / 3},
    ),
    "entropy": (
        lambda e: e["channel"].entropy(),
        {
            "midnight": -(0.75 * np.log(0.75) + 0.25 * np.log(0.25)),
            "noon": -(0.75 * np.log(0.75) + 0.25 * np.log(0.25)),
            "late midnight": -(2 / 3 * np.log(2 / 3) + 1 / 3 * np.log(1 / 3)),
            "late noon": -(0.75 * np.log(0.75) + 0.25 * np.log(0.25)),
        },
    ),
    "entropy of one": (
        lambda e: e.within(26)["channel"].entropy(),
        {"midnight": 0, "noon": 0, "late midnight": None, "late noon": 0},
    ),
    "faded days": (
        lambda e: e.within(28).by_day().count(half_life_days=3),
        {
            "midnight": 2**-9 + 2**-4 + 2 ** (-1 / 3),
            "noon": 2**-9 + 2**-4 + 2 ** (-1 / 3),
            "late midnight": 2**-9 + 2 ** (-1 / 3),
            "late noon": 2**-9 + 2**-4 + 2 ** (-1 / 3),
        },
    ),
    "deviation of days": (
        lambda e: e.within(28).by_day()["amount"].std(),
        {
            "midnight": float(np.std([6, 8, 16], ddof=1)),
            "noon": float(np.std([6, 8, 16], ddof=1)),
            "late midnight": float(np.std([6, 16], ddof=1)),
            "late noon": float(np.std([6, 8, 16], ddof=1)),
        },
    ),
}


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("cutoff", [MIDNIGHT, NOON])
@pytest.mark.parametrize("name", CASES)
def test_an_edge_by_hand(
    declared: Made, build: Build, engine: Engine, way: Way, name: str, cutoff: pd.Timestamp, late: bool
) -> None:
    say, expected = CASES[name]
    frame = observe(rows(build, late=late), spine_of(way, cutoff), [declared(say)], engine=engine)
    clock = "midnight" if cutoff == MIDNIGHT else "noon"
    assert numbers(frame)[0] == pytest.approx(expected[f"late {clock}" if late else clock], abs=1e-8)


NOTHING: dict[str, tuple[Declare, dict[str, Any], list[float | None]]] = {
    "rows of the window": (lambda e: e.within(28).count(), {"empty": 9}, [4, 0, 9]),
    "days of the window": (lambda e: e.within(28).by_day().count(), {"empty": 9}, [3, 0, 9]),
    "sum over days of the window": (lambda e: e.within(28).by_day()["amount"].sum(), {"empty": 9}, [30, 9, 9]),
    "faded days of the window": (
        lambda e: e.within(2).by_day().count(half_life_days=1) * 2,
        {"empty": 9},
        [1, 9, 9],
    ),
    "different of the window": (lambda e: e.within(28)["channel"].distinct(), {"empty": 9}, [2, 0, 9]),
    "different": (lambda e: e["channel"].distinct(), {"empty": 0}, [2, 1, 0]),
    "two of which one has rows": (
        lambda e: e.within(28).by_day()["amount"].sum() + e.count(),
        {"empty": 9},
        [35, 1, 9],
    ),
    "gaps of one day": (lambda e: e.by_day()["gap_days"].max(), {"empty": -1}, [15, -1, -1]),
    "days per row": (lambda e: e.within(28).by_day().count() / e.within(28).count(), {}, [0.75, None, None]),
}


@pytest.mark.parametrize("name", NOTHING)
def test_who_has_no_rows_in_the_window_or_none_at_all(
    declared: Made, build: Build, engine: Engine, way: Way, name: str
) -> None:
    say, options, expected = NOTHING[name]
    made = observe(rows(build, late=False), spine_of(way, MIDNIGHT), [declared(say, **options)], engine=engine)
    assert numbers(made) == [None if each is None else pytest.approx(each) for each in expected]
    if way == "beside":
        before_all = made[made["cutoff"] == made["cutoff"].min()]
        assert numbers(before_all)[0] == options.get("empty")


HORIZON: dict[str, tuple[Declare, dict[str, float | None]]] = {
    "gaps": (lambda e: e.by_day()["gap_days"].mean(), {"2024-01-05": 13, "2024-01-05 12:00": 13, "2024-01-06": 6}),
    "days": (lambda e: e.by_day().count(), {"2024-01-05": 3, "2024-01-05 12:00": 3, "2024-01-06": 3}),
    "first day": (lambda e: e.by_day()["amount"].first(), {"2024-01-05": 6, "2024-01-05 12:00": 4, "2024-01-06": 8}),
    "different": (lambda e: e["channel"].distinct(), {"2024-01-05": 2, "2024-01-05 12:00": 1, "2024-01-06": 2}),
    "faded": (
        lambda e: e.by_day().count(half_life_days=13),
        {
            "2024-01-05": 1 + 2 ** (15 / 13) + 4,
            "2024-01-05 12:00": 1 + 2 ** (15 / 13) + 4,
            "2024-01-06": 2 ** (14 / 13) + 2 ** (25 / 13) + 4,
        },
    ),
}


@pytest.mark.parametrize("cutoff", ["2024-01-05", "2024-01-05 12:00", "2024-01-06"])
@pytest.mark.parametrize("name", HORIZON)
def test_a_horizon_begins_without_a_gap(
    declared: Made, build: Build, engine: Engine, way: Way, name: str, cutoff: str
) -> None:
    say, expected = HORIZON[name]
    asked = spine_of(way, pd.Timestamp(cutoff))
    history = rows(build, late=True)
    frame = outcome(history, asked, [declared(say)], horizon_days=27, engine=engine)
    assert numbers(frame)[0] == pytest.approx(expected[cutoff], abs=1e-8)


@pytest.mark.parametrize("known_by", ["2024-02-01", "2024-02-01 00:00:01"])
def test_a_horizon_leaves_out_what_was_not_known_by_then(
    declared: Made, build: Build, engine: Engine, way: Way, known_by: str
) -> None:
    asked, by = spine_of(way, pd.Timestamp("2024-01-05")), pd.Timestamp(known_by)
    made = [declared(lambda e: e.by_day()["gap_days"].max() * 10 + e["channel"].distinct() + e.count() / 10)]
    frame = outcome(rows(build, late=True), asked, made, horizon_days=27, known_by=by, engine=engine)
    assert numbers(frame)[0] == pytest.approx(262.3 if by == MIDNIGHT else 152.4)


def test_pairs_are_apart(declared: Made, build: Build, engine: Engine, way: Way) -> None:
    asked = spine_of(way, MIDNIGHT).merge(pd.DataFrame({"channel": ["web", "store", "phone", None]}), how="cross")
    made = declared(lambda e: e.by_day()["gap_days"].max() * 10 + e["channel"].distinct(), by="channel")
    frame = observe(rows(build, late=False), asked, [made], engine=engine)["thing"][:8]
    assert [None if pd.isna(each) else each for each in frame] == [151, *[None] * 7]


@pytest.mark.parametrize(
    ("amounts", "expected"),
    [
        ([10_000_000.0001, 10_000_000.0002, 10_000_000.0003], 1e-4),
        ([98_765_432.1] * 7, 0.0),
        ([1.0, 1.0 + 0.01], 0.01 / np.sqrt(2)),
        ([1.0, 900.0], 899 / np.sqrt(2)),
        ([5.0], None),
    ],
)
def test_deviations_of_near_equal_amounts_do_not_cancel(
    declared: Made, build: Build, engine: Engine, amounts: list[float], expected: float | None
) -> None:
    history = build([("a", f"2024-01-{day:02}", amount) for day, amount in enumerate(amounts, start=1)])
    asked = spine_of("alone", MIDNIGHT)
    for say in (lambda e: e["amount"].std(), lambda e: e.by_day()["amount"].std()):
        assert numbers(observe(history, asked, [declared(say)], engine=engine))[0] == (
            None if expected is None else pytest.approx(expected, rel=1e-9, abs=0)
        )


EVERYTHING: tuple[Declare, ...] = (
    lambda e: e["channel"].distinct() * 100 + e.within(9)["channel"].distinct(),
    lambda e: e["channel"].entropy() + e.before(3)["channel"].top_share(),
    lambda e: e.within(25).by_day()["gap_days"].sum() + e["amount"].sum(half_life_days=2),
    lambda e: e["channel"].top(),
)


@pytest.mark.parametrize("clock", ["0h", "12h"])
@pytest.mark.parametrize("say", EVERYTHING)
def test_more_cutoffs_than_are_counted_together_equal_one_by_one(
    declared: Made, build: Build, say: Declare, clock: str
) -> None:
    history, made = rows(build, late=True), declared(say)
    cutoffs = pd.date_range("2024-01-02", periods=3 * sql.BESIDE + 1) + pd.Timedelta(clock)
    asked = pd.DataFrame({"customer_id": ["b", "a"]}).merge(cutoffs.to_frame(name="cutoff"), how="cross")
    asked = pd.concat([asked, asked[::3]]).sample(frac=1, random_state=1, ignore_index=True)
    frame = observe(history, asked, [made], engine="duckdb")
    for cutoff in cutoffs:
        here = asked[asked["cutoff"] == cutoff]
        alone = observe(history, here, [made], engine="duckdb")["thing"]
        together = frame["thing"][here.index].reset_index(drop=True)
        pd.testing.assert_series_equal(alone, together, check_exact=True)
