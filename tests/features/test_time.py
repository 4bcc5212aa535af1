"""What lies at or after a cutoff, or is not yet known at it, changes no feature; the instants by hand."""

from collections.abc import Callable

import pandas as pd
import pytest
from sqlglot import exp

from features.engine import run
from features.engine.door import admit
from features.engine.parts import AT, CUTOFF
from features.engine.query import Period, write
from features.engine.run import observe, outcome
from features.history import History
from features.library import FEATURES, POPULATIONS, TARGETS

PAST = {**FEATURES, **POPULATIONS}
Rows = pd.DataFrame
Change = Callable[[Rows, pd.Timestamp], Rows]
SAME_DAY_BLIND = {"tenure_days", "recency_share"}
"""An event of the cutoff's own day has age 0, so these cannot show that it was looked at."""


def _truncated(rows: Rows, cutoff: pd.Timestamp) -> Rows:
    return rows[rows["time"] < cutoff]


def _continued(rows: Rows, cutoff: pd.Timestamp) -> Rows:
    future = [rows.assign(time=cutoff + pd.Timedelta(days), known_time=None) for days in ("0D", "1us", "1D", "40D")]
    return pd.concat([rows, *future])


def _shuffled(rows: Rows, _cutoff: pd.Timestamp) -> Rows:
    return rows.sample(frac=1, random_state=7)


def _without_late(rows: Rows, cutoff: pd.Timestamp) -> Rows:
    return rows[~(rows["known_time"] >= cutoff)]


def _with_late(rows: Rows, cutoff: pd.Timestamp) -> Rows:
    known = [cutoff, cutoff + pd.Timedelta("1us"), cutoff + pd.Timedelta("9D")]
    late = [rows.assign(time=cutoff - pd.Timedelta("3D"), known_time=each) for each in known]
    return pd.concat([rows, *late])


CHANGES: dict[str, Change] = {
    "truncated": _truncated,
    "continued": _continued,
    "shuffled": _shuffled,
    "without late": _without_late,
    "with late": _with_late,
}


@pytest.fixture(scope="module")
def spines(
    everyone: Callable[[pd.DatetimeIndex], Rows], midnights: pd.DatetimeIndex, odd_hours: pd.DatetimeIndex
) -> list[Rows]:
    return [everyone(cutoffs[[place]]) for cutoffs in (midnights, odd_hours) for place in (1, 3)]


def _features(rows: Rows, spines: list[Rows], change: Change | None = None) -> Rows:
    """Observe everything at each spine's cutoff, from rows that were changed for that cutoff."""
    frames = []
    for spine in spines:
        changed = change(rows, spine["cutoff"].iloc[0]) if change else rows
        admitted = admit("changed", {"transactions": changed}, end=pd.Timestamp("2027-01-01"))
        frames.append(observe(admitted, spine, list(PAST.values())))
    return pd.concat(frames, ignore_index=True)


@pytest.fixture(scope="module")
def frames(purchases: Rows, spines: list[Rows]) -> dict[str, Rows]:
    return {
        "as drawn": _features(purchases, spines),
        **{name: _features(purchases, spines, change) for name, change in CHANGES.items()},
    }


def _check_same(frames: dict[str, Rows], change: str, name: str) -> None:
    """Compare bit for bit."""
    pd.testing.assert_series_equal(frames["as drawn"][name], frames[change][name], check_exact=True)


@pytest.mark.parametrize("name", PAST)
@pytest.mark.parametrize("change", CHANGES)
def test_only_what_was_known_before_the_cutoff_counts(frames: dict[str, Rows], change: str, name: str) -> None:
    _check_same(frames, change, name)


@pytest.mark.parametrize("name", PAST)
def test_the_drawn_rows_would_show_a_difference(frames: dict[str, Rows], name: str) -> None:
    assert len(set(frames["as drawn"][name].dropna())) > 1


@pytest.fixture(scope="module")
def looking_ahead(purchases: Rows, spines: list[Rows]) -> dict[str, Rows]:
    """Observe with a planted bug: the event at the cutoff, and what was not yet known, count as past."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "_written", write)  # past the queries that are kept
        patch.setattr(Period, "holds", lambda _self, *, known: exp.LTE(this=AT, expression=CUTOFF))
        return {
            "as drawn": _features(purchases, spines[1:3]),
            **{name: _features(purchases, spines[1:3], CHANGES[name]) for name in ("truncated", "continued")},
        }


@pytest.fixture(scope="module")
def knowing_ahead(purchases: Rows, spines: list[Rows]) -> dict[str, Rows]:
    """Observe with a planted bug: rows count before they are known."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "_written", write)  # past the queries that are kept
        patch.setattr(Period, "holds", lambda _self, *, known: exp.LT(this=AT, expression=CUTOFF))
        return {
            "as drawn": _features(purchases, spines[1:3]),
            **{name: _features(purchases, spines[1:3], CHANGES[name]) for name in ("without late", "with late")},
        }


