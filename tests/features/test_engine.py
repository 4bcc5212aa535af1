"""`observe` and `outcome`: order, carried columns, batches, files, and what they refuse."""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pandas as pd
import pytest

from features.engine import run
from features.engine.run import Engine
from features.engine.sql import answer as sql
from features.engine.stored import Writer, stored
from features.history import History
from features.library import FEATURES, POPULATIONS, TARGETS, available, chosen
from features.tables import HistoryError

Build = Callable[..., History]
Everyone = Callable[[pd.Index], pd.DataFrame]
Observe = Callable[..., pd.DataFrame]
ALL = list(FEATURES.values())


@pytest.fixture(params=["kernel", "duckdb"])
def engine(request: pytest.FixtureRequest) -> Engine:
    chosen: Engine = request.param
    return chosen


@pytest.fixture
def observe(engine: Engine) -> Observe:
    return partial(run.observe, engine=engine)


@pytest.fixture
def outcome(engine: Engine) -> Observe:
    return partial(run.outcome, engine=engine)


@pytest.fixture
def spine(everyone: Everyone, midnights: pd.DatetimeIndex, odd_hours: pd.DatetimeIndex) -> pd.DataFrame:
    return everyone(midnights[1:3].append(odd_hours[[0]]))


def test_the_spine_keeps_its_order_and_what_it_carries(
    history: History, spine: pd.DataFrame, observe: Observe, outcome: Observe
) -> None:
    spine = spine.assign(treatment=spine["customer_id"] > "c30", weight=range(len(spine)), day="D", age_days=-1)
    spine["amount"] = spine["weight"].where(spine["treatment"])
    frame = observe(history, spine, ALL)
    pd.testing.assert_frame_equal(frame[list(spine.columns)], spine.reset_index(drop=True))
    assert list(frame.columns) == [*spine.columns, *FEATURES]
    labels = outcome(history, spine, list(TARGETS.values()), horizon_days=14)
    pd.testing.assert_frame_equal(labels[list(spine.columns)], spine.reset_index(drop=True))
    assert list(labels.columns) == [*spine.columns, *TARGETS]
    kinds = {each.name: "str" if each.text else "float64" for each in ALL}
    assert frame.dtypes[list(FEATURES)].astype(str).to_dict() == kinds


def test_a_row_of_the_spine_may_come_twice(history: History, spine: pd.DataFrame, observe: Observe) -> None:
    twice = pd.concat([spine, spine.iloc[:50]])
    frame = observe(history, twice, ALL)
    assert len(frame) == len(twice)
    pd.testing.assert_frame_equal(frame.iloc[: len(spine)], observe(history, spine, ALL), check_exact=True)
    pd.testing.assert_frame_equal(frame.iloc[len(spine) :].reset_index(drop=True), frame.iloc[:50], check_exact=True)


def test_asking_for_fewer_features_or_customers_gives_the_same_numbers(
    history: History, spine: pd.DataFrame, observe: Observe
) -> None:
    whole = observe(history, spine, ALL)
    for name in ("monetary_value", "categories_91d", "category_spend", "spend_trend"):
        pd.testing.assert_series_equal(observe(history, spine, [FEATURES[name]])[name], whole[name], check_exact=True)
    one = spine.iloc[[17]]
    frame = observe(history, one, ALL)
    same = whole.iloc[[17]].reset_index(drop=True)
    pd.testing.assert_frame_equal(frame, same, rtol=1e-9, atol=1e-8)


def test_a_customer_without_events_has_the_empty_values(history: History, observe: Observe, outcome: Observe) -> None:
    asked = pd.DataFrame({"customer_id": ["nobody"], "cutoff": [pd.Timestamp("2024-06-01")]})
    asked = asked.assign(category="tea", campaign="spring")
    frame = observe(history, asked, [*ALL, *POPULATIONS.values()]).iloc[0]
    for each in ALL:
        assert pd.isna(frame[each.name]) if each.empty is None else frame[each.name] == each.empty, each.name
    assert frame["frequency"] == 0
    assert frame[["known", "active_365d", "new_category_91d"]].tolist() == [0, 0, 1]
    labels = outcome(history, asked, list(TARGETS.values()), horizon_days=30).iloc[0]
    assert labels[list(TARGETS)].to_dict() == {name: float(name == "churned") for name in TARGETS}


def test_an_empty_spine_gives_an_empty_frame(history: History, spine: pd.DataFrame, observe: Observe) -> None:
    frame = observe(history, spine.iloc[:0], ALL)
    assert frame.shape == (0, 4 + len(FEATURES))


def test_a_history_without_rows_gives_the_empty_values(build: Build, observe: Observe) -> None:
    history = build([])
    asked = pd.DataFrame({"customer_id": ["a"], "cutoff": [pd.Timestamp("2024-06-01")]})
    frame = observe(history, asked, available(history)).iloc[0]
    assert frame[["frequency", "spend", "spend_28d", "tenure_days"]].tolist() == [0, 0, 0, 0]
    assert frame[["days_since_last", "gap_mean", "spend_trend"]].isna().all()


