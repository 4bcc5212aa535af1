"""The commands behind the command line."""

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from configs.costs import cost_names
from configs.registry import Registry, did_you_mean
from configs.settings import Settings
from configs.study import Study, read_study, study_names
from experiments.instant import instant
from experiments.progress import steps
from experiments.promotion import promoted
from experiments.runs import Deployment, Kept, history_of
from experiments.scoreboard import table
from experiments.study import Prepared, differences, measured, prepare, results, results_file, write_results
from features.datasets import known
from features.declaration import Declaration
from features.library import FEATURES, POPULATIONS, TARGETS
from models.estimators import MODELS
from models.metrics import METRICS
from models.registry.promotion import roll_back
from serving.drift import ExitCode, Report
from training.judge import Judged


def train(name: str, *, model: str | None, alias: str, trials: int, settings: Settings) -> None:
    """Back-test a study's models, tuned if trials are asked for; track and register the champion, and say where to
    look.

    `model` asks for one of them alone, beside the baseline. The first model of a name becomes its champion; later ones
    are challengers until they are promoted.
    """
    if alias not in ("challenger", "none"):
        raise ValueError(f"unknown alias {alias!r}; use challenger or none: `augury promote` makes a champion")
    read = read_study(name)
    asked = _models(name, read, model)
    tuned = [each for each in asked if each in tunable(read, model)] if trials else []
    with steps(f"train {Path(name).stem}", 4 + len(asked) + trials * len(tuned)) as step:
        prepared = prepare(Path(name).stem, read, step=step)
        deployment = Deployment.open(settings)
        params = {each: read.models[each] for each in asked}
        for each in tuned:
            params[each] = deployment.tune(prepared, each, trials=trials, step=step)
        judged = prepared.judge(params, step=step, champion=model)
        step("track")
        kept = deployment.record(prepared, judged, register=alias != "none")
        step("report")
        pages = deployment.report(kept.run_id, name=prepared.name)
    Console().print(table(read.title, measured(judged), champion=judged.champion))
    Console().print(_told(prepared, judged, kept, pages, settings), soft_wrap=True)


def tunable(study: Study, model: str | None) -> list[str]:
    """Name the models that trials tune: the one asked for, those the study says, or all that can be."""
    if model is not None:
        return [model]
    return study.tune or [each for each in study.models if getattr(MODELS[each], "tunable", {})]


def _models(name: str, study: Study, model: str | None) -> list[str]:
    """Name the models to back-test: all, or one of them beside the baseline."""
    if model is None:
        return list(study.models)
    if model not in study.models:
        raise LookupError(did_you_mean(f"model of study {name}", model, study.models))
    return list(dict.fromkeys([*([study.baseline] if study.baseline else []), model]))


def _told(prepared: Prepared, judged: Judged, kept: Kept, pages: Path, settings: Settings) -> str:
    """Say what became of a training and where to look at it."""
    checks = "\n".join(f"  {check.letter}  {check.name}: {check.told}" for check in judged.grade.checks)
    registered = f", registered as {prepared.name} version {kept.version} ({kept.alias})" if kept.version else ""
    left = "".join(f"left out: {reason}\n" for reason in judged.left_out.values())
    return (
        f"{left}{judged.champion}, calibration {judged.best.calibration}: grade {judged.grade.letter}\n{checks}\n"
        f"report: {pages / 'report.html'}\nMLflow run {kept.run_id}{registered}\nlook at it: {settings.mlflow_page}"
    )


def compare(name: str) -> None:
    """Back-test all models of a study and print the scoreboard."""
    read = read_study(name)
    found = _run(name, read)
    Console().print(table(read.title, found["models"], champion=found["champion"]))


def study(name: str, *, check: bool) -> None:
    """Run a study and write its results, or compare them with the committed ones."""
    read, path = read_study(name), results_file(name)
    if check and not path.is_file():
        raise LookupError(f"there are no committed results at {path}; run without --check first")
    found = _run(name, read)
    Console().print(table(read.title, found["models"], champion=found["champion"]))
    for reason in found["left_out"].values():
        Console().print(f"left out: {reason}", soft_wrap=True)
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
        judged = prepared.judge(step=step)
    return results(prepared, judged, seconds=time.perf_counter() - started)


def promote(name: str, *, force: bool, reason: str, cutoff: str | None, settings: Settings) -> None:
    """Hold a challenger against the champion and, where the gate lets it, make it the champion."""
    if force != bool(reason.strip()):
        raise ValueError("--force overrides the gate and needs --reason, which goes on record; a reason needs --force")
    with steps(f"promote {name}", 3) as step:
        at = None if cutoff is None else instant(cutoff)
        judged, move = promoted(Deployment.open(settings), name, cutoff=at, overridden=reason, step=step)
    Console().print(
        "\n".join(f"  {'yes' if each.passed else 'NO '}  {each.name}: {each.told}" for each in judged.checks)
    )
    Console().print(f"champion of {name}: version {move.version}, after {move.former or 'none'}", soft_wrap=True)


def rollback(name: str, *, reason: str, settings: Settings) -> None:
    """Give the champion's place back to the version before."""
    move = roll_back(Deployment.open(settings).registry, name, at=datetime.now(UTC), reason=reason)
    Console().print(f"champion of {name}: version {move.version} again, instead of {move.former}", soft_wrap=True)


def card(name: str, *, to: Path | None, settings: Settings) -> None:
    """Write the pages of a registered model, or of a run, from its record alone."""
    deployment = Deployment.open(settings)
    pages = deployment.report(deployment.run_of(name), name=name, to=to)
    Console().print("\n".join(str(path) for path in sorted(pages.iterdir())), soft_wrap=True)


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
    named["costs"] = cost_names()
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
