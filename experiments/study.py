"""A study, from its TOML to trained models and to `results.json`."""

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from configs.study import Study
from configs.whole import whole_file
from features.datasets import load
from features.declaration import Declaration
from features.engine.candidates import top_categories
from features.history import History
from features.library import POPULATIONS, TARGETS, chosen
from training.evaluate import POOLED
from training.provenance import commit, provenance, versions
from training.task import Split, Task, split
from training.train import Trained, train

STUDIES = Path(__file__).parent / "studies"
TOLERANCE = 0.005
"""How far a metric may lie from the committed one: other versions and machines round otherwise."""

Step = Callable[[str], None]


@dataclass(frozen=True)
class Prepared:
    """A study's task and its examples, made once for all of its models."""

    name: str
    study: Study
    task: Task
    data: Split

    def train(self, model: str, params: Mapping[str, Any] | None = None) -> Trained:
        """Train one of the study's models, with its own or with other parameters."""
        return train(
            self.name,
            self.task,
            self.data,
            model=model,
            params=self.study.models[model] if params is None else params,
            seed=self.study.seed,
            provenance={**provenance(), "dataset": self.study.dataset},
        )


def prepare(name: str, study: Study, *, step: Step, history: History | None = None) -> Prepared:
    """Load the data (unless they are at hand) and make the examples; `step` is told what is being done."""
    _check_grain(name, study)
    if history is None:
        step(f"load {study.dataset}")
        history = load(study.dataset)
    first, test = pd.Timestamp(study.cutoffs.first), [pd.Timestamp(day) for day in study.cutoffs.test]
    categories = top_categories(history, before=first, count=study.categories) if study.categories else []
    task = Task(
        history=history,
        population=POPULATIONS[study.population],
        features=chosen(study.features),
        target=TARGETS[study.target] if study.target else None,
        horizon_days=study.horizon_days or 0,
        categories=categories,
    )
    step(f"observe {len(task.features)} features")
    return Prepared(name, study, task, split(task, first=first, step_days=study.cutoffs.step_days, test=test))


def _check_grain(name: str, study: Study) -> None:
    """Refuse a study whose population, target and `categories` are not all of customers, or all of pairs."""
    population = POPULATIONS[study.population]
    if bool(population.by) != bool(study.categories):
        mend = "set `categories`, their number" if population.by else "leave `categories` out"
        raise ValueError(f"study {name!r}: population {_grain(population)}; {mend}, or choose another population")
    if study.target is not None and TARGETS[study.target].by != population.by:
        target = _grain(TARGETS[study.target])
        raise ValueError(f"study {name!r}: population {_grain(population)}, but target {target}; choose two that fit")


def _grain(declared: Declaration) -> str:
    return f"{declared.name!r} is per customer" + (f" and {declared.by}" if declared.by else "")


def run(prepared: Prepared, *, step: Step) -> Iterator[Trained]:
    """Train every model of a study."""
    for model in prepared.study.models:
        step(f"train {model}")
        yield prepared.train(model)


def results(prepared: Prepared, trained: Mapping[str, Trained], *, seconds: float) -> dict[str, Any]:
    """Give what `results.json` holds."""
    X = {"train": prepared.data.train.X, "test": prepared.data.test.X}
    return {
        "study": prepared.name,
        "data": {"name": prepared.task.history.name, "fingerprint": prepared.task.history.fingerprint},
        "commit": commit(),
        "versions": versions(),
        "seconds": round(seconds, 1),
        "cutoffs": {key: [f"{c:%Y-%m-%d}" for c in sorted(part["cutoff"].unique())] for key, part in X.items()},
        "models": {model: _pooled(each.metrics) for model, each in trained.items()},
    }


def results_file(name: str) -> Path:
    """Where a study's results lie: ours in a folder of this one, those of a TOML elsewhere beside it."""
    return (Path(name).with_suffix("") if name.endswith(".toml") else STUDIES / name) / "results.json"


def write_results(found: Mapping[str, Any], path: Path) -> None:
    """Write a study's results, whole or not at all."""
    with whole_file(path) as draft:
        draft.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def differences(found: Mapping[str, Any], committed: Mapping[str, Any]) -> list[str]:
    """Say where results differ from the committed ones: other data or cutoffs, or a metric beyond the tolerance."""
    told = [
        f"{key}: {found[key]} now, {committed[key]} committed"
        for key in ("data", "cutoffs")
        if found[key] != committed[key]
    ]
    for model in sorted({*found["models"], *committed["models"]}):
        now, then = found["models"].get(model, {}), committed["models"].get(model, {})
        for metric in sorted({*now, *then}):
            values = [side.get(metric, {}).get("value") for side in (now, then)]
            if None in values or abs(values[0] - values[1]) > TOLERANCE * max(1.0, abs(values[1])):
                told.append(f"{model} {metric}: {values[0]} now, {values[1]} committed")
    return told


def _pooled(metrics: pd.DataFrame) -> dict[str, dict[str, float | None]]:
    pooled = metrics[metrics["cutoff"] == POOLED]
    ends = ("value", "low", "high")
    return {
        str(row["metric"]): {end: _rounded(row[end]) for end in ends}
        for row in pooled.to_dict("records")
        if math.isfinite(row["value"])
    }


def _rounded(value: float) -> float | None:
    return round(float(value), 6) if math.isfinite(value) else None
