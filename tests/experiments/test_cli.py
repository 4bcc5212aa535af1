"""The command line: a walk through it, its errors, and how soon it is there."""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from configs.settings import Settings
from features.library import FEATURES
from models.estimators import MODELS
from models.registry import ModelRegistry

BIN = Path(sys.executable).with_name("augury")
Answer = subprocess.CompletedProcess[str]
Augury = Callable[..., Answer]


def store(var: Path) -> ModelRegistry:
    return ModelRegistry(Settings.read({"AUGURY_VAR": str(var)}).mlflow)


def test_train_shows_grades_tracks_and_registers(champion: Answer, var: Path) -> None:
    assert champion.returncode == 0
    assert "CDNOW's tenth: who leaves" in champion.stdout
    assert "ROC-AUC" in champion.stdout
    assert "boosted, calibration sigmoid: grade B" in champion.stdout
    assert "gain over the baseline: roc_auc lies" in champion.stdout
    assert "registered as small version 1 (champion)" in champion.stdout
    assert "7/7" in champion.stderr
    registered = store(var).load("small")
    assert (registered.version, registered.artifact.model_name) == ("1", "boosted")
    assert registered.artifact.model.get_params()["rounds"] == 20
    run = store(var).client.get_run(champion.stdout.split("MLflow run ")[1].split(",")[0])
    assert run.info.status == "FINISHED"
    assert set(registered.artifact.provenance) == {"data", "dataset", "zone", "commit", "lock", "augury"}
    assert (var / "mlartifacts" / "small").is_dir()
    assert (var / "reports" / "small" / "report.html").is_file()


def test_a_card_is_made_again_from_the_run_alone(augury: Augury, champion: Answer, var: Path, tmp_path: Path) -> None:
    run = store(var).load("small").run_id
    for asked in ("small", run):
        assert augury("card", asked, "--to", tmp_path / asked).returncode == 0
        card = (tmp_path / asked / "card.md").read_text(encoding="utf-8")
        assert card == (var / "reports" / "small" / "card.md").read_text(encoding="utf-8")
    unknown = augury("card", "smal")
    assert (unknown.returncode, unknown.stderr.splitlines()[-1]) == (1, "augury: there is no run 'smal'")


def test_reasons_go_with_the_scores(augury: Augury, champion: Answer, var: Path, tmp_path: Path) -> None:
    """Log-odds of the three weightiest concepts of each customer, in order; the sum of all is the score's."""
    assert augury("score", "small", "--reasons", 3, "--to", tmp_path / "out").returncode == 0
    why = pd.read_parquet(tmp_path / "out" / "reasons.parquet")
    scores = pd.read_parquet(tmp_path / "out" / "scores.parquet")
    assert set(why["customer_id"]) == set(scores["customer_id"])
    assert why.groupby("customer_id")["rank"].max().le(3).all()
    assert why["sentence"].str.contains("no purchase for").any()
    assert ((why["points"] > 0) == (why["direction"] == "raises")).all()
    artifact, frame = store(var).load("small").artifact, pd.read_parquet(tmp_path / "out" / "frame.parquet")
    log_odds = artifact.contributions(frame).sum(axis=1)
    assert (1 / (1 + np.exp(-log_odds))).tolist() == pytest.approx(scores["score"].tolist(), abs=1e-6)


def test_score_writes_the_whole_population(augury: Augury, champion: Answer, var: Path) -> None:
    said = augury("score", "small")
    assert said.returncode == 0
    assert f"2357 scores of small version 1: {var}/scored/small" in said.stdout
    scores = pd.read_parquet(var / "scored" / "small" / "scores.parquet")
    frame = pd.read_parquet(var / "scored" / "small" / "frame.parquet")
    expected = store(var).load("small").artifact.score(frame, version="1")
    pd.testing.assert_frame_equal(scores, expected, check_dtype=False)
    assert set(scores["cutoff"]) == {pd.Timestamp("1998-07-01")}
    assert scores["score"].between(0, 1).all()


@pytest.mark.parametrize(
    ("cutoff", "at"),
    [("1997-12-30", "1997-12-30"), ("1997-12-30T01:30:00+01:00", "1997-12-30 00:30"), ("1997-12-30T06:00", None)],
)
def test_a_cutoff_is_an_iso_time(cutoff: str, at: str | None, augury: Augury, champion: Answer, tmp_path: Path) -> None:
    assert augury("score", "small", "--cutoff", cutoff, "--to", tmp_path / "out").returncode == 0
    scores = pd.read_parquet(tmp_path / "out" / "scores.parquet")
    assert set(scores["cutoff"]) == {pd.Timestamp(at or cutoff)}
    assert json.loads((tmp_path / "out" / "batch.json").read_text())["rows"] == len(scores)


