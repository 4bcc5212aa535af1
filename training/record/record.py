"""`record`: what was asked, of which data, how the models were judged and what was found."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pandas as pd

from features.declaration import Declaration
from models.contract import feature_names
from training.backtest import Backtested
from training.evaluate import POOLED
from training.fairness import fairness
from training.judge import Judged
from training.provenance import versions
from training.record.asked import groups_of, latest
from training.record.curves import held, tenths
from training.record.explained import examples
from training.record.lifetime import lifetime
from training.record.limits import limits
from training.record.worth import Worth, money
from training.reliability import reliability
from training.splits import Split, Splits
from training.task import Task

FORMAT: Final = 1


def record(judged: Judged, task: Task, splits: Splits, *, title: str, worth: Worth | None = None) -> dict[str, Any]:
    """Give a back-test as JSON's values. `worth` says what acting on the scores costs and brings.

    No customer's id is in it.
    """
    found = {**_asked(judged, task, splits, title=title), **_found(judged), **_outcomes(judged, task, splits)}
    if task.kind == "binary":
        found |= {**money(judged.best, latest(judged.best), worth), "fairness": _fairness(judged.best)}
    told_of_value = lifetime(judged.best, task)
    if told_of_value is not None:
        found["lifetime"] = told_of_value
    found["limits"] = limits(found)
    plain: dict[str, Any] = _plain(found)
    return plain


def _asked(judged: Judged, task: Task, splits: Splits, *, title: str) -> dict[str, Any]:
    """Give what was asked, of which data, of which models and how they were judged."""
    return {
        "format": FORMAT,
        "name": judged.best.artifact.name,
        "title": title,
        "champion": judged.champion,
        "baseline": judged.baseline,
        "left_out": dict(judged.left_out),
        "data": _data(task),
        "question": _question(task),
        "features": [_declared(each) for each in task.features],
        "judged": "rolling origin" if splits.rolling else "folds",
        "parts": [_part(name, splits) for name in splits.names],
        "learned": _rows(splits.final),
    }


def _found(judged: Judged) -> dict[str, Any]:
    """Give what was found, and what made the champion."""
    artifact = judged.best.artifact
    return {
        "models": {model: _model(each) for model, each in judged.models.items()},
        "grade": judged.grade.plain(),
        "leaks": [
            {"feature": each.feature, "kind": each.kind, "message": each.message, "reason": each.reason}
            for each in judged.leaks
        ],
        "importance": judged.importance.to_dict("records"),
        "examples": examples(judged.best),
        "provenance": dict(artifact.provenance),
        "artifact": artifact.id,
        "trained_to": f"{artifact.trained_to:%Y-%m-%d}",
        "versions": versions(),
    }


def _outcomes(judged: Judged, task: Task, splits: Splits) -> dict[str, Any]:
    """Give what came against what was predicted; nothing where nothing is predicted."""
    if task.target is None:
        return {}
    best = judged.best
    pooled = best.scored if splits.rolling else latest(best).scored  # where each customer is once
    rounds = {**_parts(best), POOLED: pooled}
    return {
        "held": {part: held(rows) for part, rows in _parts(best).items()},
        "reliability": {part: _reliability(rows, task) for part, rows in rounds.items()},
    }


def _fairness(best: Backtested) -> dict[str, Any] | None:
    groups = groups_of(best)
    if groups is None:
        return None
    return {"column": groups.name, "rows": fairness(best.scored, groups).to_dict("records")}


def _parts(judged: Backtested) -> dict[str, pd.DataFrame]:
    return {str(part): rows for part, rows in judged.scored.groupby("part", sort=False)}


def _reliability(rows: pd.DataFrame, task: Task) -> list[dict[str, Any]]:
    """Give what came against what was predicted, by tenths of the score."""
    table = reliability(rows["actual"], rows["score"]) if task.kind == "binary" else tenths(rows)
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]


def _data(task: Task) -> dict[str, Any]:
    history = task.history
    return {
        "name": history.name,
        "fingerprint": history.fingerprint,
        "tables": list(history.tables),
        "end": f"{history.end:%Y-%m-%d}" if task.dated else None,
        "zone": history.zone,
        # an example of a finding may be a customer's row
        "warnings": [replace(each, example="").line() for each in history.findings if each.severity == "warning"],
    }


def _question(task: Task) -> dict[str, Any]:
    return {
        "population": _declared(task.population),
        "target": _declared(task.target) if task.target else None,
        "kind": task.kind,
        "horizon_days": task.horizon_days,
        "lead_days": task.lead_days,
        "categories": list(task.categories),
    }


def _declared(declared: Declaration) -> dict[str, str]:
    return {"name": declared.name, "meaning": declared.meaning}


def _part(name: str, splits: Splits) -> dict[str, Any]:
    mine = [part for part in splits.parts if part.name == name]
    tested = pd.concat([part.test.y for part in mine])
    return {"name": name, **_rows(mine[-1]), "test_rows": len(tested), "test_rate": float(tested.mean())}


def _rows(split: Split) -> dict[str, Any]:
    X, dated = split.train.X, split.closes_in is not None
    return {
        "rows": len(X),
        "customers": int(X["customer_id"].nunique()),
        "rate": float(split.train.y.mean()),
        "cutoffs": int(X["cutoff"].nunique()) if dated else 0,
        "from": f"{X['cutoff'].min():%Y-%m-%d}" if dated else None,
        "to": f"{X['cutoff'].max():%Y-%m-%d}" if dated else None,
        "features": len(feature_names(X)),
    }


def _model(judged: Backtested) -> dict[str, Any]:
    return {
        "params": judged.artifact.model.get_params(),
        "calibration": judged.calibration,
        "calibrations": dict(judged.calibrations),
        "note": judged.artifact.calibration.note,
        "seconds": judged.seconds,
        "metrics": {
            str(part): {row["metric"]: {end: row[end] for end in ("value", "low", "high")} for row in rows}
            for part, rows in _by_part(judged.metrics).items()
        },
    }


def _by_part(metrics: pd.DataFrame) -> Mapping[str, Sequence[dict[str, Any]]]:
    return {str(part): rows.to_dict("records") for part, rows in metrics.groupby("part", sort=False)}  # type: ignore[misc]  # records are dicts


def _plain(value: Any) -> Any:
    """Give JSON's own values: numbers that are none as null."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
