"""Lifetime value in a real MLflow store: totals as metrics, plots, and the record with its tables."""

from pathlib import Path

import pandas as pd
import pytest

from features.history import History
from features.library import POPULATIONS, TARGETS, chosen
from models.registry import ModelRegistry
from models.registry.runs import read_record
from training.judge import judge
from training.record import record
from training.splits import rolling
from training.task import Task
from training.track import track

PLOTS = {"tracking.png", "frequencies.png", "alive.png", "distribution.png", "spread.png"}


def test_a_run_has_totals_curve_and_tables(registry: ModelRegistry, simulated: History, tmp_path: Path) -> None:
    task = Task(simulated, POPULATIONS["known"], chosen(["rfm"]), TARGETS["future_spend"], horizon_days=28)
    tests = [pd.Timestamp("2024-12-08"), pd.Timestamp("2025-01-05")]
    splits = rolling(task, first=pd.Timestamp("2024-08-18"), step_days=28, tests=tests)
    judged = judge("worth", task, splits, models={"base_rate": {}, "clv": {}}, champion="clv", baseline="base_rate")
    told = record(judged, task, splits, title="Worth")
    run_id, _ = track(registry, judged, task=task, splits=splits, record=told, artifacts=tmp_path)
    metrics = registry.client.get_run(run_id).data.metrics
    latest = judged.best.scored[judged.best.scored["part"] == "2025-01-05"]
    assert metrics["lifetime/total.actual"] == pytest.approx(latest["actual"].sum())
    assert metrics["lifetime/total.expected"] == pytest.approx(latest["score"].sum())
    assert metrics["lifetime/total.ratio"] == pytest.approx(latest["actual"].sum() / latest["score"].sum())
    assert 0 < metrics["lifetime/total.low"] < metrics["lifetime/total.high"]
    weeks = [row for row in told["lifetime"]["tracking"] if row["week"] > 0]
    for name in ("actual", "expected"):
        assert metrics[f"lifetime/purchases.{name}"] == pytest.approx(sum(row[name] for row in weeks))
    assert read_record(registry, run_id)["lifetime"] == told["lifetime"]
    folder = tmp_path / "worth" / run_id / "artifacts" / "plots"
    assert {path.name for path in folder.iterdir()} >= PLOTS


def test_without_a_band_there_is_no_metric_of_it(registry: ModelRegistry, simulated: History, tmp_path: Path) -> None:
    task = Task(simulated, POPULATIONS["known"], chosen(["rfm"]), TARGETS["orders"], horizon_days=91)
    splits = rolling(task, first=pd.Timestamp("2024-06-01"), step_days=28, tests=[pd.Timestamp("2024-11-10")])
    judged = judge("few", task, splits, models={"pareto_nbd": {}}, champion="pareto_nbd")
    told = record(judged, task, splits, title="Few")
    run_id, _ = track(registry, judged, task=task, splits=splits, record=told, artifacts=tmp_path)
    metrics = registry.client.get_run(run_id).data.metrics
    assert "lifetime/total.ratio" in metrics
    assert not {"lifetime/total.low", "lifetime/total.high"} & set(metrics)
    assert any(line.startswith("How far the total may be off is not known: 2 past") for line in told["limits"])
