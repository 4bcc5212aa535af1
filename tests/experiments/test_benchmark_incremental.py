"""The benchmark of tomorrow's frame at a tiny size: arrivals, exactness, and what is written."""

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from experiments.benchmarks.features.data import Size, pieces
from experiments.benchmarks.features.question import NAMES
from experiments.benchmarks.incremental.arrivals import draw
from experiments.benchmarks.incremental.run import check_same

SIZE = Size(rows=20_000, customers=2_000)


def test_every_row_arrives_once_and_some_arrive_twenty_days_late(tmp_path: Path) -> None:
    arrivals = draw(SIZE, 30, tmp_path)
    every = pd.concat([piece.to_pandas() for piece in pieces(SIZE)], ignore_index=True)
    before = pq.read_table(arrivals.before).to_pandas()
    days = [pd.read_parquet(arrivals.day(number)) for number in range(30)]
    lost = len(every) - len(before) - sum(map(len, days))
    assert arrivals.rows == [len(day) for day in days]
    assert 0 < lost < 0.05 * (every["time"] >= "2025-12-12").sum()
    assert (before["time"] < "2025-12-02").all()
    late = 0
    for number, day in enumerate(days):
        today = pd.Timestamp("2025-12-02") + pd.Timedelta(days=number)
        came = (today - day["time"].dt.normalize()).dt.days
        assert set(came) <= {0, 20}
        assert arrivals.late[number] == (came == 20).sum()
        late += arrivals.late[number]
    assert 0.01 < late / sum(arrivals.rows) < 0.03


def test_frames_that_differ_are_told() -> None:
    check_same({"spend": "1", "items": "2"}, {"spend": "1", "items": "2"}, cutoff=date(2026, 1, 1))
    with pytest.raises(ValueError, match=r"frame of 2026-01-01 .* is not the one from all rows: \['items'\] differ"):
        check_same({"spend": "1", "items": "2"}, {"spend": "1", "items": "3"}, cutoff=date(2026, 1, 1))
    with pytest.raises(ValueError, match="differ"):
        check_same({"spend": "1", "items": "2"}, {"spend": "1"}, cutoff=date(2026, 1, 1))


def test_the_command_compares_each_day_and_writes_numbers_and_picture(tmp_path: Path) -> None:
    flags = ["--rows", "20000", "--customers", "2000", "--days", "3", "--every", "2", "--to", str(tmp_path / "out")]
    command = [sys.executable, "-m", "experiments.benchmarks.incremental", *flags]
    environment = {**os.environ, "AUGURY_VAR": str(tmp_path / "var")}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "out" / "incremental.json").read_text())
    assert [("all rows" in day, day["cutoff"]) for day in found["days"]] == [
        (False, "2025-12-30"),
        (True, "2025-12-31"),
        (True, "2026-01-01"),
    ]
    assert found["days"][-1]["frame_rows"] == SIZE.customers
    assert all(day["kept"]["cpu_s"] > 0 and day["arrived"] > 0 for day in found["days"])
    assert (found["days compared"], len(NAMES)) == (2, 41)
    told = found["a day"]["cpu_s"]
    assert told["ratio"] == pytest.approx(told["all rows"] / told["kept"], rel=0.02)
    assert {"machine", "versions", "commit", "late", "fold"} < set(found)
    assert (tmp_path / "out" / "incremental.png").read_bytes().startswith(b"\x89PNG")
    assert not list((tmp_path / "var" / "benchmarks").iterdir())
