"""Events kept on disk: each day's rows are added, and every frame equals the one made from all rows, exactly."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from features.datasets.simulator import simulate
from features.declaration import Declaration
from features.engine.door import admit
from features.engine.kept import Kept, KeptError
from features.engine.kernel.alphabet import alphabetical, numbers
from features.engine.run import observe
from features.frame import frame
from features.history import History
from features.library import FEATURES, POPULATIONS, available
from features.nobody import NobodyAsked

Tables = dict[str, pd.DataFrame]
START, LONG_AGO = pd.Timestamp("2024-11-01"), pd.Timestamp("1990-01-01")
DAYS = 30
KNOWN, ACTIVE = POPULATIONS["known"], POPULATIONS["active_28d"]


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
    return Kept.build(tmp_path / "kept", _arrived(tables, LONG_AGO, START), features, population=KNOWN)


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
        opened = Kept.open(kept.folder, features, population=KNOWN)
        for cutoff in (kept.end, kept.end - pd.Timedelta("7h 13s"), kept.end - pd.Timedelta("40D")):
            spine = _spine(tables, cutoff)
            pd.testing.assert_frame_equal(opened.observe(spine), observe(whole, spine, features), check_exact=True)
            listed = frame(whole, [cutoff], population=KNOWN, features=features)
            pd.testing.assert_frame_equal(opened.frame([cutoff]), listed, check_exact=True)


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
    kept = Kept.build(tmp_path / "kept", build(rows, "known_time", end="2024-02-01"), features, population=KNOWN)
    kept.add(build([("a", "2024-01-20", 8.0, "2024-02-10"), ("c", "2024-02-03", 16.0, None)], "known_time"))
    cutoffs = pd.to_datetime(["2024-02-05"] * 3 + ["2024-04-01"] * 3)
    spine = pd.DataFrame({"customer_id": ["a", "b", "c"] * 2, "cutoff": cutoffs})
    assert kept.observe(spine)["spend"].tolist() == [1, 4, 16, 11, 4, 16]
    assert kept.observe(spine)["days_since_last"].tolist() == [35, 31, 2, 72, 87, 58]


def test_new_texts_take_their_place_in_the_alphabet(build: Callable[..., History], tmp_path: Path) -> None:
    history, features = build([("a", "2024-01-01", 1.0, "m")], "category"), [FEATURES["top_category"]]
    kept = Kept.build(tmp_path / "k", history, features, population=KNOWN)
    kept.add(build([("a", "2024-01-02", 1.0, "b"), ("z", "2024-01-02", 1.0, "y")], "category"))
    spine = pd.DataFrame({"customer_id": ["a", "z"], "cutoff": pd.Timestamp("2025-01-01")})
    assert kept.observe(spine)["top_category"].tolist() == ["b", "y"]


def test_pieces_are_folded_into_a_new_base_that_answers_the_same(
    kept: Kept, tables: Tables, features: list[Declaration]
) -> None:
    """The first day's rows touch few; later days outgrow the base, which happens by itself."""
    days = [START + pd.Timedelta(days=number) for number in range(DAYS)]
    bases = []
    for day in days:
        kept.add(_arrived(tables, day, day + pd.Timedelta("1D")))
        pieces = sorted(path.name for path in (kept.folder / "pieces").iterdir())
        bases.append(pieces[0])
        assert len(pieces) == int(pieces[-1]) - int(pieces[0]) + 1
    assert bases[0] == "00000"
    assert 2 < len(set(bases)) < DAYS / 2
    cutoffs = [kept.end - pd.Timedelta("40D"), kept.end]
    before, spine = kept.frame(cutoffs), _spine(tables, kept.end)
    seen = kept.observe(spine)
    kept.fold()
    assert len(list((kept.folder / "pieces").iterdir())) == 1
    pd.testing.assert_frame_equal(kept.frame(cutoffs), before, check_exact=True)
    pd.testing.assert_frame_equal(kept.observe(spine), seen, check_exact=True)
    whole = _arrived(tables, LONG_AGO, kept.end)
    listed = frame(whole, cutoffs, population=KNOWN, features=features)
    pd.testing.assert_frame_equal(before, listed, check_exact=True)


