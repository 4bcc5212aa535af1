"""The commands behind the command line."""

import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast, get_args

from rich.console import Console
from rich.table import Table

from configs.registry import Registry, did_you_mean
from configs.settings import Settings
from configs.study import Study, read_study, study_names
from experiments.instant import instant
from experiments.progress import steps
from experiments.runs import Deployment, history_of
from experiments.scoreboard import table
from experiments.study import Prepared, differences, prepare, results, results_file, run, write_results
from features.datasets import known
from features.declaration import Declaration
from features.library import FEATURES, POPULATIONS, TARGETS
from models.estimators import MODELS
from models.metrics import METRICS
from models.registry import Alias
from serving.drift import ExitCode, Report
from training.tune import tune


def train(name: str, *, model: str | None, alias: str, trials: int, settings: Settings) -> None:
    """Train one model of a study, tuned if trials are asked for; track and register it, and print where to look."""
    if alias not in (*get_args(Alias), "none"):
        raise ValueError(f"unknown alias {alias!r}; use champion, challenger or none")
    read = read_study(name)
    chosen = model or read.champion
    if chosen not in read.models:
        raise LookupError(did_you_mean(f"model of study {name}", chosen, read.models))
    with steps(f"train {Path(name).stem}", 4 + trials) as step:
        prepared = prepare(Path(name).stem, read, step=step)
        params = _tuned(prepared, chosen, trials=trials, settings=settings, step=step) if trials else None
        step(f"train {chosen}")
        trained = prepared.train(chosen, params)
        step("track")
        kept = None if alias == "none" else cast(Alias, alias)
        run_id, version = Deployment.open(settings).record(prepared, trained, alias=kept)
    found = results(prepared, {chosen: trained}, seconds=trained.seconds)
    Console().print(table(read.title, found["models"]))
    registered = f", registered as {prepared.name} version {version} ({alias})" if version else ""
    Console().print(f"MLflow run {run_id}{registered}\nlook at it: {settings.mlflow_page}", soft_wrap=True)


def _tuned(
    prepared: Prepared, model: str, *, trials: int, settings: Settings, step: Callable[[str], None]
) -> dict[str, Any]:
    """Tune a model of a study; the trials are kept, so that a search that was cut off goes on."""
    settings.var.mkdir(parents=True, exist_ok=True)
    return tune(
        prepared.task,
        prepared.data,
        model=model,
        params=dict(prepared.study.models[model]),
        trials=trials,
        seed=prepared.study.seed,
        storage=f"sqlite:///{settings.var / 'optuna.db'}",
        study_name=f"{prepared.name}.{model}.{_asked(prepared)}",
        told=lambda done: step(f"trial {done} of {trials}"),
    )


def _asked(prepared: Prepared) -> str:
    """Hash what a search is about: trials of another study or other data do not count."""
    text = prepared.study.model_dump_json() + prepared.task.history.fingerprint
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def compare(name: str) -> None:
    """Train all models of a study and print the scoreboard."""
    read = read_study(name)
    Console().print(table(read.title, _run(name, read)["models"], champion=read.champion))


def study(name: str, *, check: bool) -> None:
    """Run a study and write its results, or compare them with the committed ones."""
    read, path = read_study(name), results_file(name)
    if check and not path.is_file():
        raise LookupError(f"there are no committed results at {path}; run without --check first")
    found = _run(name, read)
    Console().print(table(read.title, found["models"], champion=read.champion))
    if not check:
        write_results(found, path)
        Console().print(f"written: {path}", soft_wrap=True)
        return
    told = differences(found, json.loads(path.read_text(encoding="utf-8")))
    if told:
        raise ValueError(f"the results differ from {path}:\n" + "\n".join(f"- {line}" for line in told))
    Console().print(f"same as {path}", soft_wrap=True)


def _run(name: str, read: Study) -> dict[str, Any]:
    started = time.perf_counter()
    with steps(f"study {Path(name).stem}", 2 + len(read.models)) as step:
        prepared = prepare(Path(name).stem, read, step=step)
        trained = dict(zip(read.models, run(prepared, step=step), strict=True))
    return results(prepared, trained, seconds=time.perf_counter() - started)


def score(name: str, *, cutoff: str | None, dataset: str | None, to: Path | None, settings: Settings) -> None:
    """Score a champion's population and print where it lies."""
    at = None if cutoff is None else instant(cutoff)
    deployment = Deployment.open(settings)
    with steps(f"score {name}", 3) as step:
        step("load the champion")
        registered = deployment.registry.load(name)
        step("load the history")
        history = history_of(registered, dataset)
        step("score")
        scores = deployment.score(registered, history, cutoff=at, to=to)
    where = to or settings.scored(name)
    Console().print(f"{len(scores)} scores of {name} version {registered.version}: {where}", soft_wrap=True)


def drift(name: str, *, cutoff: str | None, dataset: str | None, as_json: bool, warn: bool, settings: Settings) -> int:
    """Check a champion for drift, print the report and give the exit code."""
    at = None if cutoff is None else instant(cutoff)
    deployment = Deployment.open(settings)
    registered = deployment.registry.load(name)
    report = deployment.drift(registered, history_of(registered, dataset), cutoff=at)
    if as_json:
        print(json.dumps(report.plain(), indent=1))
    else:
        Console().print(drift_table(report))
    return 0 if report.code is ExitCode.WARN and not warn else int(report.code)


def drift_table(report: Report) -> Table:
    """Lay a drift report out for a terminal: everything worth a look, and how many columns were fine."""
    fine = sum(finding.severity == "ok" for finding in report.findings)
    title = f"{report.model} at {report.cutoff} against {report.trained_to}: {report.code.name}, {fine} columns fine"
    made = Table(
        "column", "PSI", "missing then", "missing now", "", title=report.problem or title, title_justify="left"
    )
    for finding in report.findings:
        if finding.severity != "ok":
            shares = (f"{finding.missing_then:.1%}", f"{finding.missing_now:.1%}")
            made.add_row(finding.column, f"{finding.psi:.3f}", *shares, finding.severity)
    return made


def list_kind(kind: str) -> None:
    """Print the names of a kind, with what each means."""
    declared = {"features": FEATURES, "targets": TARGETS, "populations": POPULATIONS}
    named = {"models": sorted(MODELS), "metrics": sorted(METRICS), "datasets": known(), "studies": study_names()}
    if kind in declared:
        Console().print(_catalogue(declared[kind]))
    elif kind in named:
        print("\n".join(named[kind]))
    else:
        raise LookupError(did_you_mean("kind", kind, {*declared, *named}))


def _catalogue(declared: Registry[Declaration]) -> Table:
    made = Table("name", "family", "meaning", box=None)
    for each in declared.values():
        made.add_row(each.name, each.family, each.meaning.splitlines()[0])
    return made
