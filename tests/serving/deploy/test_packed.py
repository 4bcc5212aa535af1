"""A packed copy of models: what was written is read, and nothing else is."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from experiments.cli import app
from experiments.pack import pack as pack_command
from experiments.runs import Deployment
from features.library import FEATURES, POPULATIONS
from models.artifact import Artifact
from models.calibration import Calibration
from models.estimators import create
from models.profile import profile
from models.registry import Registered
from serving.live.packed import PACK, PackError, read_pack, write_pack

NAMES = ["days_since_last", "purchase_days_91d"]


def _people() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    drawn = {name: rng.poisson(4, 200).astype(np.float64) for name in NAMES}
    return pd.DataFrame({"customer_id": [f"c{number}" for number in range(200)], **drawn}).assign(
        cutoff=pd.Timestamp("2025-07-01")
    )


def _artifact(name: str, *, rounds: int = 5) -> Artifact:
    X = _people()
    y = (X["days_since_last"] > 4).astype(np.float64)
    model = create("boosted", rounds=rounds, seed=0).fit(X, y)
    return Artifact(
        name=name,
        dataset="drawn",
        population="known",
        population_fingerprint=POPULATIONS["known"].fingerprint,
        target="churned",
        kind="binary",
        horizon_days=91,
        lead_days=0,
        features={each: FEATURES[each].fingerprint for each in NAMES},
        categories=[],
        trained_to=pd.Timestamp("2025-07-01"),
        model_name="boosted",
        model=model,
        calibration=Calibration(),
        profile=profile(X[NAMES].assign(score=model.predict(X))),
    )


@pytest.fixture(scope="module")
def two() -> list[Registered]:
    return [Registered(_artifact("one"), "7", "abc"), Registered(_artifact("a/../b", rounds=3), "12")]


@pytest.fixture
def pack(two: list[Registered], tmp_path: Path) -> Path:
    write_pack(two, tmp_path / "pack")
    return tmp_path / "pack"


def _tree(folder: Path) -> dict[str, bytes]:
    return {str(each.relative_to(folder)): each.read_bytes() for each in folder.rglob("*") if each.is_file()}


def _blob(pack: Path) -> Path:
    return sorted(pack.rglob("*.ubj"))[0]


def test_what_was_packed_is_read(two: list[Registered], pack: Path) -> None:
    read = read_pack(pack)
    assert [(each.artifact.name, each.version, each.run_id) for each in read] == [
        ("a/../b", "12", ""),
        ("one", "7", "abc"),
    ]
    people = _people()
    for mine, theirs in zip(read, reversed(two), strict=True):
        assert mine.artifact.id == theirs.artifact.id
        assert mine.artifact.predict(people).tobytes() == theirs.artifact.predict(people).tobytes()


def test_it_is_plain_files_each_named(two: list[Registered], pack: Path) -> None:
    assert {each.name for each in pack.iterdir()} == {PACK, *(each.artifact.id for each in two)}
    for entry in json.loads((pack / PACK).read_text())["models"]:
        assert set(entry["files"]) == {each.name for each in (pack / entry["id"]).iterdir()}


def test_the_same_models_make_the_same_files(two: list[Registered], pack: Path, tmp_path: Path) -> None:
    write_pack(list(reversed(two)), tmp_path / "other")
    assert _tree(tmp_path / "other") == _tree(pack)


def test_a_copy_is_as_good_wherever_it_lies(pack: Path, tmp_path: Path) -> None:
    shutil.copytree(pack, tmp_path / "elsewhere" / "deep")
    assert [each.version for each in read_pack(tmp_path / "elsewhere" / "deep")] == ["12", "7"]


def test_a_new_pack_takes_the_place_of_an_old_one(two: list[Registered], pack: Path) -> None:
    write_pack(two[:1], pack)
    assert [each.artifact.name for each in read_pack(pack)] == ["one"]
    assert len(list(pack.iterdir())) == 2


def test_a_folder_of_other_things_stays(two: list[Registered], tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter.txt").write_text("dear")
    with pytest.raises(ValueError, match="holds no pack"):
        write_pack(two, tmp_path / "home")
    with pytest.raises(ValueError, match="holds no pack"):
        write_pack(two, tmp_path / "home" / "letter.txt")
    assert _tree(tmp_path) == {"home/letter.txt": b"dear"}


def test_an_empty_folder_is_taken(two: list[Registered], tmp_path: Path) -> None:
    write_pack(two, tmp_path)
    assert len(read_pack(tmp_path)) == 2


def test_nothing_and_two_of_a_name_are_no_pack(two: list[Registered], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no model to pack"):
        write_pack([], tmp_path / "pack")
    with pytest.raises(ValueError, match="one version of each name"):
        write_pack([*two, Registered(two[0].artifact, "8")], tmp_path / "pack")
    assert list(tmp_path.iterdir()) == []


def test_one_that_cannot_be_written_leaves_the_old_one(
    two: list[Registered], pack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _tree(pack)

    def full(self: Artifact, folder: Path) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(Artifact, "save", full)
    with pytest.raises(OSError, match="no space"):
        write_pack(two, pack)
    assert _tree(pack) == before
    assert [each.name for each in pack.parent.iterdir()] == ["pack"]


def _edited(pack: Path, change: Callable[[dict[str, object]], object]) -> None:
    text = json.loads((pack / PACK).read_text())
    change(text)
    (pack / PACK).write_text(json.dumps(text))


FAULTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "no pack.json": (lambda pack: (pack / PACK).unlink(), "no pack at"),
    "half of pack.json": (lambda pack: (pack / PACK).write_text((pack / PACK).read_text()[:200]), "not JSON"),
    "a list": (lambda pack: (pack / PACK).write_text("[]"), "of format None"),
    "a later format": (lambda pack: _edited(pack, lambda text: text.update(format=2)), "of format 2"),
    "another version": (
        lambda pack: _edited(pack, lambda text: text["models"][0].update(version="13")),  # type: ignore[index]
        "changed after it was written",
    ),
    "a model less": (
        lambda pack: _edited(pack, lambda text: text["models"].pop()),  # type: ignore[attr-defined]
        "changed after it was written",
    ),
    "no hash": (lambda pack: _edited(pack, lambda text: text.pop("hash")), "changed after it was written"),
    "a folder less": (lambda pack: shutil.rmtree(_blob(pack).parent), "lacks the folder"),
    "a file less": (lambda pack: _blob(pack).unlink(), "missing: "),
    "a byte other": (lambda pack: _blob(pack).write_bytes(_blob(pack).read_bytes()[:-1] + b"?"), "changed: "),
    "half a file": (lambda pack: _blob(pack).write_bytes(_blob(pack).read_bytes()[:100]), "changed: "),
    "a file more": (lambda pack: (_blob(pack).parent / "more.ubj").write_bytes(b""), "not of it: more.ubj"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_changed_or_half_pack_is_told_of(pack: Path, fault: str) -> None:
    spoil, told = FAULTS[fault]
    spoil(pack)
    with pytest.raises(PackError, match=told):
        read_pack(pack)


def test_a_model_under_another_name_is_told_of(two: list[Registered], pack: Path) -> None:
    """Even where all hashes are right."""
    write_pack(two[:1], pack)
    text = json.loads((pack / PACK).read_text())
    text["models"][0]["name"] = "two"
    text["hash"] = hashlib.sha256(json.dumps(text["models"], sort_keys=True).encode()).hexdigest()
    (pack / PACK).write_text(json.dumps(text))
    with pytest.raises(PackError, match=r"holds one .*, not two version 7"):
        read_pack(pack)


def test_the_command_packs_the_champions_of_the_registry(deployment: Deployment, tmp_path: Path) -> None:
    settings = deployment.settings
    environment = {"AUGURY_VAR": str(settings.var), "AUGURY_MLFLOW": settings.mlflow}
    asked = ["pack", "--to", str(tmp_path / "pack"), "--dataset", "shop"]
    done = CliRunner().invoke(app, asked, env=environment, catch_exceptions=False)
    champions = deployment.registry.champions("shop")
    assert [(each.artifact.id, each.version) for each in read_pack(tmp_path / "pack")] == [
        (each.artifact.id, each.version) for each in champions
    ]
    assert len(champions) == 4
    assert all(f"{each.artifact.name} version {each.version}" in done.output for each in champions)


def test_a_dataset_without_champions_is_told_of(deployment: Deployment, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is no model to pack"):
        pack_command(tmp_path / "pack", dataset="nowhere", settings=deployment.settings)
    assert list(tmp_path.iterdir()) == []
