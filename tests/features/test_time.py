"""What lies at or after a cutoff, or is not yet known at it, changes no feature; planted look-aheads are found."""

from collections.abc import Callable
from typing import get_args

import pandas as pd
import pytest

from features.engine.door import admit
from features.engine.run import Engine, observe
from features.library import FEATURES, POPULATIONS
from features.policy import Policy
from features.tables import VIEWS

PAST = {**FEATURES, **{name: each for name, each in POPULATIONS.items() if not each.anchored}}
Rows = pd.DataFrame
Tables = dict[str, Rows]
Change = Callable[[Rows, pd.Timestamp], Rows]
SAME_DAY_BLIND = {"tenure_days"}
"""An event of the cutoff's own day has age 0, so this shows a look-ahead of a day only."""
DATED = {name: each for name, each in PAST.items() if not VIEWS[each.of].timeless}
"""What is known of customers themselves was always known: there is nothing to look ahead at."""


def _moved(rows: Rows, time: pd.Timestamp, known: pd.Timestamp | None) -> Rows:
    """Let rows happen at a time; contracts begin then, and those that end are over an hour later."""
    if "start" in rows:
        over = rows["end"].mask(rows["end"].notna(), time + pd.Timedelta("1h"))
        return rows.assign(start=time, end=over, known_time=known)
    return rows.assign(time=time, known_time=known)


def _truncated(rows: Rows, cutoff: pd.Timestamp) -> Rows:
    if "start" not in rows:
        return rows[rows["time"] < cutoff]
    begun = rows[rows["start"] < cutoff]
    return begun.assign(end=begun["end"].where(begun["end"] < cutoff))


def _continued(rows: Rows, cutoff: pd.Timestamp) -> Rows:
    """Repeat everything at the cutoff and after it; contracts that were open end."""
    if "start" in rows:
        rows = rows.assign(end=rows["end"].fillna(rows["start"].where(rows["start"] > cutoff, cutoff)))
    return pd.concat([rows, *(_moved(rows, cutoff + pd.Timedelta(ahead), None) for ahead in ("0D", "1us", "40D"))])


def _later(rows: Rows, cutoff: pd.Timestamp) -> Rows:
    """Repeat everything a day after the cutoff."""
    return pd.concat([_truncated(rows, cutoff), _moved(rows, cutoff + pd.Timedelta("1D"), None)])


def _refunded(rows: Rows, cutoff: pd.Timestamp) -> Rows:
    """Take everything back at the cutoff and after it."""
    if "is_return" not in rows:
        return rows
    bought = rows[(rows["amount"] > 0) & (rows["time"] < cutoff)]
    back = bought.assign(amount=-bought["amount"], is_return=True, known_time=None)
    return pd.concat([rows, back.assign(time=cutoff), back.assign(time=cutoff + pd.Timedelta("1h"))])


def _shuffled(rows: Rows, _cutoff: pd.Timestamp) -> Rows:
    return rows.sample(frac=1, random_state=7)


def _without_late(rows: Rows, cutoff: pd.Timestamp) -> Rows:
    return rows[~(rows["known_time"] >= cutoff)]


def _with_late(rows: Rows, cutoff: pd.Timestamp) -> Rows:
    known = [cutoff, cutoff + pd.Timedelta("1us"), cutoff + pd.Timedelta("9D")]
    return pd.concat([rows, *(_moved(rows, cutoff - pd.Timedelta("3D"), each) for each in known)])


CHANGES: dict[str, Change] = {
    "truncated": _truncated,
    "continued": _continued,
    "later": _later,
    "refunded": _refunded,
    "shuffled": _shuffled,
    "without late": _without_late,
    "with late": _with_late,
}


@pytest.fixture(scope="module", params=get_args(Engine))
def engine(request: pytest.FixtureRequest) -> Engine:
    """Give each engine that `observe` knows."""
    given: Engine = request.param
    return given


@pytest.fixture(scope="module")
def spines(
    everyone: Callable[[pd.DatetimeIndex], Rows], midnights: pd.DatetimeIndex, odd_hours: pd.DatetimeIndex
) -> list[Rows]:
    return [everyone(cutoffs[[place]]) for cutoffs in (midnights, odd_hours) for place in (1, 3)]


