"""The benchmark against CLVTools' numbers, on data that are not its: all is told, and the exit code is 1."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from experiments.benchmarks.apparel.run import customers
from tests.models.cdnow import purchases

COMMAND = [sys.executable, "-m", "experiments.benchmarks.apparel"]


def test_histories_end_with_the_last_week() -> None:
    dates = ["2005-01-02", "2005-01-12", "2005-01-12", "2006-12-31", "2007-01-01", "2006-12-30"]
    transactions = pd.DataFrame({"Id": ["1", "1", "1", "1", "1", "2"], "Date": dates, "Price": 1.0})
    found = customers(transactions, pd.DataFrame({"Id": ["2", "1", "3"], "Gender": [0.0, 1.0, 1.0]}))
    assert found.to_dict("index") == {
        "1": {"frequency": 2, "recency_days": 728, "tenure_days": 728, "Gender": 1.0},
        "2": {"frequency": 0, "recency_days": 0, "tenure_days": 1, "Gender": 0.0},
    }


def test_other_data_are_found_to_differ(tmp_path: Path) -> None:
    log = purchases("CDNOW_sample.txt").rename(columns={"customer_id": "Id", "day": "Date"})
    start, ids = log["Date"].min(), log["Id"].unique()
    log["Date"] = start + (log["Date"] - start) * 8 / 3  # so that 104 weeks end within them
    kinds = np.random.default_rng(1).integers(0, 2, (2, len(ids))).astype(float)
    log.to_parquet(tmp_path / "apparelTrans.parquet")
    table = pd.DataFrame({"Id": ids, "Gender": kinds[0], "Channel": kinds[1]})
    table.to_parquet(tmp_path / "apparelStaticCov.parquet")
    environment = {**os.environ, "AUGURY_APPAREL": str(tmp_path), "COLUMNS": "160"}
    flags = ["--to", str(tmp_path)]
    done = subprocess.run([*COMMAND, *flags], capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 1, done.stderr
    assert "transaction:Channel" in done.stdout
    found = json.loads((tmp_path / "apparel.json").read_text())
    assert {"machine", "versions", "commit"} < set(found)
    assert (found["customers"], found["kept"]) == (2357, False)
    rows = {(case["case"], row["what"]): row for case in found["cases"] for row in case["rows"]}
    assert len(rows) == 20
    for (_, what), row in rows.items():
        if what.startswith("likelier"):
            assert row["kept"] == (row["published"] <= row["found"])
            assert row["kept"]
        else:
            assert row["kept"] == (abs(row["found"] - row["published"]) <= row["within"])
    assert not rows["Pareto/NBD", "alpha"]["kept"]


def test_the_folder_must_be_named() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "AUGURY_APPAREL"}
    done = subprocess.run(COMMAND, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 2
    assert "set AUGURY_APPAREL to the folder" in done.stderr


def test_the_committed_numbers_are_as_published() -> None:
    """CLVTools, advanced techniques: Pareto/NBD without and with covariates, each number with its own tolerance."""
    told = json.loads(Path("experiments/benchmarks/apparel.json").read_text())
    rows = [row for case in told["cases"] for row in case["rows"]]
    assert len(told["cases"]) == 2
    assert len(rows) >= 20
    for row in rows:
        assert row["kept"]
        assert row["within"] is None or abs(row["found"] - row["published"]) <= row["within"]
