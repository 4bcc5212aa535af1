"""Artifacts: saved and loaded they say the same, whole or not at all, and what was changed is refused."""

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.artifact import Artifact, ArtifactError, NotExplained
from models.calibration import Calibration
from models.estimators.base_rate import BaseRate
from models.estimators.boosted import Boosted
from models.estimators.segments import Segments
from training.backtest import Backtested, backtest
from training.splits import Split, Splits
from training.task import Task

Asked = tuple[Artifact, pd.DataFrame]


@pytest.fixture(scope="module")
def asked(churn: Task, churn_data: Split, pairs: Task, pairs_splits: Splits, trained: Backtested) -> dict[str, Asked]:
    """Give an artifact and a frame of each sort: customers, pairs, segments."""
    sold = backtest("sold", pairs, pairs_splits, model="cross_sell", params={"rounds": 20})
    known, one = replace(churn, target=None, horizon_days=0), Splits((churn_data,), churn_data)
    sorts = backtest("sorts", known, one, model="segments", params={"k": 3})
    return {
        "churn": (trained.artifact, churn_data.test.X),
        "pairs": (sold.artifact, pairs_splits.final.test.X),
        "segments": (sorts.artifact, churn_data.test.X),
    }


SORTS = ["churn", "pairs", "segments"]


@pytest.mark.parametrize("sort", SORTS)
def test_saved_and_loaded_it_is_the_same_and_says_the_same(sort: str, asked: dict[str, Asked], tmp_path: Path) -> None:
    artifact, frame = asked[sort]
    artifact.save(tmp_path / "made")
    again = Artifact.load(tmp_path / "made")
    assert again.id == artifact.id
    pd.testing.assert_frame_equal(again.score(frame, version="1"), artifact.score(frame, version="1"), check_exact=True)
    for each in fields(Artifact):
        if each.name not in ("model", "profile"):
            assert getattr(again, each.name) == getattr(artifact, each.name)
    assert {name: cells.state() for name, cells in again.profile.items()} == {
        name: cells.state() for name, cells in artifact.profile.items()
    }
    again.save(tmp_path / "again")
    for path in (tmp_path / "made").iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("sort", SORTS)
def test_it_is_json_and_ubjson_and_never_pickled(sort: str, asked: dict[str, Asked], tmp_path: Path) -> None:
    asked[sort][0].save(tmp_path / "made")
    found = {path.name for path in (tmp_path / "made").iterdir()}
    assert found == {"artifact.json", *({"booster.ubj"} if sort != "segments" else ())}
    text = json.loads((tmp_path / "made" / "artifact.json").read_text())
    assert text["id"] == asked[sort][0].id
    assert text["format"] == 3


def test_its_id_hangs_on_every_part(asked: dict[str, Asked]) -> None:
    artifact, _ = asked["churn"]
    other: dict[str, Any] = {
        "name": "other",
        "dataset": "other",
        "population": "active_28d",
        "population_fingerprint": "0" * 16,
        "target": "other",
        "kind": "count",
        "horizon_days": 29,
        "lead_days": 7,
        "features": {**artifact.features, "spend": "0" * 16},
        "categories": ["bread"],
        "trained_to": artifact.trained_to + pd.Timedelta(days=1),
        "model_name": "other",
        "model": Boosted("binary", rounds=24).restore(artifact.model.state()),
        "calibration": artifact.calibration.with_shift(0.1),
        "profile": {**artifact.profile, "score": artifact.profile["spend"]},
        "provenance": {**artifact.provenance, "commit": "other"},
    }
    assert set(other) == {each.name for each in fields(Artifact)}
    ids = {replace(artifact, **{name: value}).id for name, value in other.items()}
    assert len({artifact.id, *ids}) == len(other) + 1
    assert replace(artifact, name="other").id in ids
    assert replace(artifact).id == artifact.id


def test_its_id_hangs_on_what_was_learned(asked: dict[str, Asked]) -> None:
    artifact, _ = asked["segments"]
    state = artifact.model.state()
    moved = {**state, "centres": (np.nextafter(np.array(state["centres"]), 9)).tolist()}
    assert replace(artifact, model=Segments(k=3).restore(moved)).id != artifact.id


