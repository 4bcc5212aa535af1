"""The batch: whole or not at all, and what its manifest says."""

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from experiments.runs import Deployment
from features.frame import frame
from features.history import History
from features.library import FEATURES, POPULATIONS
from models.artifact import ArtifactError
from models.registry import Registered
from serving.batch import asked, batch_frame, score
from serving.definitions import features_of, population_of

CUTOFF = pd.Timestamp("2025-10-01")
FILES = ["batch.json", "frame.parquet", "scores.parquet"]


@pytest.fixture(scope="module")
def churn(deployment: Deployment) -> Registered:
    return deployment.registry.load("shop_churn")


@pytest.fixture(scope="module")
def cross_sell(deployment: Deployment) -> Registered:
    return deployment.registry.load("shop_cross_sell")


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_a_batch_is_three_files(churn: Registered, history: History, tmp_path: Path) -> None:
    scores = score(history, churn, cutoff=CUTOFF, to=tmp_path / "batch")
    assert sorted(_files(tmp_path / "batch")) == FILES
    assert [path.name for path in tmp_path.iterdir()] == ["batch"]
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "batch" / "scores.parquet"), scores)
    observed = pd.read_parquet(tmp_path / "batch" / "frame.parquet")
    pd.testing.assert_frame_equal(observed, batch_frame(history, churn, cutoff=CUTOFF))
    assert list(observed.columns) == ["customer_id", "cutoff", *churn.artifact.features]
    assert list(scores.columns) == ["customer_id", "cutoff", "score", "model", "version"]


def test_the_manifest_says_what_the_batch_is(churn: Registered, history: History, tmp_path: Path) -> None:
    scores = score(history, churn, cutoff=CUTOFF, to=tmp_path / "batch")
    assert json.loads((tmp_path / "batch" / "batch.json").read_text()) == {
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
    }


def test_a_batch_holds_whom_the_cutoff_knows(
    churn: Registered, history: History, sales: pd.DataFrame, tmp_path: Path
) -> None:
    early = pd.Timestamp("2024-12-01")
    scores = score(history, churn, cutoff=early, to=tmp_path / "batch")
    before = sales[(sales["time"] < early) & ~sales["is_return"]]
    assert scores["customer_id"].tolist() == sorted(before["customer_id"].unique())
    assert set(scores["cutoff"]) == {early}
    assert len(scores) < sales["customer_id"].nunique()


def test_pairs_are_scored_where_they_are_asked_about(cross_sell: Registered, history: History, tmp_path: Path) -> None:
    scores = score(history, cross_sell, cutoff=CUTOFF, to=tmp_path / "batch")
    observed = pd.read_parquet(tmp_path / "batch" / "frame.parquet")
    manifest = json.loads((tmp_path / "batch" / "batch.json").read_text())
    assert len(observed) == 12 * observed["customer_id"].nunique()
    assert len(scores) == observed["eligible"].sum() == manifest["rows"] < len(observed)
    assert manifest["customers"] == scores["customer_id"].nunique()


def test_nothing_of_a_batch_that_fails_is_seen(
    churn: Registered, history: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    score(history, churn, cutoff=CUTOFF, to=tmp_path / "batch")
    before, written = _files(tmp_path / "batch"), pd.DataFrame.to_parquet

    def full(self: pd.DataFrame, path: Path, **options: object) -> None:
        if path.name == "scores.parquet":
            raise OSError("no space left on device")
        written(self, path, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(pd.DataFrame, "to_parquet", full)
    for name in ("batch", "first"):
        with pytest.raises(OSError, match="no space left"):
            score(history, churn, cutoff=history.end, to=tmp_path / name)
    assert _files(tmp_path / "batch") == before
    assert [path.name for path in tmp_path.iterdir()] == ["batch"]


def test_a_new_batch_takes_the_place_of_the_old(churn: Registered, history: History, tmp_path: Path) -> None:
    score(history, churn, cutoff=CUTOFF, to=tmp_path / "batch")
    (tmp_path / "batch" / "stray").touch()
    score(history, churn, cutoff=history.end, to=tmp_path / "batch")
    assert sorted(_files(tmp_path / "batch")) == FILES
    assert json.loads((tmp_path / "batch" / "batch.json").read_text())["cutoff"] == history.end.isoformat()


def test_the_same_batch_twice_is_the_same_files(churn: Registered, history: History, tmp_path: Path) -> None:
    for name in ("one", "two"):
        score(history, churn, cutoff=CUTOFF, to=tmp_path / name)
    assert _files(tmp_path / "one") == _files(tmp_path / "two")


def test_a_cutoff_beyond_the_data_is_refused(churn: Registered, history: History, tmp_path: Path) -> None:
    late = history.end + pd.Timedelta(days=1)
    with pytest.raises(ValueError, match=f"cutoff {late:%Y-%m-%d} lies beyond the data of shop, which end at"):
        score(history, churn, cutoff=late, to=tmp_path / "batch")
    assert not list(tmp_path.iterdir())


def test_a_cutoff_before_everyone_is_refused(churn: Registered, history: History, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"nobody in shop is 'known' at \['2020-01-01'\]"):
        score(history, churn, cutoff=pd.Timestamp("2020-01-01"), to=tmp_path / "batch")
    assert not list(tmp_path.iterdir())


def test_changed_definitions_are_refused(
    churn: Registered, history: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FEATURES, "gap_mean", replace(FEATURES["gap_mean"], empty=0.0))
    with pytest.raises(ArtifactError, match=r"trained on other definitions of \['gap_mean'\]"):
        score(history, churn, cutoff=CUTOFF, to=tmp_path / "batch")
    assert not list(tmp_path.iterdir())


def test_the_frame_is_that_of_training(cross_sell: Registered, history: History) -> None:
    artifact = cross_sell.artifact
    trained = frame(
        history,
        [CUTOFF],
        population=population_of(artifact),
        features=features_of(artifact),
        categories=artifact.categories,
    )
    pd.testing.assert_frame_equal(batch_frame(history, cross_sell, cutoff=CUTOFF), trained, check_exact=True)


def test_what_is_asked_decides_who_may_share_a_frame(churn: Registered) -> None:
    artifact = churn.artifact
    assert asked(replace(artifact, trained_to=CUTOFF, name="other")) == asked(artifact)
    assert asked(replace(artifact, features={**artifact.features, "spend": "0"})) != asked(artifact)
    assert asked(replace(artifact, population="active_84d")) != asked(artifact)
    assert asked(replace(artifact, categories=["tea"])) != asked(artifact)
