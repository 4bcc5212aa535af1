"""One piece of work on a study in this process, measured: its models judged, or one of them tuned."""

import json
import sqlite3
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from configs.study import read_study
from experiments.benchmarks.measure import measured
from experiments.study import Prepared, prepare
from features.datasets import load
from models.metrics import METRICS
from training.fit import fit
from training.splits import Split
from training.tune import inner_splits, tune

Told = dict[str, Any]
NAME: Final = "tuned"


def work(asked: Told) -> Told:
    """Load a study's data, make its examples, and do with them what is asked; each is measured by itself."""
    study = read_study(asked["study"])
    history, loaded = measured(lambda: load(study.dataset))
    prepared, observed = measured(lambda: prepare(asked["study"], study, step=_silent, history=history))
    parts = prepared.splits.parts
    told = {"load": loaded, "observe": observed, "parts": len(parts), "rows": len(parts[-1].train.X)}
    return told | {"judge": judge, "tune": tuned}[asked["work"]](prepared, asked)


def judge(prepared: Prepared, asked: Told) -> Told:
    """Back-test the models that are asked for, or all of the study's."""
    models = {name: prepared.study.models[name] for name in asked["models"] or prepared.study.models}
    judged, cost = measured(lambda: prepared.judge(models, step=_silent))
    seconds = {name: round(each.seconds, 2) for name, each in judged.models.items()}
    return {"judge": cost, "models": list(models), "seconds": seconds, "champion": judged.champion}


def tuned(prepared: Prepared, asked: Told) -> Told:
    """Tune a model on the first part, as Augury does, in the order of time; or by random folds of the same rows."""
    first, (model,) = prepared.splits.parts[0], asked["models"]
    split = first if asked["in_time"] else replace(first, closes_in=None)  # as rows are split that have no dates
    own, seed = dict(prepared.study.models[model]), prepared.study.seed
    options: Any = {"model": model, "params": own, "trials": asked["trials"], "seed": seed, "study_name": NAME}
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "trials.db"
        params, cost = measured(lambda: tune(prepared.task, split, storage=f"sqlite:///{kept}", **options))
        states = counted(kept)
    cost["trials_per_s"] = round(asked["trials"] / cost["wall_s"], 2)
    before, after = (believed(prepared, split, model=model, params=each) for each in (own, params))
    return {"tune": cost, "trials": states, "params": params, "own": before, "tuned": after}


def counted(kept: Path) -> dict[str, int]:
    """Count a search's trials by how they ended."""
    with sqlite3.connect(kept) as opened:
        found = opened.execute("SELECT lower(state), COUNT(*) FROM trials GROUP BY 1 ORDER BY 1").fetchall()
    opened.close()
    return dict(found)


def believed(prepared: Prepared, split: Split, *, model: str, params: Mapping[str, Any]) -> dict[str, float]:
    """Give the AUC that parameters promise (the mean over the inner splits), the one met at the first origin after,
    how much too high the promise was, and the mean of what is met at all origins.
    """
    seed = prepared.study.seed
    promised = float(np.mean([_auc(prepared, each, model, params) for each in inner_splits(split, seed=seed)]))
    met = [_auc(prepared, each, model, params) for each in prepared.splits.parts]
    told = {"promised": promised, "met": met[0], "optimism": promised - met[0], "met at all": float(np.mean(met))}
    return {name: round(value, 4) for name, value in told.items()}


def _auc(prepared: Prepared, split: Split, model: str, params: Mapping[str, Any]) -> float:
    scored = fit(prepared.task, split, model=model, params=params, seed=prepared.study.seed).scored
    return METRICS["roc_auc"](scored["actual"], scored["score"])


def _silent(step: str) -> None:
    """Tell nobody what is being done."""


if __name__ == "__main__":
    print(json.dumps(work(json.loads(sys.argv[1]))))