def test_many_cutoffs_at_once_equal_one_by_one(
    history: History, everyone: Everyone, observe: Observe, outcome: Observe
) -> None:
    many = everyone(pd.date_range("2024-03-01", periods=sql.BATCHES + 6, freq="4D"))
    frame = observe(history, many, ALL)
    labels = outcome(history, many, list(TARGETS.values()), horizon_days=9)
    for cutoff in many["cutoff"].unique()[[0, 30, 69]]:
        here = many["cutoff"].to_numpy() == cutoff
        alone, paid = frame[here].reset_index(drop=True), labels[here].reset_index(drop=True)
        asked = many[here]
        pd.testing.assert_frame_equal(observe(history, asked, ALL), alone, check_exact=True)
        pd.testing.assert_frame_equal(
            outcome(history, asked, list(TARGETS.values()), horizon_days=9), paid, check_exact=True
        )


def test_batches_of_cutoffs_equal_one_by_one(history: History, spine: pd.DataFrame, observe: Observe) -> None:
    frame = observe(history, spine, ALL)
    for cutoff in spine["cutoff"].unique():
        here = spine["cutoff"].to_numpy() == cutoff
        alone = observe(history, spine[here], ALL)
        pd.testing.assert_frame_equal(alone, frame[here].reset_index(drop=True), rtol=1e-9, atol=1e-8)


def test_parquet_has_the_same_rows_a_folder_a_cutoff(
    history: History, spine: pd.DataFrame, tmp_path: Path, observe: Observe
) -> None:
    given = observe(history, spine, ALL, to=tmp_path / "deep" / "frame")
    pd.testing.assert_frame_equal(given, spine)
    assert [str(part.relative_to(tmp_path)) for part in sorted((tmp_path / "deep" / "frame").glob("*/*"))] == [
        "deep/frame/cutoff=2024-03-01T13:37:11.500000/part-0000.parquet",
        "deep/frame/cutoff=2024-05-20T00:00:00/part-0000.parquet",
        "deep/frame/cutoff=2024-08-01T00:00:00/part-0000.parquet",
    ]
    expected = observe(history, spine, ALL).sort_values("cutoff", kind="stable", ignore_index=True)
    read = stored(tmp_path / "deep" / "frame")[list(expected.columns)]
    pd.testing.assert_frame_equal(read, expected, check_exact=True, check_dtype=False)


def test_an_error_midway_leaves_no_parquet(
    history: History, spine: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, observe: Observe
) -> None:
    write = Writer.write

    def broken(writer: Writer, frame: pd.DataFrame) -> None:
        write(writer, frame)
        raise OSError("the disk is full")

    observe(history, spine.iloc[:7], ALL, to=tmp_path / "older")
    before = stored(tmp_path / "older")
    monkeypatch.setattr(Writer, "write", broken)
    for name in ("new", "older"):
        with pytest.raises(OSError, match="the disk is full"):
            observe(history, spine, ALL, to=tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["older"]
    pd.testing.assert_frame_equal(stored(tmp_path / "older"), before)


def test_a_frame_takes_the_place_of_an_older_one(
    history: History, spine: pd.DataFrame, tmp_path: Path, observe: Observe
) -> None:
    observe(history, spine, ALL, to=tmp_path / "frame")
    observe(history, spine.iloc[:1], ALL, to=tmp_path / "frame")
    assert len(list((tmp_path / "frame").iterdir())) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["frame"]


def test_a_horizon_must_end_within_the_history(build: Build, outcome: Observe) -> None:
    history = build([("a", "2024-01-01", 1.0)], end="2024-03-31")
    asked = pd.DataFrame({"customer_id": "a", "cutoff": pd.to_datetime(["2024-03-03", "2024-03-01", "2024-02-01"])})
    message = (
        "the 30-day horizon of cutoff 2024-03-03 ends after the history of built (2024-03-31); "
        "use a cutoff up to 2024-03-01"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        outcome(history, asked, [TARGETS["churned"]], horizon_days=30)
    assert outcome(history, asked[1:], [TARGETS["churned"]], horizon_days=30)["churned"].tolist() == [1, 1]
    with pytest.raises(ValueError, match="horizon_days must be at least 1, not 0"):
        outcome(history, asked, [TARGETS["churned"]], horizon_days=0)


def test_pair_features_need_a_category_in_the_spine(
    history: History, spine: pd.DataFrame, observe: Observe, outcome: Observe
) -> None:
    asked = spine.drop(columns="category")
    with pytest.raises(ValueError, match="category_spend is per category: the spine needs a column 'category'"):
        observe(history, asked, [FEATURES["category_spend"]])
    with pytest.raises(ValueError, match="bought_category is per category"):
        outcome(history, asked, [TARGETS["bought_category"]], horizon_days=3)


@pytest.mark.parametrize("key", ["customer_id", "cutoff"])
def test_the_spine_needs_its_keys(history: History, spine: pd.DataFrame, key: str, observe: Observe) -> None:
    with pytest.raises(ValueError, match=f"the spine needs a column '{key}'; it has "):
        observe(history, spine.drop(columns=key), [FEATURES["spend"]])


def test_what_the_history_lacks_is_named(cdnow: History, build: Build, observe: Observe) -> None:
    asked = pd.DataFrame({"customer_id": ["00001"], "cutoff": [pd.Timestamp("1998-01-01")]})
    with pytest.raises(
        HistoryError, match=r"discount_share needs the columns \['discount'\] of transactions; cdnow has"
    ):
        observe(cdnow, asked, chosen(["discount"]))
    with pytest.raises(HistoryError, match="somebody needs the table 'events'; built has transactions"):
        build([("a", "2024-01-01", 1.0)]).require("events", {"kind"}, by="somebody")
