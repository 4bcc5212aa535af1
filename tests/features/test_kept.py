"""Events kept on disk: each day's rows are added, and every frame equals the one made from all rows, exactly."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.datasets.simulator import simulate
from features.declaration import Declaration
from features.engine.door import admit
from features.engine.kept import Kept, KeptError
from features.engine.run import observe
from features.history import History
from features.library import FEATURES, available

Tables = dict[str, pd.DataFrame]
START, LONG_AGO = pd.Timestamp("2024-11-01"), pd.Timestamp("1990-01-01")
DAYS = 30


@pytest.fixture(scope="module")
def tables() -> Tables:
    """Simulate a shop, two percent of whose lines arrive twenty days late."""
    made = dict(simulate(60, days=400).tables)
    lines = made["transactions"]
    late = np.random.default_rng(0).random(len(lines)) < 0.02
    days = pd.to_timedelta(np.where(late, 21, 1), unit="D")
    made["transactions"] = lines.assign(arrived=lines["time"].dt.normalize() + days)
    return made


def _arrived(tables: Tables, since: pd.Timestamp, until: pd.Timestamp) -> History:
    """Admit what arrived after `since`, up to `until`."""
    lines = tables["transactions"]
    here = lines[(lines["arrived"] > since) & (lines["arrived"] <= until)].drop(columns="arrived")
    new = {"transactions": here}
    for name in ("events", "touches"):
        new[name] = tables[name][(tables[name]["time"] >= since) & (tables[name]["time"] < until)]
    new["customers"] = tables["customers"] if since == LONG_AGO else tables["customers"].iloc[:0]
    return admit("shop", new, end=until)


@pytest.fixture(scope="module")
def features(tables: Tables) -> list[Declaration]:
    whole = _arrived(tables, LONG_AGO, pd.Timestamp("2026-01-01"))
    return [each for each in available(whole) if not each.by and not each.sql_only]


@pytest.fixture
def kept(tables: Tables, features: list[Declaration], tmp_path: Path) -> Kept:
    return Kept.build(tmp_path / "kept", _arrived(tables, LONG_AGO, START), features)


def _spine(tables: Tables, cutoff: pd.Timestamp) -> pd.DataFrame:
    customers = [*tables["transactions"]["customer_id"].unique(), "nobody"]
    return pd.DataFrame({"customer_id": customers, "cutoff": cutoff}).sample(frac=1, random_state=1)


def test_thirty_days_added_equal_all_rows_read_anew(kept: Kept, tables: Tables, features: list[Declaration]) -> None:
    for number in range(DAYS):
        day = START + pd.Timedelta(days=number)
        kept.add(_arrived(tables, day, day + pd.Timedelta("1D")))
        if number % 7 and number < DAYS - 1:
            continue
        whole = _arrived(tables, LONG_AGO, kept.end)
        opened = Kept.open(kept.folder, features)
        for cutoff in (kept.end, kept.end - pd.Timedelta("7h 13s"), kept.end - pd.Timedelta("40D")):
            spine = _spine(tables, cutoff)
            pd.testing.assert_frame_equal(opened.observe(spine), observe(whole, spine, features), check_exact=True)


def test_nothing_added_equals_the_rows_it_was_built_of(kept: Kept, tables: Tables, features: list[Declaration]) -> None:
    spine = _spine(tables, START)
    whole = _arrived(tables, LONG_AGO, START)
    pd.testing.assert_frame_equal(kept.observe(spine), observe(whole, spine, features), check_exact=True)


def test_a_late_row_changes_its_own_customer_alone(kept: Kept, tables: Tables) -> None:
    spine = _spine(tables, START)
    before = kept.observe(spine)
    late = tables["transactions"].iloc[[0]].drop(columns="arrived")
    whole = {name: tables[name].iloc[:0] for name in ("events", "touches", "customers")}
    kept.add(admit("shop", {"transactions": late.assign(time=START - pd.Timedelta("9D")), **whole}, end=START))
    changed = (kept.observe(spine)["spend"] != before["spend"]).to_numpy()
    assert spine["customer_id"][changed].tolist() == late["customer_id"].tolist()


def test_what_was_not_known_by_the_cutoff_is_kept_apart(build: Callable[..., History], tmp_path: Path) -> None:
    rows = [("a", "2024-01-01", 1.0, None), ("a", "2024-01-02", 2.0, "2024-03-01"), ("b", "2024-01-05", 4.0, None)]
    features = [FEATURES["spend"], FEATURES["days_since_last"]]
    kept = Kept.build(tmp_path / "kept", build(rows, "known_time", end="2024-02-01"), features)
    kept.add(build([("a", "2024-01-20", 8.0, "2024-02-10"), ("c", "2024-02-03", 16.0, None)], "known_time"))
    spine = pd.DataFrame(
        {"customer_id": ["a", "b", "c"] * 2, "cutoff": pd.to_datetime(["2024-02-05", "2024-04-01"] * 3)}
    )
    spine["cutoff"] = pd.to_datetime(["2024-02-05"] * 3 + ["2024-04-01"] * 3)
    assert kept.observe(spine)["spend"].tolist() == [1, 4, 16, 11, 4, 16]
    assert kept.observe(spine)["days_since_last"].tolist() == [35, 31, 2, 72, 87, 58]


def test_new_texts_take_their_place_in_the_alphabet(build: Callable[..., History], tmp_path: Path) -> None:
    kept = Kept.build(tmp_path / "k", build([("a", "2024-01-01", 1.0, "m")], "category"), [FEATURES["top_category"]])
    kept.add(build([("a", "2024-01-02", 1.0, "b"), ("z", "2024-01-02", 1.0, "y")], "category"))
    spine = pd.DataFrame({"customer_id": ["a", "z"], "cutoff": pd.Timestamp("2025-01-01")})
    assert kept.observe(spine)["top_category"].tolist() == ["b", "y"]


def test_what_is_kept_says_what_it_cannot_give(kept: Kept, tables: Tables, features: list[Declaration]) -> None:
    with pytest.raises(KeptError, match="lies after what is kept, which ends at 2024-11-01 00:00:00; add the rows"):
        kept.observe(_spine(tables, START + pd.Timedelta("1s")))
    with pytest.raises(KeptError, match=r"was not kept for \['category_spend'\]"):
        Kept.open(kept.folder, [FEATURES["category_spend"]])
    with pytest.raises(KeptError, match=r"are not kept, leave out \['category_spend'\]"):
        Kept.build(kept.folder, _arrived(tables, LONG_AGO, START), [FEATURES["category_spend"]])
    with pytest.raises(KeptError, match="there is nothing kept at"):
        Kept.open(kept.folder / "elsewhere", features)
    lines = tables["transactions"].drop(columns=["arrived", "category"])
    with pytest.raises(KeptError, match=r"these rows cannot be added: .* needs the"):
        kept.add(admit("shop", {"transactions": lines}))
    told = json.loads((kept.folder / "kept.json").read_text())
    (kept.folder / "kept.json").write_text(json.dumps({**told, "duckdb": "0.1"}))
    with pytest.raises(KeptError, match=r"was kept with DuckDB 0\.1, here is"):
        Kept.open(kept.folder, features)


def test_rows_that_cannot_be_added_leave_everything_as_it_was(kept: Kept, tables: Tables) -> None:
    spine = _spine(tables, START)
    before = kept.observe(spine)
    with pytest.raises(KeptError):
        kept.add(admit("shop", {"transactions": tables["transactions"].drop(columns=["arrived", "category"])}))
    pd.testing.assert_frame_equal(kept.observe(spine), before, check_exact=True)