def _features(
    drawn: Tables,
    spines: list[Rows],
    engine: Engine = "kernel",
    *,
    change: str | None = None,
    ahead: str = "0us",
    known: bool = True,
) -> Rows:
    """Observe everything at each spine's cutoff, from tables that were changed for that cutoff.

    Two bugs can be planted: to look `ahead`, and, without `known`, to read rows that are not yet known.
    """
    frames = []
    for spine in spines:
        tables = {name: _changed(rows, spine["cutoff"].iloc[0], change) for name, rows in drawn.items()}
        if not known:
            tables = {name: rows.drop(columns="known_time", errors="ignore") for name, rows in tables.items()}
        admitted = admit("changed", {**tables}, end=pd.Timestamp("2027-01-01"), policy=Policy(grace_days=7))
        asked = spine.assign(cutoff=spine["cutoff"] + pd.Timedelta(ahead))
        frames.append(observe(admitted, asked, list(PAST.values()), engine=engine))
    return pd.concat(frames, ignore_index=True)


def _changed(rows: Rows, cutoff: pd.Timestamp, change: str | None) -> Rows:
    """Change a table; what is known of customers themselves was always known."""
    return rows if change is None or "age" in rows else CHANGES[change](rows, cutoff)


@pytest.fixture(scope="module")
def frames(drawn: Tables, spines: list[Rows], engine: Engine) -> Tables:
    changed = {name: _features(drawn, spines, engine, change=name) for name in CHANGES}
    return {"as drawn": _features(drawn, spines, engine), **changed}


def _check_same(frames: Tables, change: str, name: str) -> None:
    """Compare bit for bit."""
    pd.testing.assert_series_equal(frames["as drawn"][name], frames[change][name], check_exact=True)


@pytest.mark.parametrize("name", PAST)
@pytest.mark.parametrize("change", CHANGES)
def test_only_what_was_known_before_the_cutoff_counts(frames: Tables, change: str, name: str) -> None:
    _check_same(frames, change, name)


@pytest.mark.parametrize("name", PAST)
def test_the_drawn_rows_would_show_a_difference(frames: Tables, name: str) -> None:
    assert len(set(frames["as drawn"][name].dropna())) > 1


# An engine that looks ahead by a little answers like one that is asked a little later: every feature shows it.


@pytest.fixture(scope="module")
def looking_ahead(drawn: Tables, spines: list[Rows]) -> dict[str, Tables]:
    """Look at the instant of the cutoff, and at two days."""
    changes = {"1us": ("truncated", "continued"), "2D": ("later",)}
    return {
        ahead: {
            "as drawn": _features(drawn, spines, change="truncated" if ahead == "2D" else None, ahead=ahead),
            **{name: _features(drawn, spines, change=name, ahead=ahead) for name in names},
        }
        for ahead, names in changes.items()
    }


@pytest.fixture(scope="module")
def knowing_ahead(drawn: Tables, spines: list[Rows]) -> Tables:
    """Count rows before they are known."""
    changed = {"with late": _features(drawn, spines[1:3], change="with late", known=False)}
    return {"as drawn": _features(drawn, spines[1:3], known=False), **changed}


@pytest.mark.parametrize("name", sorted(set(DATED) - SAME_DAY_BLIND))
@pytest.mark.parametrize("change", ["truncated", "continued"])
def test_a_look_at_the_cutoff_would_be_found(looking_ahead: dict[str, Tables], change: str, name: str) -> None:
    with pytest.raises(AssertionError):
        _check_same(looking_ahead["1us"], change, name)


@pytest.mark.parametrize("name", DATED)
def test_a_look_at_the_days_after_would_be_found(looking_ahead: dict[str, Tables], name: str) -> None:
    with pytest.raises(AssertionError):
        _check_same(looking_ahead["2D"], "later", name)


@pytest.mark.parametrize("name", DATED)
def test_a_reading_of_late_rows_would_be_found(knowing_ahead: Tables, name: str) -> None:
    with pytest.raises(AssertionError):
        _check_same(knowing_ahead, "with late", name)
