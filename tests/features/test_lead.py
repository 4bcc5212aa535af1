"""A lead: the horizon begins days after the cutoff; what a target compares it with still ends at the cutoff."""

import re
from collections.abc import Callable
from typing import get_args

import pandas as pd
import pytest

from features.engine.door import admit
from features.engine.run import Engine, check_horizon, outcome
from features.history import History
from features.library import TARGETS
from tests.features.oracle.every import FUTURE, check, expected
from tests.features.oracle.rows import customers

Build = Callable[..., History]
DAY = pd.Timestamp


@pytest.fixture(scope="module", params=get_args(Engine))
def engine(request: pytest.FixtureRequest) -> Engine:
    """Give each engine that `outcome` knows."""
    given: Engine = request.param
    return given


def _asked(cutoff: str, *ids: str) -> pd.DataFrame:
    return pd.DataFrame({"customer_id": pd.Series(ids, dtype="str"), "cutoff": DAY(cutoff)})


@pytest.mark.parametrize("cutoff", ["2024-03-01", "2024-03-01 10:30"])
def test_a_horizon_begins_at_its_lead_and_ends_before_its_end(build: Build, engine: Engine, cutoff: str) -> None:
    at = {
        "before": DAY(cutoff) + pd.Timedelta("7D") - pd.Timedelta("1us"),
        "first": DAY(cutoff) + pd.Timedelta("7D"),
        "last": DAY(cutoff) + pd.Timedelta("37D") - pd.Timedelta("1us"),
        "after": DAY(cutoff) + pd.Timedelta("37D"),
    }
    history = build([(who, time, 5.0) for who, time in at.items()])
    made = outcome(
        history, _asked(cutoff, *at), [TARGETS["churned"]], horizon_days=30, lead_days=7, engine=engine
    ).set_index("customer_id")
    assert made["churned"].to_dict() == {"before": 1, "first": 0, "last": 0, "after": 1}
    assert set(made["cutoff"]) == {DAY(cutoff)}


def test_the_past_ends_at_the_cutoff_whatever_the_lead(build: Build, engine: Engine) -> None:
    history = build(
        [
            *[(who, "2024-02-01", 84.0) for who in ("kept", "fell", "bridged")],
            ("kept", "2024-03-09", 3.0),
            ("fell", "2024-03-09", 1.0),
            ("fell", "2023-12-07 23:59:59", 900.0),
            ("bridged", "2024-03-09", 3.0),
            ("bridged", "2024-03-01", 500.0),
        ]
    )
    names = ["kept", "fell", "bridged"]
    target = [TARGETS["spend_fell_50"]]
    late = outcome(history, _asked("2024-03-01", *names), target, horizon_days=4, lead_days=7, engine=engine)
    assert late["spend_fell_50"].tolist() == [0, 1, 0]
    at_once = outcome(history, _asked("2024-03-08", *names), target, horizon_days=4, engine=engine)
    assert at_once["spend_fell_50"].tolist() == [0, 1, 1]


def test_who_was_whom_is_asked_at_the_cutoff(engine: Engine) -> None:
    sales = pd.DataFrame(
        [("a", "2024-01-01", 1.0), ("a", "2024-02-20", 2.0), ("b", "2024-02-21", 4.0)],
        columns=["customer_id", "time", "amount"],
    )
    merged = pd.DataFrame({"customer_id": ["a"], "into": ["b"], "time": ["2024-02-12"]})
    history = admit("shop", {"transactions": sales, "identities": merged}, end=DAY("2024-04-01"))
    made = outcome(
        history,
        _asked("2024-02-10", "a", "b"),
        [TARGETS["future_spend"]],
        horizon_days=20,
        lead_days=5,
        engine=engine,
    )
    assert made["future_spend"].tolist() == [2.0, 4.0]


def test_a_horizon_counts_what_was_known_by_an_instant_after_the_lead(build: Build, engine: Engine) -> None:
    history = build(
        [("a", "2024-03-10", 1.0, None), ("a", "2024-03-11", 2.0, "2024-04-01")], "known_time", end="2024-06-01"
    )
    target, asked = [TARGETS["future_spend"]], _asked("2024-03-01", "a")
    for by, spend in (("2024-04-01", 1.0), ("2024-04-01 00:00:01", 3.0)):
        made = outcome(history, asked, target, horizon_days=10, lead_days=7, known_by=DAY(by), engine=engine)
        assert made["future_spend"].tolist() == [spend]


def test_a_lead_must_end_with_its_horizon_within_the_history(build: Build, engine: Engine) -> None:
    history = build([("a", "2024-01-01", 1.0)], end="2024-03-31")
    message = (
        "the 30-day horizon of cutoff 2024-02-27, 4 days after it, ends after the history of built (2024-03-31); "
        "use a cutoff up to 2024-02-26"
    )
    target = [TARGETS["churned"]]
    with pytest.raises(ValueError, match=re.escape(message)):
        outcome(history, _asked("2024-02-27", "a"), target, horizon_days=30, lead_days=4, engine=engine)
    made = outcome(history, _asked("2024-02-26", "a"), target, horizon_days=30, lead_days=4, engine=engine)
    assert made["churned"].tolist() == [1]
    with pytest.raises(ValueError, match="lead_days must be at least 0, not -1: a horizon begins at its cutoff"):
        outcome(history, _asked("2024-02-01", "a"), target, horizon_days=30, lead_days=-1, engine=engine)
    with pytest.raises(ValueError, match="ends after the history of built"):
        check_horizon(history, pd.DatetimeIndex(["2024-02-27"]), horizon_days=30, lead_days=4)


@pytest.fixture(scope="module")
def drawn_lead(
    history: History,
    drawn: dict[str, pd.DataFrame],
    everyone: Callable[[pd.DatetimeIndex], pd.DataFrame],
    midnights: pd.DatetimeIndex,
    odd_hours: pd.DatetimeIndex,
    engine: Engine,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give every target and its loop, at a midnight and an odd hour."""
    every = customers(drawn, end=history.end, grace_days=history.grace_days)
    frames, loops = [], []
    for cutoffs in (midnights[[1]], odd_hours[[2]]):
        spine = everyone(cutoffs)
        targets = list(TARGETS.values())
        frames.append(outcome(history, spine, targets, horizon_days=41, lead_days=28, engine=engine))
        loops.append(expected(every, spine, list(FUTURE), horizon_days=41, lead_days=28))
    return pd.concat(frames, ignore_index=True), pd.concat(loops, ignore_index=True)


@pytest.mark.parametrize("name", FUTURE)
def test_a_target_with_a_lead_equals_its_loop(drawn_lead: tuple[pd.DataFrame, pd.DataFrame], name: str) -> None:
    frame, loops = drawn_lead
    check(frame, loops, name)
    assert len(set(loops[name].dropna())) > 1
