"""`augury promote`: a challenger held against the champion on customers that both scored and neither learned from."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from experiments.runs import Deployment, history_of
from features.engine.run import outcome
from features.history import History
from features.library import TARGETS
from models.artifact import Artifact
from models.contract import KEYS, eligible
from models.estimators import MODELS
from models.registry import NotRegistered, Registered
from models.registry.promotion import Move, champion_of, promote
from models.registry.runs import read_scored
from serving.batch import batch_frame
from training.gate import NotPromoted, Verdict, verdict


def promoted(
    deployment: Deployment, name: str, *, cutoff: pd.Timestamp | None, overridden: str, step: Callable[[str], None]
) -> tuple[Verdict, Move]:
    """Judge a challenger and move the champion's alias to it.

    `overridden` is the reason for which a verdict is overridden; empty where it is not. Raises `NotPromoted` where the
    gate keeps the champion, `NotRegistered` where there is no challenger.
    """
    registry = deployment.registry
    step("load the models")
    challenger = registry.load(name, "challenger")
    if champion_of(registry, name) is None:
        raise NotRegistered(f"model {name!r} has no champion; train one")
    champion = registry.load(name)
    step("score the same customers with both")
    judged = _judged(deployment, champion, challenger, cutoff=cutoff)
    if not judged.passed and not overridden:
        told = "; ".join(check.told for check in judged.checks if not check.passed)
        raise NotPromoted(f"the gate keeps version {champion.version} of {name}: {told}")
    step("move the alias")
    record = {"verdict": judged.plain(), "forced": bool(overridden), "reason": overridden}
    return judged, promote(registry, name, challenger.version, at=datetime.now(UTC), record=record)


def _judged(
    deployment: Deployment, champion: Registered, challenger: Registered, *, cutoff: pd.Timestamp | None
) -> Verdict:
    kind = challenger.artifact.kind
    if kind == "none":
        return verdict(pd.DataFrame(), pd.DataFrame(), kind=kind)
    if challenger.artifact.horizon_days == 0:
        scored = [read_scored(deployment.registry, each.run_id) for each in (champion, challenger)]
        return verdict(*scored, kind=kind)
    history = history_of(challenger, None)
    at = _latest(history, champion.artifact, challenger.artifact) if cutoff is None else history.local(cutoff)
    for each in (champion, challenger):
        _check_unseen(each.artifact, at)
    return verdict(*(_scored(history, each, at) for each in (champion, challenger)), kind=kind)


def _latest(history: History, *artifacts: Artifact) -> pd.Timestamp:
    """Give the latest day whose outcome is known."""
    return (history.end - max(_closes_in(each) for each in artifacts)).floor("D")


def _check_unseen(artifact: Artifact, at: pd.Timestamp) -> None:
    """Raise `NotPromoted` where a model may have learned from what it would be tested on."""
    learned = MODELS[artifact.model_name].learns == "outcome"
    free = artifact.trained_to + (_closes_in(artifact) if learned else pd.Timedelta(0))
    if free > at:
        raise NotPromoted(
            f"{artifact.model_name} has learned from outcomes up to {free:%Y-%m-%d}, and would be tested at "
            f"{at:%Y-%m-%d}: wait for more data, or name a later --cutoff"
        )


def _closes_in(artifact: Artifact) -> pd.Timedelta:
    return pd.Timedelta(days=artifact.lead_days + artifact.horizon_days)


def _scored(history: History, registered: Registered, cutoff: pd.Timestamp) -> pd.DataFrame:
    """Score a model's population at a cutoff and put what came beside it."""
    artifact = registered.artifact
    frame = batch_frame(history, registered, cutoff=cutoff)
    asked = frame[eligible(frame)]
    target = TARGETS[artifact.target]
    keys = [key for key in KEYS if key in asked and key != "eligible"]
    span: Any = {"horizon_days": artifact.horizon_days, "lead_days": artifact.lead_days}
    came = outcome(
        history, asked[[*keys, *([target.by] if target.by and target.by not in keys else [])]], [target], **span
    )
    score = artifact.predict(frame)[eligible(frame)]
    return asked[keys].assign(actual=came[target.name].to_numpy(), score=score)
