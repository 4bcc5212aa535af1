"""The benchmark of what judging and tuning costs, on a small study: all pieces told apart, trials counted."""

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from experiments.benchmarks.judging.run import whole
from experiments.benchmarks.judging.worker import counted

STUDY = """
title = "CDNOW's tenth: who leaves"
dataset = "cdnow_sample"
population = "known"
target = "churned"
horizon_days = 91
features = ["rfm"]

[cutoffs]
first = 1997-06-01
step_days = 60
test = [1998-01-30, 1998-03-31]

[models.base_rate]
[models.boosted]
rounds = 20
"""


def test_pieces_add_up_and_the_peak_is_the_highest() -> None:
    load = {"cpu_s": 1.0, "user_s": 0.5, "wall_s": 2.0, "peak_mb": 300}
    judge = {"cpu_s": 4.25, "user_s": 4.0, "wall_s": 5.5, "peak_mb": 200}
    assert whole({"load": load, "judge": judge, "rows": 3}) == {"cpu_s": 5.25, "wall_s": 7.5, "peak_mb": 300}


def test_trials_are_counted_by_how_they_ended(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "trials.db") as made:
        made.execute("CREATE TABLE trials (state TEXT)")
        made.executemany("INSERT INTO trials VALUES (?)", [("PRUNED",), ("COMPLETE",), ("PRUNED",)])
    made.close()
    assert counted(tmp_path / "trials.db") == {"complete": 1, "pruned": 2}


def test_the_command_measures_each_piece_of_work(tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_text(STUDY)
    flags = ["--study", os.path.relpath(tmp_path / "small.toml"), "--trials", "2"]
    command = [sys.executable, "-m", "experiments.benchmarks.judging", *flags]
    environment = {**os.environ, "AUGURY_VAR": str(tmp_path), "COLUMNS": "160"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    assert "tune boosted by random folds" in done.stdout
    found = json.loads((tmp_path / "benchmarks" / "judging.json").read_text())
    assert {"machine", "versions", "commit", "load", "trials"} < set(found)
    assert "optuna" in found["versions"]
    alone, family, tuned, folds = found["rows"]
    assert (alone["models"], family["models"]) == (["boosted"], ["base_rate", "boosted"])
    assert (alone["bar_s"], tuned["bar_s"]) == (60, 240)
    for row in found["rows"]:
        rest = row["judge" if "judge" in row else "tune"]
        pieces = [row["load"]["wall_s"], row["observe"]["wall_s"], rest["wall_s"]]
        assert all(seconds > 0 for seconds in pieces)
        assert row["whole"]["wall_s"] == pytest.approx(sum(pieces), abs=0.006)
        assert row["kept"] == (row["process_s"] < row["bar_s"])
        assert row["process_s"] > row["whole"]["wall_s"]
        assert row["parts"] == 2
        assert row["whole"]["peak_mb"] > 50
    for row in (tuned, folds):
        assert row["trials"] == {"complete": 2}
        assert row["tuned"]["optimism"] == pytest.approx(row["tuned"]["promised"] - row["tuned"]["met"], abs=1.1e-4)
        assert row["tuned"]["met"] != row["tuned"]["met at all"]
    assert tuned["own"]["met"] == folds["own"]["met"]
    assert tuned["own"]["promised"] != folds["own"]["promised"]