@pytest.mark.parametrize("name", sorted(set(PAST) - SAME_DAY_BLIND))
@pytest.mark.parametrize("change", ["truncated", "continued"])
def test_a_planted_look_ahead_is_found(looking_ahead: dict[str, Rows], change: str, name: str) -> None:
    with pytest.raises(AssertionError):
        _check_same(looking_ahead, change, name)


@pytest.mark.parametrize("name", PAST)
def test_a_planted_reading_of_late_rows_is_found(knowing_ahead: dict[str, Rows], name: str) -> None:
    with pytest.raises(AssertionError):
        _check_same(knowing_ahead, "with late", name)


# By hand: one customer, one cutoff, an event moved over each boundary.

Build = Callable[..., History]
BEFORE = [("a", "2024-01-10 09:00", 5.0, "tea", 1.0), ("a", "2024-02-10", 7.0, "tea", 0.0)]


@pytest.fixture(params=["2024-06-01", "2024-06-01 13:37"])
def cutoff(request: pytest.FixtureRequest) -> pd.Timestamp:
    return pd.Timestamp(request.param)


def _asked(cutoff: pd.Timestamp, category: str = "tea") -> Rows:
    return pd.DataFrame({"customer_id": ["a"], "cutoff": [cutoff], "category": [category]})


def _one(build: Build, rows: list[tuple[object, ...]], cutoff: pd.Timestamp) -> pd.Series:
    """Give every feature, and every target over 30 days."""
    history = build(rows, "category", "discount")
    past = observe(history, _asked(cutoff), list(PAST.values()))
    future = outcome(history, _asked(cutoff), list(TARGETS.values()), horizon_days=30)
    return past.join(future[list(TARGETS)])[[*PAST, *TARGETS]].iloc[0]


def test_an_event_at_the_cutoff_belongs_to_the_future(build: Build, cutoff: pd.Timestamp) -> None:
    without = _one(build, list(BEFORE), cutoff)
    at = _one(build, [*BEFORE, ("a", cutoff.isoformat(), 3.0, "tea", 0.5)], cutoff)
    pd.testing.assert_series_equal(without[list(PAST)], at[list(PAST)], check_exact=True)
    assert without[list(TARGETS)].to_dict() == {"churned": 1, "orders": 0, "future_spend": 0, "bought_category": 0}
    assert at[list(TARGETS)].to_dict() == {"churned": 0, "orders": 1, "future_spend": 3, "bought_category": 1}


def test_an_event_just_before_the_cutoff_belongs_to_the_past(build: Build, cutoff: pd.Timestamp) -> None:
    just_before = (cutoff - pd.Timedelta("1us")).isoformat()
    without = _one(build, list(BEFORE), cutoff)
    with_it = _one(build, [*BEFORE, ("a", just_before, 3.0, "fish", 0.5)], cutoff)
    assert without[list(TARGETS)].equals(with_it[list(TARGETS)])
    assert with_it["spend"] == without["spend"] + 3
    assert with_it["days_since_last"] == (1 if cutoff == cutoff.normalize() else 0)


@pytest.mark.parametrize(("before", "inside"), [("0us", 0), ("1us", 1), ("28D", 1), ("28D 1us", 0)])
def test_a_window_holds_its_first_instant_and_not_its_last(
    build: Build, cutoff: pd.Timestamp, before: str, inside: int
) -> None:
    event = ("a", (cutoff - pd.Timedelta(before)).isoformat(), 3.0, "fish", 0.5)
    seen = _one(build, [*BEFORE, event], cutoff)
    assert seen["purchase_days_28d"] == inside
    assert seen["spend_28d"] == 3 * inside
    assert seen["active_28d"] == inside


@pytest.mark.parametrize(("after", "inside"), [("-1us", 0), ("0us", 1), ("29D 23:59:59.999999", 1), ("30D", 0)])
def test_a_horizon_holds_its_first_instant_and_not_its_last(
    build: Build, cutoff: pd.Timestamp, after: str, inside: int
) -> None:
    seen = _one(build, [*BEFORE, ("a", (cutoff + pd.Timedelta(after)).isoformat(), 3.0, "tea", 0.5)], cutoff)
    assert seen[list(TARGETS)].tolist() == [1 - inside, inside, 3 * inside, inside]


@pytest.mark.parametrize(("known", "spend"), [("-1us", 15), ("0us", 12), ("1D", 12), (None, 15)])
def test_a_row_counts_once_it_is_known(build: Build, cutoff: pd.Timestamp, known: str | None, spend: int) -> None:
    when = None if known is None else (cutoff + pd.Timedelta(known)).isoformat()
    rows = [(*row[:3], None) for row in BEFORE] + [("a", "2024-03-01", 3.0, when)]
    history = build(rows, "known_time")
    assert observe(history, _asked(cutoff), [FEATURES["spend"]])["spend"].tolist() == [spend]


def test_a_horizon_counts_rows_however_late_they_become_known(build: Build, cutoff: pd.Timestamp) -> None:
    history = build([("a", cutoff.isoformat(), 3.0, "2025-12-01"), ("a", "2024-01-01", 1.0, None)], "known_time")
    paid = outcome(history, _asked(cutoff), [TARGETS["future_spend"]], horizon_days=30)
    assert paid["future_spend"].tolist() == [3]
