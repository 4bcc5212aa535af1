"""Promotion through the command line: a gate that holds, a force that goes on record, a way back byte for byte."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
import pytest

from configs.settings import Settings
from configs.study import Study
from experiments.promotion import promoted
from experiments.runs import Deployment
from experiments.study import prepare
from features.datasets import DATASETS
from features.engine.door import admit
from features.history import History
from features.nobody import NobodyAsked
from models.artifact import Artifact, ArtifactError
from models.registry import Alias, ModelRegistry
from models.registry.promotion import FORMER, PROMOTED, ROLLED_BACK, champion_of
from models.registry.runs import experiment_of
from training.backtest import Backtested
from training.gate import NotPromoted

DAY = pd.Timedelta(days=1)
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
    """Score everybody with a champion, and give the bytes of all parts."""
    assert augury("score", name, "--to", to).returncode == 0
    return b"".join(path.read_bytes() for path in sorted((to / "scores.parquet").iterdir()))


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


# Questions that come with an event: two campaigns at one instant


def offers() -> dict[str, pd.DataFrame]:
    """Send two offers at once to 400 customers, twelve times; who is apt takes the first of them, and few the other."""
    rng = np.random.default_rng(5)
    ids = [f"c{number:03}" for number in range(400)]
    days = pd.date_range("2025-01-10 09:00", periods=12, freq="28D")
    apt = rng.random(400)
    buys = pd.DataFrame({"customer_id": np.repeat(ids, 12), "time": np.tile(days - 2 * DAY, 400), "amount": 10.0})
    sent = pd.MultiIndex.from_product([days, ids, ["one", "two"]], names=["time", "customer_id", "campaign"])
    touches = sent.to_frame(index=False)
    odds = np.tile(np.repeat(apt, 2), 12) * np.where(touches["campaign"] == "one", 0.7, 0.2)
    taken = touches[rng.random(len(touches)) < odds]
    return {
        "transactions": buys[rng.random(len(buys)) < np.repeat(0.1 + 0.9 * apt, 12)],
        "touches": touches,
        "events": taken.assign(time=taken["time"] + 3 * DAY, kind="coupon_redemption"),
    }


@pytest.fixture(scope="module")
def deployment(empty_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """Open a registry of its own."""
    var = tmp_path_factory.mktemp("offers")
    return Deployment.open(Settings(var, f"sqlite:///{shutil.copy(empty_store, var / 'mlflow.db')}"))


@pytest.fixture(scope="module")
def offered(deployment: Deployment) -> Iterator[Deployment]:
    """Register a champion of few trees and a challenger of more that learned until August."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(DATASETS, "offers", lambda: admit("offers", offers(), end=pd.Timestamp("2025-12-05")))
        for rounds, tests in ((1, ["2025-07-01"]), (20, ["2025-07-01", "2025-08-20"])):
            said = {
                "title": "Who takes the offer",
                "dataset": "offers",
                "population": "touched",
                "target": "redeemed_offer",
                "horizon_days": 14,
                "features": ["frequency", "anchor.campaign=one"],
                "cutoffs": {"first": "2025-01-10", "step_days": 28, "test": tests},
                "champion": "boosted",
                "models": {"boosted": {"rounds": rounds}},
            }
            prepared = prepare("offer", Study.model_validate(said), step=ignored)
            deployment.record(prepared, prepared.judge(step=ignored))
        yield deployment


def ignored(what: str) -> None:
    """Hear of a step."""


# The models' last horizon closes on 2025-08-08 at 9: the challenger's last touches are those of 2025-07-25.


@pytest.mark.parametrize("cutoff", ["2025-08-08", "2025-08-22 08:59"])
def test_questions_that_a_model_may_have_learned_from_are_no_test(offered: Deployment, cutoff: str) -> None:
    """Asked until a cutoff are those of the fourteen days before it, and all of them must be later."""
    told = (
        r"boosted has learned from outcomes up to 2025-08-08, and would be tested from 2025-(07-25|08-08) until 2025-"
    )
    with pytest.raises(NotPromoted, match=told):
        promoted(offered, "offer", cutoff=pd.Timestamp(cutoff), overridden="", step=ignored)


def test_the_earliest_questions_that_are_a_test(offered: Deployment) -> None:
    """At 09:00 nothing is left of what was learned from; the touches of 2025-08-22 are just not among the tested."""
    with pytest.raises(
        NobodyAsked, match="nothing in offers is 'touched' from 2025-08-08 09:00:00 until 2025-08-22 09"
    ):
        promoted(offered, "offer", cutoff=pd.Timestamp("2025-08-22 09:00"), overridden="", step=ignored)


def test_offers_sent_at_once_are_judged_each_by_its_own_redemptions(offered: Deployment) -> None:
    """By default the last questions whose answers are all known: those of 2025-11-14, told until 2025-11-28."""
    judged, move = promoted(offered, "offer", cutoff=None, overridden="whatever comes of it", step=ignored)
    events = offers()["events"]
    last = events[events["time"] == pd.Timestamp("2025-11-17 09:00")]
    takers, of_both = last["customer_id"].nunique(), int(last["customer_id"].duplicated().sum())
    fewest = min(takers, 400 - of_both)
    assert judged.checks[0].told.startswith(f"400 customers were scored by both, {fewest} of them with the rarer")
    assert [(check.name, check.passed) for check in judged.checks[:2]] == [("data", True), ("ranking", True)]
    assert move.version == "2"