def test_trees_keep_the_bytes_they_came_in(asked: dict[str, Asked], tmp_path: Path) -> None:
    """Another XGBoost writes the same trees with its own version number: the id must not hang on who reads them."""
    artifact, frame = asked["churn"]
    state = artifact.model.state()
    major = state["booster"].index(b"i", state["booster"].index(b"version") + len("version")) + 1
    newer = state["booster"][:major] + bytes([state["booster"][major] + 1]) + state["booster"][major + 1 :]
    other = replace(artifact, model=Boosted("binary", rounds=25).restore({**state, "booster": newer}))
    other.save(tmp_path / "made")
    again = Artifact.load(tmp_path / "made")
    assert again.id == other.id != artifact.id
    assert again.score(frame, version="1")["score"].tolist() == artifact.score(frame, version="1")["score"].tolist()


def test_a_changed_byte_is_refused(asked: dict[str, Asked], tmp_path: Path) -> None:
    artifact, frame = asked["churn"]
    artifact.save(tmp_path / "made")
    scores = artifact.score(frame, version="1")
    rng = np.random.default_rng(0)
    for name in ("artifact.json", "booster.ubj"):
        path = tmp_path / "made" / name
        whole = path.read_bytes()
        for place in rng.integers(len(whole), size=60):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ (1 << rng.integers(7))]) + whole[place + 1 :])
            try:
                again = Artifact.load(tmp_path / "made")
            except ArtifactError:
                continue
            assert name == "artifact.json"  # white space, or two ways to write one number
            assert again.id == artifact.id
            pd.testing.assert_frame_equal(again.score(frame, version="1"), scores, check_exact=True)
        path.write_bytes(whole)
    assert Artifact.load(tmp_path / "made").id == artifact.id


@pytest.mark.parametrize("change", ["cut", "swap", "rename", "add", "noise"])
def test_files_that_are_not_what_was_saved_are_refused(change: str, asked: dict[str, Asked], tmp_path: Path) -> None:
    folder = tmp_path / "made"
    asked["churn"][0].save(folder)
    trees = folder / "booster.ubj"
    if change == "cut":
        trees.write_bytes(trees.read_bytes()[:-100])
    elif change == "swap":
        trees.write_bytes(asked["pairs"][0].model.state()["booster"])
    elif change == "rename":
        trees.rename(folder / "trees.ubj")
    elif change == "add":
        (folder / "more.ubj").write_bytes(b"more")
    else:
        (folder / "artifact.json").write_bytes(b"\xff\xfe not JSON")
    with pytest.raises(ArtifactError, match="fetch it anew"):
        Artifact.load(folder)


@pytest.mark.parametrize("format_", [0, 1, 2, 4, "3", None])
def test_another_format_is_refused_with_advice(format_: object, asked: dict[str, Asked], tmp_path: Path) -> None:
    asked["churn"][0].save(tmp_path / "made")
    path = tmp_path / "made" / "artifact.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": format_}))
    with pytest.raises(ArtifactError, match=f"is of format {format_}; this version reads format 3. Train it anew, or"):
        Artifact.load(tmp_path / "made")


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"there is no artifact at .*/nowhere: artifact.json is missing"):
        Artifact.load(tmp_path / "nowhere")


class Halting(BaseRate):
    """Its second file cannot be written: the name leads into a folder that is not there."""

    def state(self) -> dict[str, Any]:
        return {"a": b"whole", "nowhere/b": b"never"}


@pytest.mark.parametrize("older", [False, True])
def test_a_save_that_fails_leaves_what_was_there(older: bool, asked: dict[str, Asked], tmp_path: Path) -> None:
    artifact, _ = asked["churn"]
    if older:
        artifact.save(tmp_path / "made")
    with pytest.raises(FileNotFoundError):
        replace(artifact, model=Halting()).save(tmp_path / "made")
    assert [path.name for path in tmp_path.iterdir()] == (["made"] if older else [])
    if older:
        assert Artifact.load(tmp_path / "made").id == artifact.id


def test_a_score_has_keys_and_who_says_so(asked: dict[str, Asked]) -> None:
    artifact, frame = asked["churn"]
    scores = artifact.score(frame, version="7")
    assert list(scores.columns) == ["customer_id", "cutoff", "score", "model", "version"]
    assert scores["score"].tolist() == artifact.predict(frame).tolist()
    assert scores["customer_id"].tolist() == frame["customer_id"].tolist()
    assert set(scores["model"]) == {"small_churn"}
    assert set(scores["version"]) == {"7"}


class Telling(BaseRate):
    """It tells of each row what a column says, with an index of its own."""

    def details(self, X: pd.DataFrame) -> pd.DataFrame:
        told = pd.DataFrame({"low": X["days_since_last"] / 7, "flags": "", "next_order": X["cutoff"].dt.normalize()})
        told.loc[X["days_since_last"] > 60, ["flags", "next_order"]] = ["gone", None]
        return told.set_index(X["days_since_last"])


