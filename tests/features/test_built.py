"""Frames on disk: the same bytes twice, what their manifest says, and what a rebuild finds."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from configs.registry import Registry
from features import built, manifest, snapshot
from features.built import build, rebuild
from features.cutoffs import spine
from features.engine.door import admit
from features.engine.run import Engine, observe
from features.engine.stored import stored
from features.history import History
from features.library import FEATURES, POPULATIONS, chosen
from features.manifest import Manifest
from features.nobody import NobodyAsked
from features.policy import Policy
from features.snapshot import Asked

Build = Callable[..., History]
CUTOFFS = [pd.Timestamp("2024-05-20"), pd.Timestamp("2024-11-11 23:59:59")]
WHOLE = [each for each in FEATURES.values() if not each.by]
ENGINES: list[Engine] = ["kernel", "duckdb"]


def nothing(step: str) -> None:
    """Show no progress."""


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("engine", ENGINES)
def test_two_builds_are_the_same_byte_for_byte(
    engine: Engine, drawn: dict[str, pd.DataFrame], history: History, tmp_path: Path
) -> None:
    """With every feature, of a history that is admitted anew; the manifest is the same, too."""
    asked = Asked(POPULATIONS["known"], WHOLE, CUTOFFS, engine=engine)
    build(history, asked, tmp_path / "one", dataset="drawn", step=nothing)
    again = admit("drawn", drawn, policy=Policy(grace_days=history.grace_days))
    build(again, asked, tmp_path / "two", dataset="drawn", step=nothing)
    one, two = files(tmp_path / "one"), files(tmp_path / "two")
    assert sorted(one) == [
        "cutoff=2024-05-20T00:00:00/part-0000.parquet",
        "cutoff=2024-11-11T23:59:59/part-0000.parquet",
        "manifest.json",
    ]
    assert one == two


@pytest.mark.parametrize("engine", ENGINES)
def test_what_is_built_is_what_the_engine_says(engine: Engine, history: History, tmp_path: Path) -> None:
    asked = Asked(POPULATIONS["known"], WHOLE, CUTOFFS, engine=engine)
    build(history, asked, tmp_path / "built", dataset="drawn", step=nothing)
    expected = observe(history, spine(history, POPULATIONS["known"], CUTOFFS), WHOLE, engine=engine)
    pd.testing.assert_frame_equal(stored(tmp_path / "built"), expected, check_dtype=False, check_exact=True)


@pytest.mark.parametrize("engine", ENGINES)
def test_pairs_are_built_twice_the_same(engine: Engine, history: History, tmp_path: Path) -> None:
    asked = Asked(POPULATIONS["new_category_91d"], chosen(["affinity", "spend"]), CUTOFFS, ["tea", "wine"], engine)
    one = build(history, asked, tmp_path / "one", dataset="drawn", step=nothing)
    assert one == build(history, asked, tmp_path / "two", dataset="drawn", step=nothing)
    assert files(tmp_path / "one") == files(tmp_path / "two")
    assert set(stored(tmp_path / "one")["category"]) == {"tea", "wine"}


def test_rows_that_are_questions_are_built_at_their_times(history: History, tmp_path: Path) -> None:
    asked = Asked(POPULATIONS["touched"], chosen(["spend"]), [pd.Timestamp("2024-03-01"), pd.Timestamp("2024-03-20")])
    made = build(history, asked, tmp_path / "built", dataset="drawn", step=nothing)
    found = stored(tmp_path / "built")
    assert len(found) == sum(made.rows.values()) > 10
    assert found["cutoff"].between("2024-03-01", "2024-03-20", inclusive="left").all()
    assert set(made.rows) == {time.isoformat() for time in found["cutoff"]}
    rebuild(tmp_path / "built", lambda name: history, step=nothing)


@pytest.fixture
def shop(build: Build) -> History:
    rows = [("a", pd.Timestamp("2024-01-01"), 1.0), ("a", pd.Timestamp("2024-02-01"), 2.5)]
    return build([*rows, ("b", pd.Timestamp("2024-02-03"), 4.0)])


ASKED = Asked(
    POPULATIONS["known"],
    chosen(["spend", "frequency", "spend_28d", "gap_mean"]),
    [pd.Timestamp("2024-02-02"), CUTOFFS[0]],
)


@pytest.fixture
def folder(shop: History, tmp_path: Path) -> Path:
    build(shop, ASKED, tmp_path / "built", dataset="the shop", step=nothing)
    return tmp_path / "built"


def test_the_manifest_says_what_is_there(folder: Path, shop: History) -> None:
    said = json.loads((folder / "manifest.json").read_text())
    assert said["snapshot"] == snapshot.snapshot_id(shop, ASKED)
    assert said["dataset"] == "the shop"
    assert said["of"]["data"] == {"fingerprint": shop.fingerprint, "end": "2026-01-01T00:00:00", "zone": "UTC"}
    assert list(said["of"]["definitions"]) == ["spend", "frequency", "spend_28d", "gap_mean"]
    assert said["of"]["cutoffs"] == ["2024-02-02T00:00:00", "2024-05-20T00:00:00"]
    assert said["columns"] == {"spend": "currency", "frequency": "days", "spend_28d": "currency", "gap_mean": "days"}
    assert said["rows"] == {"2024-02-02T00:00:00": 1, "2024-05-20T00:00:00": 2}
    assert said["files"] == {
        path: hashlib.sha256(content).hexdigest() for path, content in files(folder).items() if path != "manifest.json"
    }
    assert len(said["files"]) == 2
    assert Manifest.read(folder).snapshot == snapshot.snapshot(shop, ASKED)


def test_progress_names_what_is_done(shop: History, tmp_path: Path) -> None:
    steps: list[str] = []
    build(shop, ASKED, tmp_path / "built", dataset="x", step=steps.append)
    assert steps == [
        "fingerprint built",
        "observe 4 features of whoever is known",
        "hash the files",
    ]


def test_a_folder_that_holds_something_else_is_left_alone(folder: Path, shop: History, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    (tmp_path / "file").write_text("work")
    for other in (tmp_path / "mine", tmp_path / "file"):
        with pytest.raises(ValueError, match="holds something else than a frame; name another folder, or empty it"):
            build(shop, ASKED, other, dataset="x", step=nothing)
    assert files(tmp_path / "mine") == {"thesis.txt": b"years of work"}
    (tmp_path / "empty").mkdir()
    build(shop, ASKED, tmp_path / "empty", dataset="the shop", step=nothing)
    assert files(tmp_path / "empty") == files(folder)


def test_a_frame_is_replaced_whole_or_not_at_all(folder: Path, shop: History) -> None:
    before = files(folder)
    with pytest.raises(NobodyAsked):
        build(shop, replace(ASKED, cutoffs=[pd.Timestamp("2023-01-01")]), folder, dataset="x", step=nothing)

    def late(step: str) -> None:
        if step.startswith("hash"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(shop, replace(ASKED, engine="duckdb"), folder, dataset="x", step=late)
    assert files(folder) == before
    assert list(folder.parent.iterdir()) == [folder]
    build(shop, replace(ASKED, cutoffs=ASKED.cutoffs[1:]), folder, dataset="x", step=nothing)
    assert len(files(folder)) == 2
    assert list(folder.parent.iterdir()) == [folder]


def test_a_rebuild_of_the_same_finds_nothing(folder: Path, shop: History) -> None:
    asked: list[str] = []

    def load(name: str) -> History:
        asked.append(name)
        return shop

    before = files(folder)
    assert rebuild(folder, load, step=nothing) == []
    assert asked == ["the shop"]
    assert files(folder) == before
    assert list(folder.parent.iterdir()) == [folder]


def told(folder: Path, history: History) -> list[str]:
    with pytest.raises(ValueError, match="built") as raised:
        rebuild(folder, lambda name: history, step=nothing)
    assert list(folder.parent.iterdir()) == [folder]
    return str(raised.value).splitlines()


def test_other_data_are_told_and_where_they_show(folder: Path, build: Build, shop: History) -> None:
    """The row of 3 February is another: that shows at the second cutoff alone, and where nothing was nothing is."""
    rows = [("a", pd.Timestamp("2024-01-01"), 1.0), ("a", pd.Timestamp("2024-02-01"), 2.5)]
    other = build([*rows, ("b", pd.Timestamp("2024-02-03"), 5.0)])
    assert told(folder, other) == [
        f"{folder} is not what is built now:",
        "- files: cutoff=2024-05-20T00:00:00/part-0000.parquet: spend in 1 rows",
        f"- data fingerprint was {shop.fingerprint}, is {other.fingerprint} now",
    ]


def test_rows_more_and_cutoffs_less_are_told(folder: Path, build: Build) -> None:
    more = build([("a", pd.Timestamp("2024-01-01"), 1.0), ("b", pd.Timestamp("2024-02-01"), 2.5)])
    lines = told(folder, more)
    first = "- files: cutoff=2024-02-02T00:00:00/part-0000.parquet: "
    assert lines[1] == f"{first}had 1 rows of 5 columns, has 2 rows of 5 columns now"
    fewer = build([("a", pd.Timestamp("2024-03-01"), 1.0), ("b", pd.Timestamp("2024-02-03"), 4.0)])
    assert told(folder, fewer)[1] == f"{first}is not built any more"


def test_data_that_end_earlier_cannot_be_built(folder: Path, build: Build) -> None:
    lines = told(folder, build([("a", pd.Timestamp("2024-01-01"), 1.0)], end="2024-03-01"))
    assert lines[0] == (
        f"{folder} cannot be built again: cutoff 2024-05-20 lies beyond the data of built, which end at 2024-03-01; "
        "use a cutoff up to then:"
    )
    assert "- data end was 2026-01-01T00:00:00, is 2024-03-01T00:00:00 now" in lines


def test_other_definitions_are_told(folder: Path, shop: History, monkeypatch: pytest.MonkeyPatch) -> None:
    """By 20 May the last 91 days are as empty as the last 28."""
    changed = replace(FEATURES["spend_28d"], node=FEATURES["spend_91d"].node)
    monkeypatch.setitem(FEATURES, "spend_28d", changed)
    assert told(folder, shop) == [
        f"{folder} is not what is built now:",
        "- files: cutoff=2024-02-02T00:00:00/part-0000.parquet: spend_28d in 1 rows",
        f"- definitions: feature spend_28d was {ASKED.features[2].fingerprint}, is {changed.fingerprint} now",
    ]


def test_a_definition_that_is_gone_is_told(folder: Path, shop: History, monkeypatch: pytest.MonkeyPatch) -> None:
    fewer: Registry[Any] = Registry("population")
    fewer["active_28d"] = POPULATIONS["active_28d"]
    monkeypatch.setattr(manifest, "POPULATIONS", fewer)
    assert told(folder, shop) == [
        f"{folder} cannot be built again:",
        "- definitions: unknown population 'known' Known: active_28d",
    ]


def test_other_versions_alone_are_no_fault(folder: Path, shop: History, monkeypatch: pytest.MonkeyPatch) -> None:
    """What counts is the bytes; but what might have changed them is given."""
    monkeypatch.setattr(snapshot, "code", lambda: "another")
    assert rebuild(folder, lambda name: shop, step=nothing) == [
        "code: the files of features/ that compute frames have changed"
    ]


def test_a_difference_without_a_reason_is_told_as_such(folder: Path, shop: History) -> None:
    """A file that was written otherwise, and a manifest that names it: the values are the same, the bytes are not."""
    path = folder / "cutoff=2024-05-20T00:00:00" / "part-0000.parquet"
    pd.read_parquet(path).to_parquet(path, compression="gzip", index=False)
    rewritten(folder, files=manifest.hashes(folder))
    assert told(folder, shop)[1:] == [
        "- files: cutoff=2024-05-20T00:00:00/part-0000.parquet: the same values, written otherwise",
        f"- {built._UNKNOWN}",
    ]
    rewritten(folder, machine="Plan9 mips, Python 2.7")
    assert told(folder, shop)[2].startswith("- machine: was Plan9 mips, Python 2.7, is ")


def rewritten(folder: Path, **changes: Any) -> None:
    said = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**said, **changes}))


def test_files_that_are_not_those_that_were_written_are_told(folder: Path, shop: History) -> None:
    first, second = sorted(folder.glob("*/*.parquet"))
    first.write_bytes(first.read_bytes() + b"x")
    second.rename(second.with_name("part-0001.parquet"))
    assert told(folder, shop) == [
        f"the files of {folder} are not those that its manifest names:",
        "- files: cutoff=2024-02-02T00:00:00/part-0000.parquet is changed",
        "- files: cutoff=2024-05-20T00:00:00/part-0000.parquet is missing",
        "- files: cutoff=2024-05-20T00:00:00/part-0001.parquet is added",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "there is no manifest.json in"),
        ("{", "is no manifest of a frame"),
        ("[]", "is no manifest of a frame"),
        ('{"dataset": "x"}', "is no manifest of a frame"),
    ],
)
def test_a_folder_without_a_manifest_is_refused(text: str | None, message: str, folder: Path, shop: History) -> None:
    (folder / "manifest.json").unlink()
    if text is not None:
        (folder / "manifest.json").write_text(text)
    with pytest.raises(ValueError, match=message):
        rebuild(folder, lambda name: shop, step=nothing)


def test_a_manifest_that_was_changed_is_refused(folder: Path, shop: History) -> None:
    said = json.loads((folder / "manifest.json").read_text())
    said["of"]["engine"] = "duckdb"
    (folder / "manifest.json").write_text(json.dumps(said))
    with pytest.raises(ValueError, match="was changed: its snapshot is not the hash of what it says"):
        rebuild(folder, lambda name: shop, step=nothing)
