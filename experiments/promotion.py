"""`augury promote`: a challenger held against the champion on customers that both scored and neither learned from."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from experiments.runs import Deployment, history_of
from features.engine.run import outcome
from features.history import History
from features.library import TARGETS
from features.library.attributes import PREFIX
from models.artifact import Artifact
from models.contract import KEYS, eligible
from models.estimators import MODELS
from models.registry import NotRegistered, Registered
from models.registry.promotion import Move, champion_of, promote
from models.registry.runs import read_scored
from serving.batch import batch_frame
from serving.definitions import population_of
from training.gate import Check, NotPromoted, Verdict, check_same_question, verdict


def promoted(
    deployment: Deployment, name: str, *, cutoff: pd.Timestamp | None, overridden: str, step: Callable[[str], None]
) -> tuple[Verdict, Move]:
    """Judge a challenger and move the champion's alias to it.

    `overridden` is the reason for which a verdict, or that there can be none, is overridden; empty where it is not.
    Raises `NotPromoted` where the gate keeps the champion, `NotRegistered` where there is no challenger or no champion,
    and `ValueError` for a cutoff of a table without dates; unless it is overridden, what loading or scoring raises.
    """
    registry = deployment.registry
    step("load the models")
    challenger = registry.load(name, "challenger")
    former = champion_of(registry, name)
    if former is None:
        raise NotRegistered(f"model {name!r} has no champion; train one")
    if cutoff is not None and _undated(challenger.artifact):
        raise ValueError(f"{name} is about a table without dates, judged by its folds' predictions: leave --cutoff out")
    step("score the same customers with both")
    judged = _verdict(deployment, name, challenger, cutoff=cutoff, forced=bool(overridden))
    if not judged.passed and not overridden:
        told = "; ".join(check.told for check in judged.checks if not check.passed)
        raise NotPromoted(f"the gate keeps version {former} of {name}: {told}")
    step("move the alias")
    record = {"verdict": judged.plain(), "forced": bool(overridden), "reason": overridden}
    return judged, promote(registry, name, challenger.version, at=datetime.now(UTC), record=record)


def _verdict(
    deployment: Deployment, name: str, challenger: Registered, *, cutoff: pd.Timestamp | None, forced: bool
) -> Verdict:
    """Judge; where that fails and it is forced, the error is the verdict."""
    try:
        return _judged(deployment, deployment.registry.load(name), challenger, cutoff=cutoff)
    except (ValueError, LookupError) as error:
        if not forced:
            raise
        return Verdict((Check("comparison", False, str(error)),))


def _judged(
    deployment: Deployment, champion: Registered, challenger: Registered, *, cutoff: pd.Timestamp | None
) -> Verdict:
    both, kind = (champion, challenger), challenger.artifact.kind
    check_same_question(champion.artifact, challenger.artifact)
    if kind == "none":
        return verdict(pd.DataFrame(), pd.DataFrame(), kind=kind)
    if _undated(challenger.artifact):
        # Where such a history ends says nothing of its customers, and may move between two trainings.
        scored = [read_scored(deployment.registry, each.run_id).drop(columns="cutoff") for each in both]
        return verdict(*scored, kind=kind)
    history = history_of(challenger, None)
    # Of an anchored population: the end of the window of questions, which are as long as the horizon before it.
    at = (history.end - challenger.artifact.closes_in).floor("D") if cutoff is None else history.local(cutoff)
    for each in both:
        _check_unseen(each.artifact, at)
    return verdict(*(_scored(history, each, at) for each in both), kind=kind)


def _undated(artifact: Artifact) -> bool:
    """Whether a label of the table of customers is predicted, which has no time."""
    return artifact.horizon_days == 0 and artifact.target.startswith(PREFIX)


def _check_unseen(artifact: Artifact, at: pd.Timestamp) -> None:
    """Raise `NotPromoted` where a model may have learned from what it would be tested on."""
    since = at - artifact.closes_in if population_of(artifact).anchored else at
    learned = MODELS[artifact.model_name].learns == "outcome"
    free = artifact.trained_to + (artifact.closes_in if learned else pd.Timedelta(0))
    if free > since:
        tested = f"from {since:%Y-%m-%d} until {at:%Y-%m-%d}" if since < at else f"at {at:%Y-%m-%d}"
        raise NotPromoted(
            f"{artifact.model_name} has learned from outcomes up to {free:%Y-%m-%d}, and would be tested {tested}: "
            "wait for more data, or name a later --cutoff"
        )


def _scored(history: History, registered: Registered, at: pd.Timestamp) -> pd.DataFrame:
    """Score a model's population at a cutoff and put what came beside it."""
    artifact, target = registered.artifact, TARGETS[registered.artifact.target]
    frame = batch_frame(history, registered, cutoff=at)
    asked = eligible(frame)
    keys = [key for key in dict.fromkeys((*KEYS, target.by)) if key in frame and key != "eligible"]
    span: Any = {"horizon_days": artifact.horizon_days, "lead_days": artifact.lead_days}
    came = outcome(history, frame.loc[asked, keys].reset_index(drop=True), [target], **span)
    return came.rename(columns={target.name: "actual"}).assign(score=artifact.predict(frame)[asked])