@pytest.mark.parametrize("sort", ["churn", "pairs"])
def test_what_a_model_tells_beside_its_score_stands_beside_it(sort: str, asked: dict[str, Asked]) -> None:
    made, frame = asked[sort]
    frame = frame.assign(days_since_last=np.arange(len(frame)) / 3).sample(frac=1, random_state=1)
    artifact = replace(made, model=Telling("binary").restore({"rate": 0.25}))
    scores = artifact.score(frame, version="1")
    keys = [key for key in ("customer_id", "cutoff", "category") if key in frame]
    assert list(scores.columns) == [*keys, "score", "low", "flags", "next_order", "model", "version"]
    rows = frame[frame["eligible"]] if "eligible" in frame else frame
    assert 0 < len(scores) == len(rows)
    for found, row in zip(scores.to_dict("records"), rows.to_dict("records"), strict=True):
        gone = row["days_since_last"] > 60
        assert [found[key] for key in keys] == [row[key] for key in keys]
        assert (found["low"], found["flags"]) == (row["days_since_last"] / 7, "gone" if gone else "")
        assert pd.isna(found["next_order"]) if gone else found["next_order"] == row["cutoff"].normalize()
    assert set(scores["flags"]) == {"", "gone"}


CALIBRATIONS = [
    Calibration(),
    Calibration("sigmoid", slope=1.7, intercept=-0.4, shift=0.3),
    Calibration("isotonic", knots=(0.1, 0.5, 0.9), heights=(0.05, 0.4, 0.97), shift=-0.2, note="by hand"),
]


@pytest.mark.parametrize("calibration", CALIBRATIONS, ids=lambda each: each.method)
def test_what_leaves_an_artifact_is_calibrated(
    calibration: Calibration, asked: dict[str, Asked], tmp_path: Path
) -> None:
    """Score by score, as the map says by hand; and so again from its file."""
    made, frame = asked["churn"]
    artifact = replace(made, calibration=calibration)
    expected = []
    for raw in made.model.predict(frame).tolist():
        p = raw
        if calibration.knots:
            p = float(np.interp(raw, calibration.knots, calibration.heights))
        odds = calibration.slope * np.log(p / (1 - p)) + calibration.intercept + calibration.shift
        expected.append(1 / (1 + np.exp(-odds)))
    assert artifact.score(frame, version="1")["score"].tolist() == pytest.approx(expected, abs=1e-12)
    artifact.save(tmp_path / "made")
    again = Artifact.load(tmp_path / "made")
    assert again.calibration == calibration
    assert again.predict(frame).tolist() == artifact.predict(frame).tolist()


@pytest.mark.parametrize("calibration", CALIBRATIONS, ids=lambda each: each.method)
def test_its_terms_add_up_to_the_log_odds_of_its_scores(calibration: Calibration, asked: dict[str, Asked]) -> None:
    made, frame = asked["churn"]
    artifact = replace(made, calibration=calibration)
    terms, score = artifact.contributions(frame), artifact.predict(frame)
    assert terms.shape == (len(frame), len(artifact.features) + 1)
    assert terms.sum(axis=1) == pytest.approx(np.log(score / (1 - score)), abs=1e-5)


def test_a_model_that_is_no_sum_gives_no_reasons(asked: dict[str, Asked]) -> None:
    artifact, frame = asked["segments"]
    with pytest.raises(NotExplained, match="the scores of 'segments' are no sums over features, so it gives no reas"):
        artifact.contributions(frame)


def test_pairs_not_asked_about_inform_the_others_and_get_no_score(asked: dict[str, Asked]) -> None:
    artifact, frame = asked["pairs"]
    frame = frame.sample(frac=1, random_state=1)
    scores = artifact.score(frame, version="1")
    assert list(scores.columns) == ["customer_id", "cutoff", "category", "score", "model", "version"]
    assert 0 < len(scores) == frame["eligible"].sum() < len(frame)
    expected = [
        (row.customer_id, row.category, score)
        for row, score in zip(frame.itertuples(), artifact.model.predict(frame), strict=True)
        if row.eligible
    ]
    assert list(scores[["customer_id", "category", "score"]].itertuples(index=False, name=None)) == expected


def test_codes_are_labelled(asked: dict[str, Asked]) -> None:
    artifact, frame = asked["segments"]
    scores = artifact.score(frame, version="1")
    assert list(scores.columns) == ["customer_id", "cutoff", "score", "label", "model", "version"]
    assert scores["label"].tolist() == [artifact.model.labels[int(code)] for code in artifact.model.predict(frame)]
    assert scores["label"].nunique() == 3
