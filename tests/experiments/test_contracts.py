"""A business of contracts alone, on the command line: checked, trained, scored, watched, built and kept."""

import json
import re
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from configs.settings import Settings
from configs.study import read_study
from experiments.study import prepare
from features.datasets import load
from features.datasets.simulator.customers import people
from features.datasets.simulator.period import Period
from features.datasets.simulator.subscriptions import subscriptions
from features.engine.stored import stored
from features.library import available
from models.registry import ModelRegistry

Answer = subprocess.CompletedProcess[str]
Augury = Callable[..., Answer]
Contracts = Sequence[tuple[str, pd.Timestamp, pd.Timestamp]]

END, GRACE, HORIZON = pd.Timestamp("2025-10-01"), pd.Timedelta(days=7), pd.Timedelta(days=56)
TABLES = f"""[policy]
grace_days = {GRACE.days}

[tables.subscriptions]
csv = "contracts.csv"
columns.customer_id = "member"
"""
DATASET = f"end = 2025-10-01T00:00:00\n{TABLES}"
STUDY = f"""
title = "A club: who leaves"
dataset = "club.toml"
population = "subscribers"
target = "lapsed"
horizon_days = {HORIZON.days}
features = [
    "subscription_days", "subscription_price", "subscription_price_change", "plan_changes", "contracts_ended",
    "membership",
]
champion = "boosted"
baseline = "base_rate"

[cutoffs]
first = 2024-09-01
step_days = 28
test = [2025-06-08, 2025-08-03]

[models.base_rate]
[models.boosted]
rounds = 30
"""


@pytest.fixture(scope="module")
def contracts() -> pd.DataFrame:
    """Simulate the contracts of 3,028 members over two years, as they are on file when the data end.

    Some end afterwards: who has given notice is on file, too.
    """
    period = Period(pd.Timestamp("2024-01-01"), 730)
    everybody = people(np.random.default_rng(5), 12_000, period=period)
    table, _ = subscriptions(np.random.default_rng(6), everybody, period=period)
    begun: pd.DataFrame = table[table["start"] < END]
    assert (begun["end"] >= END).sum() > 300
    return begun


