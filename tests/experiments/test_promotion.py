"""Promotion through the command line: a gate that holds, a force that goes on record, a way back byte for byte."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from configs.settings import Settings
from models.registry import ModelRegistry
from models.registry.promotion import FORMER, PROMOTED, ROLLED_BACK

Answer = subprocess.CompletedProcess[str]
Augury = Callable[..., Answer]


@pytest.fixture(scope="module")
def registry(var: Path) -> ModelRegistry:
    return ModelRegistry(Settings.read({"AUGURY_VAR": str(var)}).mlflow)


@pytest.fixture(scope="module")
def train(augury: Augury, small_study: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, int], Answer]:
    """Train trees of so many rounds under a name."""
    folder = tmp_path_factory.mktemp("rivals")

    def trained(name: str, rounds: int) -> Answer:
        text = small_study.read_text().replace("rounds = 20", f"rounds = {rounds}").replace("[models.rfm_logistic]", "")
        (folder / f"{name}.toml").write_text(text)
        return augury("train", folder / f"{name}.toml")

    return trained


def scored(augury: Augury, name: str, to: Path) -> bytes:
    """Score everybody with a champion, and give the file's bytes."""
    assert augury("score", name, "--to", to).returncode == 0
    return (to / "scores.parquet").read_bytes()


def tags(registry: ModelRegistry, name: str, version: str) -> dict[str, object]:
    found = registry.client.get_model_version(name, version).tags
    return {key: json.loads(found[key]) for key in (FORMER, PROMOTED, ROLLED_BACK) if key in found}


def test_a_better_challenger_takes_over_and_the_way_back_gives_the_same_bytes(
    augury: Augury, train: Callable[[str, int], Answer], registry: ModelRegistry, tmp_path: Path
) -> None:
    assert "registered as rival version 1 (champion)" in train("rival", 2).stdout
    first = scored(augury, "rival", tmp_path / "first")
    assert "registered as rival version 2 (challenger)" in train("rival", 60).stdout
    assert scored(augury, "rival", tmp_path / "meanwhile") == first
    said = augury("promote", "rival")
    assert said.returncode == 0
    assert said.stdout.count("yes ") == 3
    assert "champion of rival: version 2, after 1" in said.stdout
    assert registry.load("rival").version == "2"
    assert "challenger" not in registry.client.get_registered_model("rival").aliases
    assert scored(augury, "rival", tmp_path / "second") != first
    back = augury("rollback", "rival", "--reason", "complaints")
    assert "champion of rival: version 1 again, instead of 2" in back.stdout
    assert scored(augury, "rival", tmp_path / "back") == first
    record = tags(registry, "rival", "2")
    assert record[FORMER] == "1"
    assert isinstance(record[PROMOTED], dict)
    assert isinstance(record[ROLLED_BACK], dict)
    assert (record[PROMOTED]["forced"], record[PROMOTED]["verdict"]["passed"]) == (False, True)
    assert (record[ROLLED_BACK]["to"], record[ROLLED_BACK]["reason"]) == ("1", "complaints")


def test_a_worse_challenger_is_kept_out_unless_it_is_forced_with_a_reason(
    augury: Augury, train: Callable[[str, int], Answer], registry: ModelRegistry
) -> None:
    train("keeper", 60)
    train("keeper", 1)
    kept = augury("promote", "keeper")
    assert kept.returncode == 1
    assert "augury: the gate keeps version 1 of keeper: the challenger's roc_auc lies -0.0" in kept.stderr
    assert registry.load("keeper").version == "1"
    assert augury("promote", "keeper", "--reason", "no force").returncode == 1
    forced = augury("promote", "keeper", "--force", "--reason", "a test of the channel")
    assert forced.returncode == 0
    assert "NO   ranking: the challenger's roc_auc lies -0.0" in forced.stdout
    assert registry.load("keeper").version == "2"
    promoted = tags(registry, "keeper", "2")[PROMOTED]
    assert isinstance(promoted, dict)
    assert (promoted["forced"], promoted["reason"]) == (True, "a test of the channel")
    assert promoted["verdict"]["passed"] is False
    assert [check["name"] for check in promoted["verdict"]["checks"] if not check["passed"]] == ["ranking"]


def test_without_a_challenger_there_is_nothing_to_promote(augury: Augury, train: Callable[[str, int], Answer]) -> None:
    train("alone", 2)
    said = augury("promote", "alone")
    assert said.returncode == 1
    assert "model 'alone' has no challenger; train one, or set the alias" in said.stderr


def test_a_day_that_a_model_has_learned_from_is_no_test(augury: Augury, train: Callable[[str, int], Answer]) -> None:
    """The models' last horizon closes on 1998-03-31; the day before they knew more than a stranger."""
    train("early", 2)
    train("early", 3)
    said = augury("promote", "early", "--cutoff", "1998-03-30")
    assert said.returncode == 1
    assert "has learned from outcomes up to 1998-03-31" in said.stderr