def test_drift_says_what_moved_and_ends_with_its_code(augury: Augury, champion: Answer) -> None:
    """CDNOW's customers all joined in one quarter: half a year later they are silent for longer."""
    same = augury("drift", "small", "--cutoff", "1997-12-30", "--json")
    assert same.returncode == 0
    report = json.loads(same.stdout)
    assert (report["status"], report["rows"], report["cutoff"]) == ("ok", 2357, "1997-12-30")
    assert max(finding["psi"] for finding in report["findings"]) == 0
    later = augury("drift", "small")
    assert later.returncode == 20
    assert "small at 1998-07-01 against 1997-12-30: ALERT" in later.stdout
    assert "days_since_last" in later.stdout


def test_a_warning_ends_with_its_code_on_request_alone(augury: Augury, champion: Answer) -> None:
    """The further back, the longer everybody has been silent: on some day that is worth a warning."""
    for day in range(23, 9, -1):
        cutoff = f"1997-12-{day}"
        if json.loads(augury("drift", "small", "--cutoff", cutoff, "--json").stdout)["status"] == "warn":
            break
    assert augury("drift", "small", "--cutoff", cutoff).returncode == 0
    assert augury("drift", "small", "--cutoff", cutoff, "--warn").returncode == 10


def test_a_later_model_is_a_challenger_or_is_only_tracked(
    augury: Augury, champion: Answer, small_study: Path, var: Path
) -> None:
    said = augury("train", small_study, "--model", "rfm_logistic")
    assert said.returncode == 0
    challenger = store(var).load("small", "challenger")
    assert f"registered as small version {challenger.version} (challenger)" in said.stdout
    assert challenger.artifact.model_name == "rfm_logistic"
    only = augury("train", small_study, "--model", "rfm_logistic", "--alias", "none")
    assert only.returncode == 0
    assert "registered" not in only.stdout
    assert store(var).load("small", "challenger").version == challenger.version
    assert store(var).load("small").artifact.model_name == "boosted"


def test_a_model_that_is_no_better_than_chance_is_none(
    augury: Augury, small_study: Path, champion: Answer, var: Path
) -> None:
    before = store(var).client.search_model_versions("name = 'small'")
    said = augury("train", small_study, "--model", "base_rate")
    assert said.returncode == 1
    assert "augury: not fit for use: roc_auc is 0.500" in said.stderr
    assert len(store(var).client.search_model_versions("name = 'small'")) == len(before)


def test_a_model_is_tuned_on_request(augury: Augury, small_study: Path, var: Path) -> None:
    said = augury("train", small_study, "--trials", 2, "--alias", "none")
    assert said.returncode == 0
    assert "9/9" in said.stderr
    assert (var / "optuna.db").is_file()


def test_compare_shows_all_models_side_by_side(augury: Augury, small_study: Path) -> None:
    said = augury("compare", small_study)
    assert said.returncode == 0
    (first,) = (line for line in said.stdout.splitlines() if "base_rate" in line)
    (second,) = (line for line in said.stdout.splitlines() if "boosted" in line)
    assert "0.500 [0.500, 0.500]" in first
    assert "0.500 [0.500, 0.500]" not in second


def test_a_study_is_written_and_then_found_the_same(augury: Augury, small_study: Path) -> None:
    """A study elsewhere has its results beside it: ours of the same name are left alone."""
    early = augury("study", small_study, "--check")
    assert early.returncode == 1
    assert early.stderr.startswith("augury: there are no committed results at")
    path = small_study.with_suffix("") / "results.json"
    assert f"written: {path}" in augury("study", small_study).stdout
    assert f"same as {path}" in augury("study", small_study, "--check").stdout
    found = json.loads(path.read_text())
    found["models"]["boosted"]["roc_auc"]["value"] += 0.02
    path.write_text(json.dumps(found))
    other = augury("study", small_study, "--check")
    assert other.returncode == 1
    assert "- boosted roc_auc: " in other.stderr