def test_a_population_with_a_window_is_asked_about_at_its_cutoffs(tables: Tables, tmp_path: Path) -> None:
    features = [FEATURES["spend"], FEATURES["spend_28d"], FEATURES["days_since_last"]]
    kept = Kept.build(tmp_path / "kept", _arrived(tables, LONG_AGO, START), features, population=ACTIVE)
    kept.add(_arrived(tables, START, START + pd.Timedelta("2D")))
    cutoffs = [kept.end, kept.end - pd.Timedelta("100D"), kept.end - pd.Timedelta("11h")]
    whole = _arrived(tables, LONG_AGO, kept.end)
    expected = frame(whole, cutoffs, population=ACTIVE, features=features)
    assert 0 < len(expected) < 3 * 60
    pd.testing.assert_frame_equal(kept.frame(cutoffs), expected, check_exact=True)
    with pytest.raises(NobodyAsked, match="nobody in shop is 'active_28d' at"):
        kept.frame([LONG_AGO])


def test_what_stands_waits_until_the_last_row_is_past(build: Callable[..., History], tmp_path: Path) -> None:
    """The row of 10 February was there, in the future, when the history ended on the first."""
    rows = [("a", "2024-01-01", 1.0), ("a", "2024-02-10", 2.0), ("b", "2024-01-05T12:00", 4.0)]
    kept = Kept.build(tmp_path / "k", build(rows, end="2024-02-01"), [FEATURES["spend"]], population=KNOWN)
    assert kept.frame([pd.Timestamp("2024-02-01")])["spend"].tolist() == [1, 4]
    assert kept.frame([pd.Timestamp("2024-01-05T12:00")])["spend"].tolist() == [1]
    assert kept.frame([pd.Timestamp("2024-01-05T12:00:00.000001")])["spend"].tolist() == [1, 4]
    kept.add(build([("c", "2024-02-02", 8.0)], end="2024-02-11"))
    assert kept.frame([pd.Timestamp("2024-02-10")])["spend"].tolist() == [1, 4, 8]
    assert kept.frame([pd.Timestamp("2024-02-10T00:00:00.000001")])["spend"].tolist() == [3, 4, 8]


def test_what_stands_waits_for_the_rows_of_every_view(build: Callable[..., History], tmp_path: Path) -> None:
    rows = [("a", "2024-01-01", 3.0, False), ("a", "2024-02-10", -1.0, True), ("a", "2024-01-03", -1.0, True)]
    history = build(rows, "is_return", end="2024-02-01")
    kept = Kept.build(tmp_path / "k", history, [FEATURES["returned_lines"]], population=KNOWN)
    cutoffs = [pd.Timestamp("2024-02-01"), pd.Timestamp("2024-01-03")]
    assert kept.frame(cutoffs)["returned_lines"].tolist() == [0, 1]


def test_what_stands_is_taken_and_not_computed_again(build: Callable[..., History], tmp_path: Path) -> None:
    """A number that stands is changed on disk: it is answered, until its customer has a new row."""
    rows = [("a", "2024-01-01", 1.0), ("b", "2024-01-02", 2.0), *[("z", f"2024-01-0{day}", 1.0) for day in (3, 4, 5)]]
    kept = Kept.build(tmp_path / "k", build(rows, end="2024-02-01"), [FEATURES["spend"]], population=KNOWN)
    path = kept.folder / "pieces" / "00000" / "arrays.bin"
    changed = path.read_bytes().replace(np.array([1.0, 2, 3]).tobytes(), np.array([7.0, 7, 7]).tobytes())
    path.write_bytes(changed)
    assert kept.frame([kept.end])["spend"].tolist() == [7, 7, 7]
    assert kept.frame([pd.Timestamp("2024-01-03")])["spend"].tolist() == [7, 7]
    kept.add(build([("b", "2024-01-01T12:00", 8.0), ("0", "2024-01-31", 16.0)], end="2024-02-02"))
    assert kept.frame([kept.end])["customer_id"].tolist() == ["0", "a", "b", "z"]
    assert kept.frame([kept.end])["spend"].tolist() == [16, 7, 10, 7]
    kept.add(build([("-", "2024-02-01", 32.0)], end="2024-02-03"))
    assert len(list((kept.folder / "pieces").iterdir())) == 3
    found = kept.frame([kept.end])
    assert dict(zip(found["customer_id"], found["spend"], strict=True)) == {"-": 32, "0": 16, "a": 7, "b": 10, "z": 7}
    assert found["customer_id"].is_monotonic_increasing


