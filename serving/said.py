"""What a model's answers are in the words of the API."""

import math
from collections.abc import Iterator, Sequence
from typing import Any, Final

from serving.live.answers import Answers
from serving.live.live import Live
from serving.messages import Reason, Refusal, RefusalCode, Score

_NUMBERS: Final = ("p_alive", "expected_purchases", "expected_value", "clv", "low", "high")
Results = list[Score | Refusal]


def scores_of(
    live: Live, answers: Answers, reasons: Sequence[list[Reason]] | None = None, *, cutoff: str | None
) -> Iterator[tuple[str, Results]]:
    """Give each customer's scores of a model, of pairs the best first; `cutoff` is that of rows without their own."""
    for owner, places in answers.by_owner():
        yield owner, [_score(live, answers, place, reasons, cutoff) for place in places]


def refused(live: Live, customer_id: str, code: RefusalCode, reason: str, cutoff: str | None = None) -> Refusal:
    """Say that a model has no score of a customer, and why; by default of its batch's cutoff."""
    return Refusal(customer_id, code, reason, live.name, live.registered.version, cutoff or live.cutoff)


def _score(
    live: Live, answers: Answers, place: int, reasons: Sequence[list[Reason]] | None, common: str | None
) -> Score | Refusal:
    artifact, owner = live.registered.artifact, answers.owners[place]
    cutoff = common if answers.cutoffs is None else answers.cutoffs[place].isoformat()
    score = answers.columns["score"][place]
    if not math.isfinite(score):
        return refused(live, owner, "not_finite", "the model gave no finite number; look at its features", cutoff)
    return Score(
        owner,
        artifact.name,
        live.registered.version,
        artifact.target,
        artifact.horizon_days,
        cutoff,
        score,
        None if answers.categories is None else answers.categories[place],
        artifact.model.labels[int(score)] if artifact.model.labels else None,
        None if reasons is None else reasons[place],
        *(_details(answers.columns, place) if len(answers.columns) > 1 else ()),
    )


def _details(columns: dict[str, list[Any]], place: int) -> tuple[Any, ...]:
    """Give what a model of lifetime value tells beside the score, in the order of `Score`."""
    numbers = [_number(columns[name][place]) if name in columns else None for name in _NUMBERS]
    day = columns["next_order"][place] if "next_order" in columns else None
    flags = columns["flags"][place] if "flags" in columns else None
    return (*numbers, None if day is None else day.date(), flags or None)


def _number(value: Any) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)
