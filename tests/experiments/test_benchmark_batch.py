"""The benchmark of batches: both ways score the same, and what is told of them."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from experiments.benchmarks.batch import data, worker
from experiments.benchmarks.batch.__main__ import _told

SMALL = {"churn": (5, 3), "value": (4, 2)}


def test_both_ways_give_the_same_scores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "TREES", SMALL)
    monkeypatch.setattr(worker, "TREES", SMALL)
    monkeypatch.setattr(data, "_DRAWN", 1000)
    data.write_rows(tmp_path / "rows.parquet", 2500)
    data.write_models(tmp_path / "models")
    drawn = pq.read_table(tmp_path / "rows.parquet")
    assert (
        len(set(drawn["customer_id"].to_pylist()))
        == len(set(drawn["spend"].drop_null().to_pylist())) + drawn["spend"].null_count
        == 2500
    )
    for system in worker.WAYS:
        asked = {"system": system, "models": str(tmp_path / "models"), "rows": str(tmp_path / "rows.parquet")}
        assert set(worker.main({**asked, "to": str(tmp_path / system)})) == {"cpu_s", "user_s", "wall_s", "peak_mb"}
    assert worker.apart(tmp_path / "bare loop", tmp_path / "Augury") == 0
    assert worker.apart(tmp_path / "bare loop", tmp_path / "Augury by XGBoost") == 0
    scores = pq.read_table(tmp_path / "bare loop" / "scores.parquet")
    moved = scores.set_column(2, "churn", pa.array([each + 0.1 for each in scores["churn"].to_pylist()], pa.float32()))
    pq.write_table(moved, tmp_path / "bare loop" / "scores.parquet")
    assert worker.apart(tmp_path / "bare loop", tmp_path / "Augury") > 0.05
    pq.write_table(moved.slice(1), tmp_path / "bare loop" / "scores.parquet")
    with pytest.raises(ValueError, match="the scores of churn are of other customers"):
        worker.apart(tmp_path / "bare loop", tmp_path / "Augury")


def test_ways_are_told_as_shares_of_the_bare_loop() -> None:
    bare = [{"cpu_s": 10.0, "wall_s": 12.0}, {"cpu_s": 9.0, "wall_s": 14.0}]
    ours = [{"cpu_s": 4.5, "wall_s": 8.0}, {"cpu_s": 5.0, "wall_s": 6.0}]
    ways = _told({"bare loop": bare, "Augury": ours}, 1200)["ways"]
    assert ways["Augury"] == {
        "cpu_s": 4.5,
        "wall_s": 6.0,
        "rows_a_s": 200,
        "of_bare": 2.0,
        "of_bare_by_cpu": 2.0,
        "runs": ours,
    }
    assert (ways["bare loop"]["of_bare"], ways["bare loop"]["rows_a_s"]) == (1.0, 100)
