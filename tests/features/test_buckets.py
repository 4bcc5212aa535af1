"""Customers in buckets: each in one, and a frame is the same however many there are."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from features.engine import buckets as module
from features.engine import run
from features.engine.buckets import buckets
from features.engine.run import Engine
from features.engine.session import connect
from features.engine.stored import stored
from features.history import History
from features.library import FEATURES, TARGETS
from features.tables import VIEWS

Build = Callable[..., History]
Everyone = Callable[[pd.DatetimeIndex], pd.DataFrame]
Run = Callable[..., pd.DataFrame]
SOME = [each for each in FEATURES.values() if not each.sql_only]


@pytest.fixture(params=["kernel", "duckdb"])
def engine(request: pytest.FixtureRequest) -> Engine:
    given: Engine = request.param
    return given


@pytest.fixture
def spine(everyone: Everyone, midnights: pd.DatetimeIndex, odd_hours: pd.DatetimeIndex) -> pd.DataFrame:
    """Make a spine with rows twice, in no order."""
    asked = everyone(pd.DatetimeIndex([*midnights[[1, 3]], odd_hours[2]])).sample(400, random_state=5)
    return pd.concat([asked, asked[::9]])


def rows_at_a_time(monkeypatch: pytest.MonkeyPatch, history: History, count: int) -> None:
    """Let there be so many buckets."""
    largest = max(table.num_rows for table in history.tables.values() if isinstance(table, pa.Table))
    monkeypatch.setattr(module, "ROWS", -(-largest // count))


def split(history: History, spine: pd.DataFrame) -> list[tuple[list[int], dict[str, set[str]]]]:
    """Give each bucket's rows of the spine, and the customers that the session's views then show."""
    found = []
    with connect(history) as session:
        for rows in buckets(session, history, spine):
            shown = {
                name: {str(row[0]) for row in session.execute(f"SELECT DISTINCT customer_id FROM {name}").fetchall()}
                for name in VIEWS
            }
            found.append((rows.tolist(), shown))
    return found


@pytest.mark.parametrize("count", [2, 5, 16])
def test_every_customer_is_in_one_bucket_with_all_that_is_asked_about_them(
    history: History, spine: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    rows_at_a_time(monkeypatch, history, count)
    found = split(history, spine)
    assert len(found) == count
    assert sorted(row for rows, _ in found for row in rows) == list(range(len(spine)))
    assert all(rows == sorted(rows) for rows, _ in found)
    customers = [set(spine["customer_id"].iloc[rows]) for rows, _ in found]
    assert sum(map(len, customers)) == spine["customer_id"].nunique()
    whole = split_of_one(history, spine, monkeypatch)
    for name in VIEWS:
        shown = [views[name] for _, views in found]
        assert sum(map(len, shown)) == len(whole[name])
        assert set().union(*shown) == whole[name]
        assert all(each & whole[name] <= views for each, views in zip(customers, shown, strict=True))


def split_of_one(history: History, spine: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> dict[str, set[str]]:
    """Give the customers that the views show where there is one bucket."""
    rows_at_a_time(monkeypatch, history, 1)
    ((rows, shown),) = split(history, spine)
    assert rows == list(range(len(spine)))
    return shown


def test_the_largest_table_says_how_many_buckets_there_are(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    customers = [f"c{number}" for number in range(40)]
    visits = pd.DataFrame({"customer_id": customers * 5, "time": "2024-01-01", "kind": "visit"})
    history = build([("c1", "2024-01-01", 1.0)], events=visits)
    asked = pd.DataFrame({"customer_id": customers, "cutoff": pd.Timestamp("2024-02-01")})
    for size, count in ((200, 1), (199, 2), (50, 4)):
        monkeypatch.setattr(module, "ROWS", size)
        assert len(split_of(history, asked)) == count


def split_of(history: History, spine: pd.DataFrame) -> list[list[int]]:
    with connect(history) as session:
        return [rows.tolist() for rows in buckets(session, history, spine)]


def test_a_bucket_nobody_is_asked_about_is_left_out(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    rows_at_a_time(monkeypatch, history, 16)
    asked = pd.DataFrame({"customer_id": ["c01", "c01"], "cutoff": pd.Timestamp("2024-06-01")})
    assert split_of(history, asked) == [[0, 1]]


@pytest.mark.parametrize("count", [3, 11])
def test_features_are_the_same_bit_for_bit(
    history: History, spine: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, engine: Engine, count: int
) -> None:
    whole = run.observe(history, spine, SOME, engine=engine)
    rows_at_a_time(monkeypatch, history, count)
    pd.testing.assert_frame_equal(run.observe(history, spine, SOME, engine=engine), whole, check_exact=True)


def test_targets_are_the_same_bit_for_bit(
    history: History, spine: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, engine: Engine
) -> None:
    known_by = pd.Timestamp("2024-12-01 10:00")
    asked: Run = partial(run.outcome, horizon_days=30, known_by=known_by, engine=engine)
    whole = asked(history, spine, list(TARGETS.values()))
    rows_at_a_time(monkeypatch, history, 5)
    pd.testing.assert_frame_equal(asked(history, spine, list(TARGETS.values())), whole, check_exact=True)


def test_each_bucket_is_a_file_of_each_cutoff(
    history: History, spine: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, engine: Engine, tmp_path: Path
) -> None:
    spine = spine.assign(place=range(len(spine)))
    whole = run.observe(history, spine, SOME, engine=engine)
    rows_at_a_time(monkeypatch, history, 4)
    assert run.observe(history, spine, SOME, engine=engine, to=tmp_path / "frame") is spine
    files = sorted(path.name for path in (tmp_path / "frame").rglob("*.parquet"))
    assert files == sorted(f"part-{number:04d}.parquet" for number in range(4) for _ in range(3))
    found = stored(tmp_path / "frame")
    ordered = found.sort_values("place", ignore_index=True)[list(whole.columns)]
    pd.testing.assert_frame_equal(ordered, whole.astype({"cutoff": "datetime64[us]"}), check_exact=True)
    assert all(rows["place"].is_monotonic_increasing for _, rows in _parts(found, history, monkeypatch))


def _parts(found: pd.DataFrame, history: History, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, pd.DataFrame]]:
    """Part what was read by cutoff and bucket."""
    bucket = pd.Series(-1, index=found.index)
    for number, rows in enumerate(split_of(history, found)):
        bucket.iloc[rows] = number
    assert (bucket >= 0).all()
    return list(found.groupby(["cutoff", bucket]))


def test_a_bucket_that_fails_leaves_nothing(
    history: History, spine: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, engine: Engine, tmp_path: Path
) -> None:
    rows_at_a_time(monkeypatch, history, 4)
    answers, seen = run._answers, []

    def broken(*arguments: Any) -> pd.DataFrame:
        seen.append(arguments)
        if len(seen) == 3:
            raise MemoryError("no room")
        return answers(*arguments)

    monkeypatch.setattr(run, "_answers", broken)
    with pytest.raises(MemoryError, match="no room"):
        run.observe(history, spine, SOME[:3], engine=engine, to=tmp_path / "frame")
    assert (len(seen), list(tmp_path.iterdir())) == (3, [])


def test_nobody_is_in_no_bucket(
    history: History, spine: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, engine: Engine
) -> None:
    rows_at_a_time(monkeypatch, history, 5)
    frame = run.observe(history, spine.iloc[:0], SOME, engine=engine)
    assert frame.shape == (0, 4 + len(SOME))


def test_customers_without_rows_or_id_are_asked_about_too(
    history: History, monkeypatch: pytest.MonkeyPatch, engine: Engine
) -> None:
    rows_at_a_time(monkeypatch, history, 5)
    ids = pd.Series([f"nobody {number}" for number in range(30)] + [None], dtype="str")
    frame = run.observe(
        history,
        pd.DataFrame({"customer_id": ids, "cutoff": pd.Timestamp("2024-06-01")}),
        [FEATURES["spend"]],
        engine=engine,
    )
    assert frame["spend"].tolist() == [0] * 31
