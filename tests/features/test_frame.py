"""A frame from one reading of the rows, beside the spine and what is observed of it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.cutoffs import spine
from features.declaration import Declaration
from features.engine import buckets
from features.engine.candidates import candidates
from features.engine.run import at_once, observe
from features.engine.stored import stored
from features.expression import Events
from features.frame import frame
from features.history import History
from features.library import FEATURES, POPULATIONS, chosen
from features.nobody import NobodyAsked
from features.tables import VIEWS
from tests.features.kernel.declarations import declarations
from tests.features.kernel.histories import MIDNIGHT, drawn
from tests.features.kernel.test_beside_duckdb import LOOK, SEEDS

Build = Callable[..., History]
LAPSED = replace(
    POPULATIONS["known"], name="lapsed", node=(Events(view="purchases").within(30).count() == 0).node, empty=1.0
)
"""Holds also where there is nothing: whoever is known a moment too early is seen."""
PLAIN = [LAPSED, *(each for each in POPULATIONS.values() if not (each.by or each.anchored))]
CUSTOMERS = [each for each in FEATURES.values() if not (each.by or each.sql_only)]
INSTANTS = [MIDNIGHT + pd.Timedelta(text) for text in ("-30D", "-7D", "-1D", "0D", "1D", "7D", "30D")]
ODD = [MIDNIGHT + pd.Timedelta(text) for text in ("-31D13:37:11.5", "-1us", "1us", "23:59:59.999999")]


def in_two_steps(
    history: History, cutoffs: list[pd.Timestamp], population: Declaration, features: list[Declaration]
) -> pd.DataFrame | None:
    """List who could be asked about and observe whether they are; then observe them. None where that is nobody."""
    could = candidates(history, cutoffs, view=population.of, categories=None)
    who = could[observe(history, could, [population], engine="duckdb")[population.name] == 1]
    return observe(history, who.reset_index(drop=True), features) if len(who) else None


def in_one(
    history: History, cutoffs: list[pd.Timestamp], population: Declaration, features: list[Declaration]
) -> pd.DataFrame | None:
    try:
        return frame(history, cutoffs, population=population, features=features)
    except NobodyAsked:
        return None


def check(one: pd.DataFrame | None, two: pd.DataFrame | None) -> None:
    assert (one is None) == (two is None)
    if one is not None and two is not None:
        pd.testing.assert_frame_equal(one, two, check_exact=True)


@LOOK
@given(
    SEEDS,
    st.lists(st.sampled_from([*INSTANTS, *INSTANTS, *ODD]), min_size=1, max_size=6),
    st.sampled_from(PLAIN),
    declarations(alone=True),
)
def test_a_frame_is_its_spine_s(
    seed: int, cutoffs: list[pd.Timestamp], population: Declaration, declared: list[Declaration]
) -> None:
    """Whatever is late, missing, twice or at odd hours; cutoffs come in any order, and more than once."""
    history = drawn(seed).history
    features = [each for each in declared if not each.by]
    distinct = pd.DatetimeIndex(cutoffs).unique()
    in_steps = VIEWS[population.of].timeless or any(each.sql_only for each in features)
    assert at_once(history, distinct, population, features) != in_steps
    found = in_one(history, cutoffs, population, features)
    check(found, in_two_steps(history, cutoffs, population, features))
    if found is not None:
        pd.testing.assert_frame_equal(spine(history, population, cutoffs), found[["customer_id", "cutoff"]])


def test_nobody_is_known_before_their_first_row_though_it_was_announced(build: Build) -> None:
    rows = [("a", "2024-01-01", 1, "2024-01-01"), ("b", "2024-01-20", 1, "2024-01-05")]
    history = build(rows, "known_time")
    cutoffs = [pd.Timestamp("2024-01-10"), pd.Timestamp("2024-03-01")]
    found = in_one(history, cutoffs, LAPSED, [])
    assert found is not None
    assert found.to_numpy().tolist() == [["a", cutoffs[1]], ["b", cutoffs[1]]]
    check(found, in_two_steps(history, cutoffs, LAPSED, []))


@pytest.fixture
def cutoffs(midnights: pd.DatetimeIndex, odd_hours: pd.DatetimeIndex) -> list[pd.Timestamp]:
    return [midnights[3], odd_hours[2], midnights[1]]


@pytest.mark.parametrize("population", PLAIN, ids=lambda each: each.name)
def test_the_library_s_populations_and_features_are_their_spine_s(
    history: History, cutoffs: list[pd.Timestamp], population: Declaration
) -> None:
    one = in_one(history, cutoffs, population, CUSTOMERS)
    assert one is not None
    assert list(one) == ["customer_id", "cutoff", *(each.name for each in CUSTOMERS)]
    check(one, in_two_steps(history, cutoffs, population, CUSTOMERS))


@pytest.mark.parametrize("count", [2, 7])
def test_a_frame_is_the_same_in_buckets(
    history: History, cutoffs: list[pd.Timestamp], count: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """In memory, and written to files by bucket."""
    population, features = POPULATIONS["active_91d"], chosen(["spend", "categories_ever", "spend_28d"])
    whole = frame(history, cutoffs, population=population, features=features)
    largest = max(len(table) for table in history.tables.values())  # type: ignore[arg-type]
    monkeypatch.setattr(buckets, "ROWS", -(-largest // count))
    parts = frame(history, cutoffs, population=population, features=features)
    pd.testing.assert_frame_equal(parts, whole, check_exact=True)
    who = frame(history, cutoffs, population=population, features=features, to=tmp_path / "frame")
    pd.testing.assert_frame_equal(who, whole[["customer_id", "cutoff"]])
    assert len(list((tmp_path / "frame").glob("*/*.parquet"))) == count * len(cutoffs)
    read = stored(tmp_path / "frame").sort_values(["cutoff", "customer_id"], ignore_index=True)
    pd.testing.assert_frame_equal(read, whole, check_exact=True)


def test_nobody_leaves_no_folder(history: History, tmp_path: Path) -> None:
    early = pd.Timestamp("1999-01-01")
    with pytest.raises(NobodyAsked, match=r"nobody in .* is 'known' at \['1999-01-01'\]"):
        frame(history, [early], population=POPULATIONS["known"], features=chosen(["spend"]), to=tmp_path / "frame")
    assert not (tmp_path / "frame").exists()


def test_what_cannot_be_asked_is_refused(history: History, cutoffs: list[pd.Timestamp]) -> None:
    known, spend = POPULATIONS["known"], chosen(["spend"])
    with pytest.raises(ValueError, match="lies beyond the data"):
        frame(history, [history.end + pd.Timedelta("1us")], population=known, features=spend)
    with pytest.raises(ValueError, match="asked for more than once"):
        frame(history, cutoffs, population=known, features=[*spend, *spend])
