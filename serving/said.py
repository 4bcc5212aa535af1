"""What a model's answers are in the words of the API."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from serving.live.answers import Answers
from serving.live.live import Live
from serving.messages import Reason, Refusal, RefusalCode, Score

_NUMBERS: Final = ("p_alive", "expected_purchases", "expected_value", "clv", "low", "high")
NOT_FINITE: Final = "the model gave no finite number; look at its features"
Results = list[Score | Refusal]


def scores_of(
    live: Live, answers: Answers, reasons: Sequence[list[Reason]] | None = None, *, cutoff: str | None
) -> Iterator[tuple[str, Results]]:
    """Give each customer's scores of a model, of pairs the best first; `cutoff` is that of rows without their own."""
    said = _saying(live, answers, reasons, cutoff)
    for owner, places in answers.by_owner():
        yield owner, [said(place) for place in places]


def refused(live: Live, customer_id: str, code: RefusalCode, reason: str, cutoff: str | None = None) -> Refusal:
    """Say that a model has no score of a customer, and why; by default of its batch's cutoff."""
    return Refusal(customer_id, code, reason, live.name, live.registered.version, cutoff or live.cutoff)


def _saying(
    live: Live, answers: Answers, reasons: Sequence[list[Reason]] | None, common: str | None
) -> Callable[[int], Score | Refusal]:
    """Give what says a row's score; all that is the same of every row is looked up once."""
    artifact, version = live.registered.artifact, live.registered.version
    name, target, days, labels = artifact.name, artifact.target, artifact.horizon_days, artifact.model.labels
    owners, cutoffs, categories, columns = answers.owners, answers.cutoffs, answers.categories, answers.columns
    scores, detailed = columns["score"], len(columns) > 1

    def said(place: int) -> Score | Refusal:
        score, cutoff = scores[place], common if cutoffs is None else cutoffs[place].isoformat()
        if not math.isfinite(score):
            return refused(live, owners[place], "not_finite", NOT_FINITE, cutoff)
        return Score(
            owners[place],
            name,
            version,
            target,
            days,
            cutoff,
            score,
            None if categories is None else categories[place],
            labels[int(score)] if labels else None,
            None if reasons is None else reasons[place],
            *(_details(columns, place) if detailed else ()),
        )

    return said


def _details(columns: dict[str, list[Any]], place: int) -> tuple[Any, ...]:
    """Give what a model of lifetime value tells beside the score, in the order of `Score`."""
    numbers = [_number(columns[name][place]) if name in columns else None for name in _NUMBERS]
    day = columns["next_order"][place] if "next_order" in columns else None
    flags = columns["flags"][place] if "flags" in columns else None
    return (*numbers, None if day is None else day.date(), flags or None)


def _number(value: Any) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)