@pytest.mark.parametrize(
    ("kind", "some"),
    [
        ("features", set(FEATURES)),
        ("targets", {"churned", "future_spend"}),
        ("populations", {"known", "active_84d"}),
        ("models", set(MODELS)),
        ("metrics", {"roc_auc", "brier"}),
        ("datasets", {"cdnow", "complete_journey", "simulated"}),
        ("studies", {"cdnow_churn", "complete_journey_segments"}),
    ],
)
def test_list_names_what_there_is(kind: str, some: set[str], augury: Augury) -> None:
    said = augury("list", kind)
    assert said.returncode == 0
    assert some <= set(said.stdout.split())


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["train", "cdnow_chrun"], "unknown study 'cdnow_chrun'; did you mean 'cdnow_churn'"),
        (["compare", "cdnow_chrun"], "unknown study 'cdnow_chrun'; did you mean 'cdnow_churn'"),
        (["train", "SMALL", "--model", "bosted"], "unknown model of study"),
        (
            ["train", "SMALL", "--alias", "best"],
            "unknown alias 'best'; use challenger or none: `augury promote` makes a champion",
        ),
        (["score", "smal"], "unknown registered model 'smal'; did you mean 'small'? Known: "),
        (["drift", "smal"], "unknown registered model 'smal'; did you mean 'small'? Known: "),
        (["score", "small", "--dataset", "cdnw"], "unknown dataset 'cdnw'; did you mean 'cdnow'"),
        (["score", "small", "--cutoff", "1997-13-45"], "the cutoff '1997-13-45' is not an ISO time such as 2017-12-03"),
        (["drift", "small", "--cutoff", ""], "the cutoff '' is not an ISO time such as 2017-12-03"),
        (["drift", "small", "--cutoff", "2030-01-01"], "cutoff 2030-01-01 lies beyond the data of cdnow_sample"),
        (["promote", "small", "--force"], "--force overrides the gate and needs --reason"),
        (["promote", "smal"], "unknown registered model 'smal'; did you mean 'small'? Known: "),
        (["rollback", "small"], "version 1 of small is its first champion: there is none to go back to"),
        (["rollback", "smal"], "unknown registered model 'smal'; did you mean 'small'? Known: "),
        (["list", "modes"], "unknown kind 'modes'; did you mean 'models'"),
    ],
)
def test_an_error_is_one_line_and_exit_code_1(
    arguments: list[str], told: str, augury: Augury, champion: Answer, small_study: Path
) -> None:
    said = augury(*(small_study if word == "SMALL" else word for word in arguments))
    assert said.returncode == 1
    assert said.stdout == ""
    line = said.stderr.splitlines()[-1]
    assert line.startswith("augury: ")
    assert told in line
    assert "Traceback" not in said.stderr


def test_input_data_that_break_the_contract_end_with_40(augury: Augury, champion: Answer, tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_text("customer_id,time,amount\n1,1997-01-01,dear\n")
    (tmp_path / "shop.toml").write_text('[tables.transactions]\ncsv = "sales.csv"\n')
    said = augury("score", "small", "--dataset", tmp_path / "shop.toml")
    assert said.returncode == 40
    assert "dear" in said.stderr


def test_a_trace_is_shown_on_request(augury: Augury, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUGURY_TRACE", "1")
    with pytest.raises(LookupError, match="unknown kind"):
        augury("list", "modes")


def called(*command: str | Path, cwd: Path) -> Answer:
    env = {**os.environ, "AUGURY_VAR": str(cwd / "var")}
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=120, check=False)


def test_help_is_there_at_once(tmp_path: Path) -> None:
    """In less than a second of processor time, whatever else the machine does; nothing is made."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = called(BIN, "--help", cwd=tmp_path)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 1
    for command in (
        "demo",
        "train",
        "compare",
        "study",
        "score",
        "audience",
        "suppress",
        "serve",
        "drift",
        "list",
        "readme",
        "features",
        "promote",
        "rollback",
        "card",
    ):
        assert command in done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("command", "told"), [((), "lifetime value, cross-sell"), (("features",), "Catalogue, check, explain, build and")]
)
def test_help_imports_neither_pandas_nor_mlflow(command: tuple[str, ...], told: str, tmp_path: Path) -> None:
    """Nor anything as heavy; `python -m experiments` is the same command."""
    done = called(sys.executable, "-X", "importtime", "-m", "experiments", *command, "--help", cwd=tmp_path)
    assert done.returncode == 0
    assert told in done.stdout
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert {"typer", "experiments"} <= imported
    heavy = {"pandas", "mlflow", "numpy", "duckdb", "sklearn", "xgboost", "bentoml", "optuna", "matplotlib", "pyarrow"}
    assert imported & heavy == set()


def test_an_error_of_the_installed_command_is_a_line_and_nothing_else(tmp_path: Path) -> None:
    done = called(BIN, "list", "modes", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("augury: unknown kind 'modes'; did you mean 'models'? Known: costs, datasets, ")
    assert list(tmp_path.iterdir()) == []
