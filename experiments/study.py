"""A study, from its TOML to trained models and to `results.json`."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from configs.registry import did_you_mean
from configs.study import Study
from configs.whole import whole_file
from features.datasets import load
from features.declaration import Declaration
from features.engine.candidates import top_categories
from features.history import History
from features.library import POPULATIONS, TARGETS, chosen
from features.library.attributes import PREFIX
from training.evaluate import POOLED
from training.judge import Judged, judge
from training.provenance import commit, provenance, versions
from training.splits import Splits, folds, rolling
from training.task import Task

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
    splits: Splits

    def judge(
        self, models: Mapping[str, Mapping[str, Any]] | None = None, *, step: Step, champion: str | None = None
    ) -> Judged:
        """Back-test the study's models, or some of them with parameters of their own and one of them as champion."""
        study = self.study
        return judge(
            self.name,
            self.task,
            self.splits,
            models=study.models if models is None else models,
            champion=champion or study.champion,
            baseline=study.baseline,
            calibration=study.calibration,
            plausible_auc=study.plausible_auc,
            allowed=study.allowed,
            seed=study.seed,
            provenance={**provenance(), "dataset": study.dataset},
            told=step,
        )


def prepare(name: str, study: Study, *, step: Step, history: History | None = None) -> Prepared:
    """Load the data (unless they are at hand) and make the examples; `step` is told what is being done."""
    _check_grain(name, study)
    if history is None:
        step(f"load {study.dataset}")
        history = load(study.dataset)
    task = task_of(study, history)
    _check_campaign(name, study, task)
    step(f"observe {len(task.features)} features")
    return Prepared(name, study, task, splits_of(study, task))


def task_of(study: Study, history: History) -> Task:
    """Say what a study asks of a history. Raises `UnknownName` and `HistoryError` for what there is not."""
    target = _target(study, history)
    features = chosen(study.features, history)
    if target is not None and target.name.startswith(PREFIX):
        label = target.name.partition("=")[0]
        features = [each for each in features if each.name.partition("=")[0] != label]
    first = pd.Timestamp(study.cutoffs.first) if study.cutoffs else history.end
    return Task(
        history=history,
        population=POPULATIONS[study.population],
        features=features,
        target=target,
        horizon_days=study.horizon_days or 0,
        categories=top_categories(history, before=first, count=study.categories) if study.categories else [],
        lead_days=study.lead_days,
        group=chosen([study.group], history)[0] if study.group else None,
        learn_days=study.learn_days,
        setting=study.setting or "",
    )


def splits_of(study: Study, task: Task) -> Splits:
    """Make the examples that a study learns from and tests on."""
    if study.folds is not None:
        return folds(task, count=study.folds.count, repeats=study.folds.repeats, seed=study.seed)
    cutoffs = study.cutoffs
    assert cutoffs is not None  # one of both is there
    tests = [pd.Timestamp(day) for day in cutoffs.test]
    return rolling(task, first=pd.Timestamp(cutoffs.first), step_days=cutoffs.step_days, tests=tests)


def _target(study: Study, history: History) -> Declaration | None:
    """Look the target up: one of the library, or a label of the table of customers."""
    if study.target is None or not study.target.startswith(PREFIX):
        return TARGETS[study.target] if study.target else None
    (label,) = chosen([study.target], history)
    if label.text:
        raise ValueError(f"{study.target} is text: a target is one of its values, as in {study.target}=VALUE")
    return replace(label, kind="binary" if "=" in study.target else "amount")


def _check_campaign(name: str, study: Study, task: Task) -> None:
    """Refuse a campaign that cannot be reckoned with, before anything is trained."""
    campaign = study.campaign
    if campaign is None:
        return
    if task.kind != "binary":
        raise ValueError(f"study {name!r}: a campaign acts on a probability; leave it out of a {task.kind} target")
    numbers = [each.name for each in task.features if not each.text]
    if campaign.value_from is not None and campaign.value_from not in numbers:
        what = did_you_mean("feature that is a number", campaign.value_from, numbers)
        raise ValueError(f"study {name!r}: campaign.value_from: {what}")


def _check_grain(name: str, study: Study) -> None:
    """Refuse a study whose population, target and `categories` are not all of customers, or all of pairs."""
    population = POPULATIONS[study.population]
    if bool(population.by) != bool(study.categories):
        mend = "set `categories`, their number" if population.by else "leave `categories` out"
        raise ValueError(f"study {name!r}: population {_grain(population)}; {mend}, or choose another population")
    if study.target is not None and not study.target.startswith(PREFIX):
        _check_target(name, population, TARGETS[study.target])


def _check_target(name: str, population: Declaration, target: Declaration) -> None:
    """Refuse a target of another grain; one by a column of the events that an anchored population asks at is none."""
    if target.by != population.by and not (population.anchored and target.by):
        told = _grain(target)
        raise ValueError(f"study {name!r}: population {_grain(population)}, but target {told}; choose two that fit")


def _grain(declared: Declaration) -> str:
    return f"{declared.name!r} is per customer" + (f" and {declared.by}" if declared.by else "")


def results(prepared: Prepared, judged: Judged, *, seconds: float) -> dict[str, Any]:
    """Give what `results.json` holds."""
    names = prepared.splits.names
    return {
        "study": prepared.name,
        "data": {"name": prepared.task.history.name, "fingerprint": prepared.task.history.fingerprint},
        "commit": commit(),
        "versions": versions(),
        "seconds": round(seconds, 1),
        "judged": names,
        "learned": _learned(prepared.splits, prepared.task),
        "champion": judged.champion,
        "grade": judged.grade.plain(),
        "left_out": dict(judged.left_out),
        "calibration": {model: each.calibration for model, each in judged.models.items()},
        "models": measured(judged),
        "parts": {part: measured(judged, part) for part in names} if len(prepared.splits.parts) > 1 else {},
    }


def measured(judged: Judged, part: str = POOLED) -> dict[str, Any]:
    """Give each model's metrics of a part, or of all together: what a scoreboard shows."""
    return {model: _metrics(each.metrics, part) for model, each in judged.models.items()}


def _learned(splits: Splits, task: Task) -> str:
    """Say in words what the model that is kept has learned from."""
    X = splits.final.train.X
    if not splits.rolling:
        return f"{len(X)} customers"
    cutoffs = X["cutoff"]
    seen = f", {task.learned_days} days from each" if task.carried else ""
    return f"{cutoffs.nunique()} cutoffs up to {cutoffs.max():%Y-%m-%d}{seen}"


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
        for key in ("data", "judged", "learned", "champion")
        if found[key] != committed[key]
    ]
    for model in sorted({*found["models"], *committed["models"]}):
        now, then = found["models"].get(model, {}), committed["models"].get(model, {})
        for metric in sorted({*now, *then}):
            values = [side.get(metric, {}).get("value") for side in (now, then)]
            if None in values or abs(values[0] - values[1]) > TOLERANCE * max(1.0, abs(values[1])):
                told.append(f"{model} {metric}: {values[0]} now, {values[1]} committed")
    return told


def _metrics(metrics: pd.DataFrame, part: str) -> dict[str, dict[str, float | None]]:
    found = metrics[metrics["part"] == part]
    ends = ("value", "low", "high")
    return {
        str(row["metric"]): {end: _rounded(row[end]) for end in ends}
        for row in found.to_dict("records")
        if math.isfinite(row["value"])
    }


def _rounded(value: float) -> float | None:
    return round(float(value), 6) if math.isfinite(value) else None