# A table without dates


@pytest.fixture(scope="module")
def people(deployment: Deployment) -> Deployment:
    """Register a champion and a challenger, between whose trainings the history's end has moved."""
    rng = np.random.default_rng(2)
    age = rng.uniform(20, 80, 600)
    left = np.where(rng.random(600) < age / 100, "yes", "no")
    table = pd.DataFrame({"customer_id": [f"c{number:03}" for number in range(600)], "age": age, "left": left})
    for rounds, end in ((2, "2024-01-01"), (20, "2024-03-01")):
        history = admit("people", {"customers": table}, end=pd.Timestamp(end))
        said = {
            "title": "Who left",
            "dataset": "people",
            "population": "listed",
            "target": "customers.left=yes",
            "features": ["customers.age"],
            "folds": {"count": 3, "repeats": 1},
            "champion": "boosted",
            "models": {"boosted": {"rounds": rounds}},
        }
        prepared = prepare("people", Study.model_validate(said), step=ignored, history=history)
        deployment.record(prepared, prepared.judge(step=ignored))
    return deployment


def test_a_table_without_dates_has_no_cutoff_to_be_judged_at(people: Deployment) -> None:
    for reason in ("", "by force"):
        with pytest.raises(
            ValueError, match="people is about a table without dates, judged by its folds' predictions: l"
        ):
            promoted(people, "people", cutoff=pd.Timestamp("2024-01-01"), overridden=reason, step=ignored)
    assert people.registry.load("people").version == "1"


def test_a_table_without_dates_is_compared_whenever_it_was_loaded(people: Deployment) -> None:
    judged, _ = promoted(people, "people", cutoff=None, overridden="by force", step=ignored)
    assert judged.checks[0].told.startswith("600 customers were scored by both, 2")
    assert [check.name for check in judged.checks] == ["data", "ranking", "calibration"]


# What cannot be compared


def rivals(deployment: Deployment, champion: Artifact, challenger: Artifact) -> None:
    """Register two artifacts under the challenger's name."""
    experiment = experiment_of(deployment.registry, challenger.name, artifacts=deployment.settings.runs)
    for artifact, alias in ((champion, "champion"), (challenger, "challenger")):
        run_id = deployment.registry.client.create_run(experiment).info.run_id
        named = replace(artifact, name=challenger.name)
        deployment.registry.add(named, run_id=run_id, alias=cast("Alias", alias))


def held(deployment: Deployment, name: str, error: type[Exception], told: str) -> None:
    """Hold the error that keeps a champion against its message, and then force the challenger past it."""
    with pytest.raises(error, match=told):
        promoted(deployment, name, cutoff=None, overridden="", step=ignored)
    assert champion_of(deployment.registry, name) == "1"
    judged, move = promoted(deployment, name, cutoff=None, overridden="it must be", step=ignored)
    (check,) = judged.checks
    assert (check.name, check.passed) == ("comparison", False)
    assert re.search(told, check.told)
    assert champion_of(deployment.registry, name) == move.version == "2"
    record = tags(deployment.registry, name, "2")[PROMOTED]
    assert isinstance(record, dict)
    assert record["verdict"] == judged.plain()
    assert (record["forced"], record["reason"]) == (True, "it must be")


def test_segments_replace_no_churn_model_unless_by_force(deployment: Deployment, trained: Backtested) -> None:
    segments = replace(trained.artifact, name="segments", target="", kind="none", horizon_days=0)
    rivals(deployment, trained.artifact, segments)
    held(deployment, "segments", NotPromoted, "the challenger's target is '', the champion's 'churned'; its kind is 'n")


def test_a_champion_of_an_old_format_goes_by_force(
    deployment: Deployment, trained: Backtested, monkeypatch: pytest.MonkeyPatch
) -> None:
    artifact, add = replace(trained.artifact, name="old"), deployment.registry.add
    experiment = experiment_of(deployment.registry, "old", artifacts=deployment.settings.runs)
    run = deployment.registry.client.create_run(experiment).info.run_id
    with monkeypatch.context() as patch:
        patch.setattr("models.artifact.FORMAT", 1)
        add(artifact, run_id=run, alias="champion")
    add(replace(artifact), run_id=run, alias="challenger")  # which counts its id anew
    held(deployment, "old", ArtifactError, "is of format 1; this version reads format 3")


def test_a_champion_of_changed_definitions_goes_by_force(
    deployment: Deployment, trained: Backtested, simulated: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(DATASETS, "small", lambda: simulated)
    changed = replace(trained.artifact, features={**trained.artifact.features, "frequency": "another"})
    rivals(deployment, changed, replace(trained.artifact, name="changed"))
    held(deployment, "changed", ArtifactError, r"changed was trained on other definitions of \['frequency'\]")
