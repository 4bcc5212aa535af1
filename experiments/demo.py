"""`augury demo`: the whole of Augury on two real data sets, in a few minutes."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pandas as pd
from rich.console import Console
from rich.table import Table

from configs.service import ServiceSettings
from configs.settings import Settings
from configs.study import Study, read_study
from experiments.commands import drift_table
from experiments.progress import steps
from experiments.report import Section, write_report
from experiments.runs import Deployment
from experiments.scoreboard import table
from experiments.server import free_port, running
from experiments.study import prepare, results
from features.datasets import load
from features.engine.customer import purchases_of
from features.history import History
from models.registry.runs import read_record
from serving.drift import Report
from training.plots import plots

STUDIES = {
    "complete_journey": [
        "complete_journey_churn",
        "complete_journey_clv",
        "complete_journey_cross_sell",
        "complete_journey_segments",
    ],
    "cdnow": ["cdnow_churn", "cdnow_clv"],
}
SERVED, WATCHED = "complete_journey", "complete_journey_churn"
LONGEST, RECENT = {"blend", "engineered_logistic"}, 3
"""What the demo leaves out to be short: the models that take longest, and all but the latest test cutoffs."""


@dataclass(frozen=True)
class Answers:
    """What the service said over HTTP: to ids, to a payload, and to an id that nobody has."""

    by_id: list[dict[str, Any]]
    by_payload: list[dict[str, Any]]
    unknown: str
    curl: str


def demo(settings: Settings) -> None:
    """Train, register, score, serve, ask and watch; print where everything is."""
    started, console = time.perf_counter(), Console()
    deployment = Deployment.open(settings)
    studies = {name: [(each, _short(read_study(each))) for each in names] for name, names in STUDIES.items()}
    total = sum(4 + len(study.models) for named in studies.values() for _, study in named) + 4
    with steps("demo", total, console=console) as step:
        step("load cdnow and complete_journey")
        histories = {name: load(name) for name in STUDIES}
        sections = [
            _study(deployment, name, study, histories[dataset], step)
            for dataset, named in studies.items()
            for name, study in named
        ]
        step("serve, and ask over HTTP")
        answers = _ask(settings, histories[SERVED])
        step("check drift between two cutoffs")
        report = _watch(deployment, histories[SERVED])
        step("write the report")
        page = settings.var / "report.html"
        write_report(
            page, sections, [report], title="Augury's demo", note="Complete Journey and CDNOW, by `augury demo`"
        )
    for section in sections:
        console.print(table(section.title, section.results["models"], champion=section.champion))
    console.print(_answered(answers))
    console.print(drift_table(report))
    console.print(_pointers(settings, answers, seconds=time.perf_counter() - started), soft_wrap=True)


def _short(study: Study) -> Study:
    """Leave out of a study what takes longest."""
    cutoffs = study.cutoffs
    kept = None if cutoffs is None else cutoffs.model_copy(update={"test": sorted(cutoffs.test)[-RECENT:]})
    models = {name: params for name, params in study.models.items() if name not in LONGEST}
    return study.model_copy(update={"models": models, "cutoffs": kept})


def _study(deployment: Deployment, name: str, study: Study, history: History, step: Callable[[str], None]) -> Section:
    """Judge a study's models, track and register the champion, and score everyone with it."""

    def named(what: str) -> None:
        step(f"{name}: {what}")

    started = time.perf_counter()
    prepared = prepare(name, study, step=named, history=history)
    judged = prepared.judge(step=named)
    named("track and register")
    kept = deployment.record(prepared, judged)
    record = read_record(deployment.registry, kept.run_id)
    named("score everyone")
    deployment.score(deployment.registry.load(name), history)
    found = results(prepared, judged, seconds=time.perf_counter() - started)
    return Section(study.title, found, judged.champion, plots(record))


def _ask(settings: Settings, history: History) -> Answers:
    scores = pd.read_parquet(settings.scored(WATCHED) / "scores.parquet")
    ids = scores.sort_values("score", ascending=False)["customer_id"].iloc[[0, len(scores) // 2, -1]].tolist()
    payload = {
        "customer_id": ids[1],
        "cutoff": history.end.isoformat(),
        "transactions": _payload_rows(history, ids[1]),
        "models": [WATCHED],
    }
    with (
        running(settings, ServiceSettings(dataset=SERVED), port=free_port(), log=settings.var / "service.log") as url,
        httpx.Client(base_url=url, timeout=30) as client,
    ):
        known = client.post("/v1/score", json={"customer_ids": ids}).raise_for_status().json()
        sent = client.post("/v1/score/payload", json=payload).raise_for_status().json()
        unknown = client.post("/v1/score", json={"customer_ids": ["nobody"]}).raise_for_status().json()
    body = json.dumps({"customer_ids": ids[:1]})
    curl = f"curl -s http://127.0.0.1:3000/v1/score -H 'content-type: application/json' -d '{body}'"
    return Answers(known["results"], sent["results"], unknown["results"][0]["reason"], curl)


def _payload_rows(history: History, customer_id: str) -> list[dict[str, Any]]:
    """Give a customer's purchases as a marketing system would send them."""
    rows = purchases_of(history, customer_id)[["time", "amount", "category", "discount"]]
    sent: list[dict[str, Any]] = json.loads(rows.to_json(orient="records", date_format="iso"))
    return sent


def _watch(deployment: Deployment, history: History) -> Report:
    return deployment.drift(deployment.registry.load(WATCHED), history)


def _answered(answers: Answers) -> Table:
    """Show what was asked and answered: of pairs, only each customer's best offer."""
    made = Table("asked by", "customer", "model", "answer", title="The service's answers", title_justify="left")
    for asked, scores in (("id", answers.by_id), ("payload", answers.by_payload)):
        seen = set()
        for score in scores:
            if (score["customer_id"], score["model"]) not in seen:
                offered = f" ({score['category']})" if "category" in score else ""
                what = score.get("label") or f"{score['score']:.3f}{offered}"
                made.add_row(asked, score["customer_id"], score["model"], what)
            seen.add((score["customer_id"], score["model"]))
    made.add_row("id", "nobody", "", answers.unknown)
    return made


def _pointers(settings: Settings, answers: Answers, *, seconds: float) -> str:
    return "\n".join(
        [
            "",
            f"Done in {seconds:.0f} s.",
            f"  report     {settings.var / 'report.html'}",
            f"  scores     {settings.var / 'scored'}/MODEL/scores.parquet",
            f"  MLflow UI  {settings.mlflow_page}",
            f"  service    .venv/bin/augury serve --dataset {SERVED}",
            f"  then try   {answers.curl}",
        ]
    )
