"""The benchmark of batches: both ways score the same, and what is told of them."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from experiments.benchmarks.batch import data, worker
from experiments.benchmarks.batch.__main__ import _told
from experiments.benchmarks.batch.table import markdown

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


def test_the_readmes_lines() -> None:
    way = {"rows_a_s": 45_847, "of_bare": 1.0, "cpu_s": 49.213, "of_bare_by_cpu": 1.0, "peak_mb": 716, "runs": [{}, {}]}
    found = {
        "ways": {"bare loop": way, "Augury": {**way, "of_bare": 1.208}, "slow": {**way, "of_bare": 0.846}},
        "apart": {"Augury": 0.0, "slow": 0.0},
        "load": {"before": 0.31, "after": 2.0},
    }
    assert markdown(found).splitlines() == [
        "| way | rows a second | of the bare loop | CPU | of the bare loop | peak memory |",
        "| --- | --- | --- | --- | --- | --- |",
        "| bare loop | 45,847 | 1.00× | 49 s | 1.00× | 0.7 GB |",
        "| Augury | 45,847 | 1.21× | 49 s | 1.00× | 0.7 GB |",
        "| slow | 45,847 | 0.85× | 49 s | 1.00× | 0.7 GB |",
        "",
        "The best of 2 runs each; scores differ by 0 from the bare loop's; the machine's load was 0.3 before. At least "
        "0.85 of the bare loop: missed by slow 0.85",
    ]