@pytest.fixture(scope="module")
def club(contracts: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the contracts, a dataset file and a study `leavers`."""
    folder = tmp_path_factory.mktemp("club")
    contracts.rename(columns={"customer_id": "member"}).to_csv(folder / "contracts.csv", index=False)
    (folder / "club.toml").write_text(DATASET, encoding="utf-8")
    (folder / "leavers.toml").write_text(STUDY, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def trained(augury: Augury, club: Path) -> Answer:
    return augury("train", club / "leavers.toml")


def _by_member(contracts: pd.DataFrame) -> dict[str, Contracts]:
    made: dict[str, list[tuple[str, pd.Timestamp, pd.Timestamp]]] = {}
    for who, start, end in contracts[["customer_id", "start", "end"]].itertuples(index=False):
        made.setdefault(who, []).append((who, start, end))
    return dict(made)


def _subscribed(contracts: Contracts, at: pd.Timestamp) -> bool:
    return any(start < at and (pd.isna(end) or end >= at) for _, start, end in contracts)


def _lapses(contracts: Contracts, at: pd.Timestamp) -> bool:
    """Say whether the grace of a contract is over within the horizon, and no other began before or ran on."""
    over = [end + GRACE for _, _, end in contracts if not pd.isna(end)]
    return any(
        at <= lapse < at + HORIZON
        and not any(start <= lapse and (pd.isna(end) or end + GRACE > lapse) for _, start, end in contracts)
        for lapse in over
    )


def test_the_file_is_checked_and_suffices(augury: Augury, club: Path, contracts: pd.DataFrame) -> None:
    said = augury("features", "check", club / "leavers.toml", "--json")
    report = json.loads(said.stdout)
    assert (said.returncode, report["ok"], report["end"]) == (0, True, "2025-10-01T00:00:00")
    assert [finding["severity"] for finding in report["findings"]] == []
    (task,) = report["tasks"]
    asked = [each for each in _by_member(contracts).values() if _subscribed(each, END - HORIZON)]
    gone = [each for each in asked if not any(pd.isna(end) or end + GRACE >= END for _, _, end in each)]
    assert (task["verdict"], task["customers"], task["positives"]) == ("yes", len(asked), len(gone))
    usual = augury("features", "check", club / "club.toml")
    assert usual.returncode == 0
    assert "whose contracts are over within 91 days" in usual.stdout
    assert "who buys nothing" not in usual.stdout


def test_without_an_end_check_and_train_say_how(augury: Augury, club: Path) -> None:
    (club / "endless.toml").write_text(TABLES, encoding="utf-8")
    said = augury("features", "check", club / "endless.toml")
    assert said.returncode == 40
    assert "missing_end" in said.stdout
    (club / "endless_leavers.toml").write_text(STUDY.replace("club.toml", "endless.toml"), encoding="utf-8")
    said = augury("train", club / "endless_leavers.toml")
    assert said.returncode == 40
    told = " ".join(said.stderr.split())
    assert "augury: endless: without transactions nothing tells where the history ends; say the `end`" in told
    assert "end = 2025-01-01T00:00:00 at the top of a dataset file" in told


def test_examples_are_those_of_a_loop(club: Path, contracts: pd.DataFrame) -> None:
    parts = prepare("leavers", read_study(str(club / "leavers.toml")), step=lambda _: None).splits.parts
    members = _by_member(contracts)
    for part, cutoff in zip(parts, ["2025-06-08", "2025-08-03"], strict=True):
        at = pd.Timestamp(cutoff)
        expected = {who: _lapses(each, at) for who, each in members.items() if _subscribed(each, at)}
        assert dict(zip(part.test.X["customer_id"], part.test.y == 1, strict=True)) == expected
        assert sum(expected.values()) > 150


def test_it_is_trained_and_better_than_the_base_rate(trained: Answer, var: Path) -> None:
    """Hazards differ from member to member, so that who has stayed for long stays."""
    assert trained.returncode == 0, trained.stderr
    assert "registered as leavers version 1 (champion)" in trained.stdout
    (line,) = (line for line in trained.stdout.splitlines() if line.startswith("│ boosted"))
    auc, low, high = map(float, re.findall(r"\d\.\d{3}", line)[:3])
    assert 0.55 < low < auc < high < 0.75
    artifact = ModelRegistry(Settings.read({"AUGURY_VAR": str(var)}).mlflow).load("leavers").artifact
    assert artifact.model_name == "boosted"
    assert "membership_days" in artifact.features


def test_it_scores_who_is_subscribed_whatever_ends_are_announced(
    trained: Answer, augury: Augury, club: Path, var: Path, contracts: pd.DataFrame, tmp_path: Path
) -> None:
    said = augury("score", "leavers")
    subscribed = {who for who, each in _by_member(contracts).items() if _subscribed(each, END)}
    assert said.returncode == 0
    assert f"{len(subscribed)} scores of leavers version 1" in said.stdout
    scores = pd.read_parquet(var / "scored" / "leavers" / "scores.parquet")
    assert set(scores["customer_id"]) == subscribed
    assert set(scores["cutoff"]) == {END}
    silent = contracts.assign(end=contracts["end"].where(contracts["end"] < END))
    silent.to_csv(tmp_path / "silent.csv", index=False)
    (tmp_path / "silent.toml").write_text(
        'end = 2025-10-01\n[policy]\ngrace_days = 7\n[tables.subscriptions]\ncsv = "silent.csv"\n', encoding="utf-8"
    )
    assert augury("score", "leavers", "--dataset", tmp_path / "silent.toml", "--to", tmp_path / "out").returncode == 0
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "out" / "scores.parquet"), scores)


def test_drift_knows_that_tenure_grows(trained: Answer, augury: Augury) -> None:
    same = augury("drift", "leavers", "--cutoff", "2025-06-08", "--json")
    assert (same.returncode, max(each["psi"] for each in json.loads(same.stdout)["findings"])) == (0, 0)
    report = json.loads(augury("drift", "leavers", "--json").stdout)
    (tenure,) = (each for each in report["findings"] if each["column"] == "membership_days")
    assert (report["cutoff"], tenure["psi"] > 0.1) == ("2025-10-01", True)


def test_who_needs_purchases_is_told_so(augury: Augury, club: Path) -> None:
    for said, instead in (('"subscribers"', '"known"'), ('"lapsed"', '"churned"'), ('"membership",', '"rfm",')):
        (club / "buyers.toml").write_text(STUDY.replace(said, instead), encoding="utf-8")
        failed = augury("train", club / "buyers.toml")
        assert failed.returncode == 40
        assert "needs the table 'transactions'; club has subscriptions" in " ".join(failed.stderr.split())


def test_its_frame_is_built_explained_and_kept(
    augury: Augury, club: Path, contracts: pd.DataFrame, tmp_path: Path
) -> None:
    """Without a word of whom: those whose contract runs."""
    history, file = load(str(club / "club.toml")), club / "club.toml"
    assert augury("features", "build", file, "--to", tmp_path / "built").returncode == 0
    assert "byte for byte" in augury("features", "rebuild", tmp_path / "built").stdout
    made = stored(tmp_path / "built")
    assert list(made)[2:] == [each.name for each in available(history)]
    assert set(made["customer_id"]) == {who for who, each in _by_member(contracts).items() if _subscribed(each, END)}
    said = augury("features", "keep", file, "--to", tmp_path / "kept")
    assert said.returncode == 0
    assert "features of whoever is subscribers, until 2025-10-01" in said.stdout
    assert "left out, for they cannot be kept: membership_days" in said.stdout
    assert augury("features", "tomorrow", tmp_path / "kept", "--to", tmp_path / "kept.parquet").returncode == 0
    kept = pd.read_parquet(tmp_path / "kept.parquet")
    pd.testing.assert_frame_equal(kept, made[list(kept)], check_exact=True)
    told = augury("features", "explain", made["customer_id"][0], "--dataset", file)
    assert told.returncode == 0
    assert "subscription_days = " in told.stdout
