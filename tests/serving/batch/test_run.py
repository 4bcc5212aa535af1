"""The batch: whole or not at all, to the bit what all rows at once are scored, and what its manifest says."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import pyarrow.parquet as pq
import pytest

from features.frame import frame
from features.history import History
from features.library import FEATURES, POPULATIONS
from models.artifact import ArtifactError, NotExplained
from models.registry import Registered
from serving.batch import asked, batch_frame
from serving.batch.destinations import Folders, Taken, destination
from serving.batch.draft import Draft
from serving.batch.groups import of_history, of_rows
from serving.batch.manifest import Manifest
from serving.batch.place import Place
from serving.batch.question import Asked
from serving.batch.run import run
from serving.batch.workspace import InUse, workspace
from serving.definitions import features_of, population_of
from serving.reasons import explained, terms_of
from serving.suppression import BLOCK, Suppressions
from tests.serving.batch.conftest import CUTOFF, Clock

FILES = ["batch.json", "frame.parquet", "journal.jsonl", "scores.parquet"]
PART = "part-00000.parquet"


@pytest.fixture
def batch(history: History, clock: Clock) -> Any:
    """Score some champions at a cutoff into a folder each."""

    def made(*models: Registered, to: Path, cutoff: pd.Timestamp = CUTOFF, **said: Any) -> list[Manifest]:
        folder = Folders(lambda name: to if len(models) == 1 else to / name)
        return run(of_history(history, models, cutoff=cutoff), Asked(**said), to=folder, clock=clock)

    return made


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def _seen(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def _same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    times = dict.fromkeys(expected.select_dtypes("datetime"), "datetime64[us]")
    pd.testing.assert_frame_equal(found, expected.astype(times), check_exact=True)


@pytest.mark.parametrize("size", [7, 50, 100_000])
@pytest.mark.parametrize("name", ["shop_churn", "shop_clv", "shop_cross_sell", "shop_segments"])
def test_blocks_score_to_the_bit_what_all_rows_at_once_are_scored(
    name: str,
    size: int,
    batch: Any,
    champions: dict[str, Registered],
    frames: dict[str, pd.DataFrame],
    expected: dict[str, pd.DataFrame],
    tmp_path: Path,
) -> None:
    batch(champions[name], to=tmp_path / "out", size=size)
    assert _seen(tmp_path / "out") == FILES
    _same(pd.read_parquet(tmp_path / "out" / "scores.parquet"), expected[name])
    _same(pd.read_parquet(tmp_path / "out" / "frame.parquet"), frames[name])
    parts = sorted((tmp_path / "out" / "scores.parquet").iterdir())
    assert len(parts) == len(list((tmp_path / "out" / "frame.parquet").iterdir())) > (size < 150)
    owners = [set(pd.read_parquet(part)["customer_id"]) for part in parts]
    assert sum(map(len, owners)) == len(set().union(*owners)), "a customer is in two blocks"
    assert list(tmp_path.iterdir()) == [tmp_path / "out"]


def test_champions_that_ask_the_same_share_a_reading(
    batch: Any,
    champions: dict[str, Registered],
    expected: dict[str, pd.DataFrame],
    history: History,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = replace(champions["shop_churn"], version="9")
    twin = replace(other, artifact=replace(other.artifact, name="twin"))
    models = [*champions.values(), twin]
    assert len(of_history(history, models, cutoff=CUTOFF)) == len({str(asked(each.artifact)) for each in models}) < 5
    batch(*models, to=tmp_path, size=40)
    assert _seen(tmp_path) == sorted([*champions, "twin"])
    for name, scores in expected.items():
        _same(pd.read_parquet(tmp_path / name / "scores.parquet"), scores)
    _same(
        pd.read_parquet(tmp_path / "twin" / "scores.parquet"), expected["shop_churn"].assign(model="twin", version="9")
    )
    shared = [(tmp_path / name / "frame.parquet" / PART).stat().st_ino for name in ("shop_churn", "twin")]
    assert shared[0] == shared[1]


def test_the_manifest_says_what_the_batch_is(churn: Registered, batch: Any, history: History, tmp_path: Path) -> None:
    (told,) = batch(churn, to=tmp_path / "out")
    assert json.loads((tmp_path / "out" / "batch.json").read_text()) == told
    scores = pd.read_parquet(tmp_path / "out" / "scores.parquet")
    files = told.pop("files")
    assert {key: told[key] for key in told if key not in ("question", "content", "augury")} == {
        "model": "shop_churn",
        "version": churn.version,
        "artifact": churn.artifact.id,
        "asked": {
            "population": ["known", POPULATIONS["known"].fingerprint],
            "features": dict(churn.artifact.features),
            "categories": [],
        },
        "dataset": "shop",
        "data": history.fingerprint,
        "cutoff": "2025-10-01T00:00:00",
        "rows": len(scores),
        "customers": len(scores),
        "suppressed": {},
        "started": "2025-10-02T03:04:05+00:00",
        "finished": "2025-10-02T03:04:05+00:00",
    }
    assert list(files) == [f"frame.parquet/{PART}", f"scores.parquet/{PART}"]
    assert {each["rows"] for each in files.values()} == {len(scores)}


def test_a_batch_holds_whom_the_cutoff_knows(
    churn: Registered, batch: Any, sales: pd.DataFrame, tmp_path: Path
) -> None:
    early = pd.Timestamp("2024-12-01")
    batch(churn, to=tmp_path / "out", cutoff=early)
    scores = pd.read_parquet(tmp_path / "out" / "scores.parquet")
    before = sales[(sales["time"] < early) & ~sales["is_return"]]
    assert scores["customer_id"].tolist() == sorted(before["customer_id"].unique())
    assert set(scores["cutoff"]) == {early}
    assert len(scores) < sales["customer_id"].nunique()


def test_pairs_are_scored_where_they_are_asked_about(cross_sell: Registered, batch: Any, tmp_path: Path) -> None:
    (told,) = batch(cross_sell, to=tmp_path / "out", size=100)
    observed = pd.read_parquet(tmp_path / "out" / "frame.parquet")
    scores = pd.read_parquet(tmp_path / "out" / "scores.parquet")
    assert len(observed) == 12 * observed["customer_id"].nunique()
    assert len(scores) == observed["eligible"].sum() == told["rows"] < len(observed)
    assert told["customers"] == scores["customer_id"].nunique()


@pytest.mark.parametrize("size", [11, 100_000])
def test_reasons_stream_too(
    size: int, churn: Registered, batch: Any, frames: dict[str, pd.DataFrame], tmp_path: Path
) -> None:
    batch(churn, to=tmp_path / "out", reasons={"shop_churn": 2}, size=size)
    artifact, frame = churn.artifact, frames["shop_churn"]
    found, at_once = (
        pd.read_parquet(tmp_path / "out" / "reasons.parquet"),
        explained(artifact, frame, terms_of(artifact, frame), top=2),
    )
    assert found["features"].map(list).tolist() == at_once["features"].tolist()
    _same(found.drop(columns="features"), at_once.drop(columns="features"))


def test_a_model_without_reasons_is_refused_before_anything(
    champions: dict[str, Registered], batch: Any, tmp_path: Path
) -> None:
    with pytest.raises(NotExplained, match="so shop_segments gives no reasons"):
        batch(champions["shop_segments"], to=tmp_path / "out", reasons={"shop_segments": 1})
    assert not list(tmp_path.iterdir())


def test_the_same_question_is_not_asked_again(
    churn: Registered, batch: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, before = batch(churn, to=tmp_path / "out", size=50), _files(tmp_path / "out")
    monkeypatch.setattr(Draft, "write", lambda *_: pytest.fail("it was there"))
    assert batch(churn, to=tmp_path / "out", size=50) == first
    assert _files(tmp_path / "out") == before


@pytest.mark.parametrize("harm", ["scores.parquet", "frame.parquet"])
def test_a_batch_that_lost_a_file_is_made_anew(harm: str, churn: Registered, batch: Any, tmp_path: Path) -> None:
    batch(churn, to=tmp_path / "out", size=50)
    before = _files(tmp_path / "out")
    (tmp_path / "out" / harm / PART).write_bytes(b"x")
    batch(churn, to=tmp_path / "out", size=50)
    assert _files(tmp_path / "out") == before


def test_another_question_takes_the_place_of_the_old(
    churn: Registered, batch: Any, history: History, tmp_path: Path
) -> None:
    batch(churn, to=tmp_path / "out")
    (tmp_path / "out" / "stray").touch()
    batch(churn, to=tmp_path / "out", cutoff=history.end)
    assert _seen(tmp_path / "out") == FILES
    assert json.loads((tmp_path / "out" / "batch.json").read_text())["cutoff"] == history.end.isoformat()


def test_what_no_batch_wrote_is_not_replaced(churn: Registered, batch: Any, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    batch(churn, to=tmp_path / "out")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").touch()
    with pytest.raises(Taken, match="mine is there and holds no batch; name another folder, or remove it"):
        batch(churn, to=tmp_path / "mine")
    assert _seen(tmp_path) == ["mine", "out"]
    assert _seen(tmp_path / "mine") == ["thesis.tex"]


def test_nothing_of_a_batch_that_fails_is_seen_and_the_next_try_goes_on(
    churn: Registered, batch: Any, history: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch(churn, to=tmp_path / "out", size=40)
    before, written, calls = _files(tmp_path / "out"), pq.write_table, list[Path]()

    def full(table: Any, path: Path, **options: Any) -> None:
        calls.append(path)
        if len(calls) == 4:
            raise OSError("no space left on device")
        written(table, path, **options)

    with monkeypatch.context() as patch:
        patch.setattr(pq, "write_table", full)
        for name in ("out", "first"):
            calls.clear()
            with pytest.raises(OSError, match="no space left"):
                batch(churn, to=tmp_path / name, cutoff=history.end, size=40)
    assert _files(tmp_path / "out") == before
    assert _seen(tmp_path) == ["out"]
    calls.clear()

    def counted(table: Any, path: Path, **options: Any) -> None:
        calls.append(path)
        written(table, path, **options)

    monkeypatch.setattr(pq, "write_table", counted)
    batch(churn, to=tmp_path / "first", cutoff=history.end, size=40)
    assert len(calls) == 2 * len(list((tmp_path / "first" / "scores.parquet").iterdir())) - 2
    batch(churn, to=tmp_path / "whole", cutoff=history.end, size=40)
    assert _files(tmp_path / "first") == _files(tmp_path / "whole")


def test_two_at_once_do_not_mix(churn: Registered, batch: Any, tmp_path: Path) -> None:
    with (
        workspace(tmp_path / ".out.batch", of="x"),
        pytest.raises(InUse, match="another process writes shop_churn now; wait until it has ended"),
    ):
        batch(churn, to=tmp_path / "out")
    batch(churn, to=tmp_path / "out")


def test_a_cutoff_beyond_the_data_is_refused(churn: Registered, batch: Any, history: History, tmp_path: Path) -> None:
    late = history.end + pd.Timedelta(days=1)
    with pytest.raises(ValueError, match=f"cutoff {late:%Y-%m-%d} lies beyond the data of shop, which end at"):
        batch(churn, to=tmp_path / "out", cutoff=late)
    assert not list(tmp_path.iterdir())


def test_a_cutoff_before_everyone_is_refused(churn: Registered, batch: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"nobody in shop is 'known' at \['2020-01-01'\]"):
        batch(churn, to=tmp_path / "out", cutoff=pd.Timestamp("2020-01-01"))
    assert not list(tmp_path.iterdir())


def test_changed_definitions_are_refused(
    churn: Registered, batch: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FEATURES, "gap_mean", replace(FEATURES["gap_mean"], empty=0.0))
    with pytest.raises(ArtifactError, match=r"trained on other definitions of \['gap_mean'\]"):
        batch(churn, to=tmp_path / "out")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["shop_churn", "shop_cross_sell"])
@pytest.mark.parametrize("size", [13, 100_000])
def test_the_suppressed_are_in_no_file(
    name: str,
    size: int,
    champions: dict[str, Registered],
    batch: Any,
    expected: dict[str, pd.DataFrame],
    tmp_path: Path,
) -> None:
    known = list(dict.fromkeys(expected[name]["customer_id"]))
    reasons = {known[0]: "erased", known[3]: "opted_out", known[-1]: "opted_out", "nobody": "erased"}
    (told,) = batch(champions[name], to=tmp_path / "out", left_out=Suppressions(reasons), size=size)
    assert told["suppressed"] == {"erased": 1, "opted_out": 2}
    left = expected[name][~expected[name]["customer_id"].isin(reasons)].reset_index(drop=True)
    _same(pd.read_parquet(tmp_path / "out" / "scores.parquet"), left)
    assert not set(pd.read_parquet(tmp_path / "out" / "frame.parquet")["customer_id"]) & set(reasons)
    assert told["customers"] == left["customer_id"].nunique()
    ids = [each.encode() for each in (known[0], known[-1])]
    assert not [path for path, raw in _files(tmp_path / "out").items() for each in ids if each in raw]


def test_another_list_of_the_suppressed_is_another_question(
    churn: Registered, batch: Any, expected: dict[str, pd.DataFrame], tmp_path: Path
) -> None:
    batch(churn, to=tmp_path / "out")
    gone = expected["shop_churn"]["customer_id"].iloc[0]
    (told,) = batch(churn, to=tmp_path / "out", left_out=Suppressions({gone: "opted_out"}))
    assert told["rows"] == len(expected["shop_churn"]) - 1


def test_a_block_of_suppressed_alone_is_no_fault(
    churn: Registered, batch: Any, expected: dict[str, pd.DataFrame], tmp_path: Path
) -> None:
    some = expected["shop_churn"]["customer_id"].tolist()[:20]
    (told,) = batch(churn, to=tmp_path / "out", left_out=Suppressions(dict.fromkeys(some, "erased")), size=10)
    assert (told["rows"], told["suppressed"]) == (len(expected["shop_churn"]) - 20, {"erased": 20})
    _same(pd.read_parquet(tmp_path / "out" / "scores.parquet"), expected["shop_churn"].iloc[20:].reset_index(drop=True))


@pytest.mark.parametrize("size", [9, 100_000])
def test_ready_rows_are_scored_by_all(
    size: int,
    ready: Path,
    champions: dict[str, Registered],
    expected: dict[str, pd.DataFrame],
    clock: Clock,
    tmp_path: Path,
) -> None:
    names = ["shop_churn", "shop_clv", "shop_segments"]
    groups = of_rows(
        Place.read(str(ready)), [champions[name] for name in names], folder=tmp_path / "c", keeps_frame=False
    )
    told = run(groups, Asked(size=size), to=Folders(lambda name: tmp_path / name), clock=clock)
    assert [each["model"] for each in told] == names
    assert {each["cutoff"] for each in told} == {CUTOFF.isoformat()}
    for name in names:
        _same(pd.read_parquet(tmp_path / name / "scores.parquet"), expected[name])
        assert _seen(tmp_path / name) == ["batch.json", "journal.jsonl", "scores.parquet"]


def test_all_models_answer_a_block_before_the_next_is_read(
    ready: Path, champions: dict[str, Registered], clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished, plain = list[tuple[int, str]](), Draft.finish

    def finish(self: Draft, block: Any) -> None:
        finished.append((block.block, self.folder.name))
        plain(self, block)

    monkeypatch.setattr(Draft, "finish", finish)
    models = [champions[name] for name in ("shop_churn", "shop_clv")]
    groups = of_rows(Place.read(str(ready)), models, folder=tmp_path / "c", keeps_frame=False)
    run(groups, Asked(size=50), to=Folders(lambda name: tmp_path / name), clock=clock)
    assert finished == [(number, name) for number in range(3) for name in ("shop_churn", "shop_clv")]


def test_the_frame_is_that_of_training(cross_sell: Registered, history: History) -> None:
    artifact = cross_sell.artifact
    trained = frame(
        history,
        [CUTOFF],
        population=population_of(artifact),
        features=features_of(artifact),
        categories=artifact.categories,
    )
    _same(batch_frame(history, cross_sell, cutoff=CUTOFF), trained)


def test_what_is_asked_decides_who_may_share_a_frame(churn: Registered) -> None:
    artifact = churn.artifact
    assert asked(replace(artifact, trained_to=CUTOFF, name="other")) == asked(artifact)
    assert asked(replace(artifact, features={**artifact.features, "spend": "0"})) != asked(artifact)
    assert asked(replace(artifact, population="active_84d")) != asked(artifact)
    assert asked(replace(artifact, categories=["tea"])) != asked(artifact)


def test_a_folder_whose_new_batch_never_got_its_name_is_there_again_at_the_next_try(
    churn: Registered, batch: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (told,) = batch(churn, to=tmp_path / "out")
    replace_, to = os.replace, Folders(lambda _: tmp_path / "out")

    def dies(source: Any, target: Any) -> None:
        if target == tmp_path / "out":
            raise KeyboardInterrupt
        replace_(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", dies)
        with pytest.raises(KeyboardInterrupt):
            batch(churn, to=tmp_path / "out", size=40)
    assert not (tmp_path / "out").exists()
    assert to.held({"shop_churn": told["question"]}) == {"shop_churn": told}
    assert _seen(tmp_path / "out") == FILES
    (again,) = batch(churn, to=tmp_path / "out", size=40)
    assert again["question"] != told["question"]
    assert list(tmp_path.iterdir()) == [tmp_path / "out"]


@pytest.mark.parametrize("name", ["rows", "older", "copied", "drafts", "batch.json"])
def test_a_model_may_be_called_like_what_lies_in_a_workspace(
    name: str, churn: Registered, batch: Any, expected: dict[str, pd.DataFrame], tmp_path: Path
) -> None:
    named = replace(churn, artifact=replace(churn.artifact, name=name))
    batch(named, to=tmp_path / "out")
    batch(named, to=tmp_path / "out", size=40)
    found = pd.read_parquet(tmp_path / "out" / "scores.parquet")
    assert found["score"].tolist() == expected["shop_churn"]["score"].tolist()


def test_a_model_may_not_be_called_like_the_list(churn: Registered, batch: Any, tmp_path: Path) -> None:
    named = replace(churn, artifact=replace(churn.artifact, name=BLOCK))
    with pytest.raises(ValueError, match="no model can be called 'suppressed'"):
        batch(named, to=tmp_path / "out")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["all.parquet", "all.csv", "all.csv.GZ"])
def test_nobody_left_is_a_file_of_no_rows(
    name: str, ready: Path, churn: Registered, clock: Clock, tmp_path: Path
) -> None:
    everyone = Suppressions(dict.fromkeys(pd.read_parquet(ready)["customer_id"], "erased"))
    groups = of_rows(Place.read(str(ready)), [churn], folder=tmp_path / "c", keeps_frame=False)
    to = destination(str(tmp_path / name), names=["shop_churn"], folder=tmp_path)
    (told,) = run(groups, Asked(left_out=everyone), to=to, clock=clock)
    assert (told["rows"], told["suppressed"]) == (0, {"erased": 150})
    packed: Literal["gzip"] | None = "gzip" if name.endswith("GZ") else None
    path = tmp_path / name
    found = pd.read_parquet(path) if name.endswith("parquet") else pd.read_csv(path, compression=packed)
    assert list(found) == ["customer_id", "cutoff", "score", "model", "version"]
    assert found.empty