def test_rows_are_added_once_and_in_the_same_time(build: Callable[..., History], tmp_path: Path) -> None:
    rows, more = [("a", "2024-01-01", 1.0)], [("a", "2024-01-20", 8.0)]
    features = [FEATURES["spend"], FEATURES["spend_28d"]]
    kept = Kept.build(tmp_path / "k", build(rows, end="2024-01-10"), features, population=KNOWN)
    kept.add(build(more, end="2024-02-01"))
    with pytest.raises(KeptError, match="these rows of built until 2024-02-01 00:00:00 were added already"):
        kept.add(build(more, end="2024-02-01"))
    kept.fold()
    with pytest.raises(KeptError, match="were added already; nothing is changed"):
        kept.add(build(more, end="2024-02-01"))
    with pytest.raises(KeptError, match="cannot be added: purchases have a known_time, which was not kept"):
        kept.add(build([("a", "2024-01-20", 8.0, "2024-01-21")], "known_time"))
    elsewhere = admit(
        "built", {"transactions": pd.DataFrame(more, columns=["customer_id", "time", "amount"])}, zone="Asia/Tokyo"
    )
    with pytest.raises(KeptError, match="they are in the zone Asia/Tokyo, not UTC"):
        kept.add(elsewhere)
    with pytest.raises(KeptError, match=r"kept for \['spend_28d'\] too; open it with all features"):
        Kept.open(kept.folder, features[:1], population=KNOWN).add(build(more, end="2024-03-01"))
    with pytest.raises(KeptError, match=r"was not kept for \['active_28d'\]"):
        Kept.open(kept.folder, features, population=ACTIVE)
    kept.add(build([("a", "2023-12-31", 16.0)], end="2024-01-05"))
    assert kept.end == pd.Timestamp("2024-02-01")
    assert kept.frame([kept.end])["spend"].tolist() == [25]


def test_ids_are_found_and_ordered_as_python_does() -> None:
    texts = ["", "a", "B", "aa", "ab", "é", "z", "zz", "0", "10", "9", "日本", "aé", "ABC", "a b"]
    rng = np.random.default_rng(5)
    for _ in range(50):
        shuffled = rng.permutation(np.array(texts, dtype=object)).tolist()
        a, b, c = sorted(rng.integers(0, len(texts), 3))
        lists = [sorted(part, key=str.encode) for part in (shuffled[:a], shuffled[a:b], shuffled[b:c])]
        numbered = [each for part in lists for each in part]
        expected = [numbered.index(each) if each in numbered else -1 for each in shuffled]
        arrays = [pa.array(each, pa.string()) for each in lists]
        assert numbers(pa.array(shuffled, pa.string()), arrays).tolist() == expected
        by_alphabet = sorted(range(len(numbered)), key=lambda place: numbered[place].encode())
        assert alphabetical(arrays).tolist() == by_alphabet


def test_what_is_kept_says_what_it_cannot_give(kept: Kept, tables: Tables, features: list[Declaration]) -> None:
    with pytest.raises(KeptError, match="lies after what is kept, which ends at 2024-11-01 00:00:00; add the rows"):
        kept.observe(_spine(tables, START + pd.Timedelta("1s")))
    with pytest.raises(KeptError, match=r"was not kept for \['category_spend'\]"):
        Kept.open(kept.folder, [FEATURES["category_spend"]], population=KNOWN)
    with pytest.raises(KeptError, match=r"is not kept, leave out \['category_spend'\]"):
        Kept.build(kept.folder, _arrived(tables, LONG_AGO, START), [FEATURES["category_spend"]], population=KNOWN)
    with pytest.raises(KeptError, match="there is nothing kept at"):
        Kept.open(kept.folder / "elsewhere", features, population=KNOWN)
    lines = tables["transactions"].drop(columns=["arrived", "category"])
    with pytest.raises(KeptError, match=r"these rows cannot be added: .* needs the"):
        kept.add(admit("shop", {"transactions": lines}))
    told = json.loads((kept.folder / "kept.json").read_text())
    (kept.folder / "kept.json").write_text(json.dumps({**told, "duckdb": "0.1"}))
    with pytest.raises(KeptError, match=r"was kept with DuckDB 0\.1, here is"):
        Kept.open(kept.folder, features, population=KNOWN)


def test_rows_that_cannot_be_added_leave_everything_as_it_was(kept: Kept, tables: Tables) -> None:
    spine = _spine(tables, START)
    before = kept.observe(spine)
    with pytest.raises(KeptError):
        kept.add(admit("shop", {"transactions": tables["transactions"].drop(columns=["arrived", "category"])}))
    pd.testing.assert_frame_equal(kept.observe(spine), before, check_exact=True)
