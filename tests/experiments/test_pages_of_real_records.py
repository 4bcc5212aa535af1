"""Records made by hand have the shape of real ones, and these make pages as well."""

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd

from features.history import History
from features.library import POPULATIONS, TARGETS, chosen
from models.money import Campaign
from tests.experiments.pages import FILES, written
from tests.records import Record, amount, churn, segments, value
from training.judge import judge
from training.record import Worth, record
from training.splits import rolling
from training.task import Task

OPEN = {"params", "calibrations", "provenance", "versions", "left_out"}


def _shape(value: Any, names: set[str]) -> Any:
    """Give the names in a record: models and parts as one, a list's as those of its first element."""
    if isinstance(value, dict):
        return {
            "*" if name in names else name: None if name in OPEN else _shape(each, names)
            for name, each in value.items()
        }
    return [_shape(value[0], names)] if isinstance(value, list) and value else None


def shape(told: Record) -> Any:
    return _shape(told, {*told["models"], *(part["name"] for part in told["parts"]), "all"})


def _real(task: Task, models: dict[str, dict[str, Any]], *, tests: list[str], worth: Worth | None = None) -> Record:
    first = pd.Timestamp("2024-10-13")
    splits = rolling(task, first=first, step_days=28, tests=[pd.Timestamp(test) for test in tests])
    judged = judge("small", task, splits, models=models, champion=list(models)[-1], baseline=next(iter(models)))
    made: Record = json.loads(json.dumps(record(judged, task, splits, title="Small", worth=worth)))
    return made


def test_records_by_hand_have_the_shape_of_real_ones(tmp_path: Path, simulated: History) -> None:
    features, known = chosen(["rfm", "days_since_last"]), POPULATIONS["known"]
    trees: dict[str, dict[str, Any]] = {"base_rate": {}, "boosted": {"rounds": 10}}
    clv: dict[str, dict[str, Any]] = {"base_rate": {}, "clv": {}}
    group = chosen(["customers.region"], simulated)[0]
    leaves = Task(simulated, known, features, TARGETS["churned"], horizon_days=28, group=group)
    worth = Worth(Campaign(1.0, 5.0, 0.3, 40.0), money=100.0)
    real = {
        churn: _real(leaves, trees, tests=["2024-12-08", "2025-01-05"], worth=worth),
        amount: _real(Task(simulated, known, features, TARGETS["future_spend"], 28), trees, tests=["2025-01-05"]),
        value: _real(Task(simulated, known, features, TARGETS["future_spend"], 28), clv, tests=["2025-01-05"]),
        segments: _real(Task(simulated, known, features), {"segments": {}}, tests=["2025-01-05"]),
    }
    for made, told in real.items():
        by_hand, found = shape(made()), shape(told)
        for optional in ("importance", "examples"):
            by_hand[optional] = by_hand[optional] or found[optional]
        by_hand["data"]["warnings"] = found["data"]["warnings"]
        assert found == by_hand
        pages = written(told, tmp_path / made.__name__)
        assert list(pages) == FILES
        assert not re.search(r"\bC\d{7}\b", "".join(pages.values()))  # as customers are called there
