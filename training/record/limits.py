"""What a model must not be taken for, in sentences, made from its record."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

OFF: Final = 0.05
"""A part whose calibration error is above this is named."""


def limits(record: Mapping[str, Any]) -> list[str]:
    """List what whoever uses the scores must know."""
    return list(_limits(record))


def _limits(record: Mapping[str, Any]) -> Iterator[str]:
    question, model = record["question"], record["models"][record["champion"]]
    yield f"It speaks of {question['population']['name']} alone: {_first(question['population']['meaning'])}"
    if question["horizon_days"]:
        lead = f", which begin {question['lead_days']} days after the score" if question["lead_days"] else ""
        yield f"It speaks of {question['horizon_days']} days{lead}, and of no longer time."
    if record["judged"] == "folds":
        yield "The data have no dates: whether it will hold in time could not be judged, only for other customers."
    if len(record["parts"]) < 3:
        yield f"It was judged on {len(record['parts'])} part(s): how stable it is, is not known."
    for part, metrics in model["metrics"].items():
        error = metrics.get("ece", {}).get("value")
        if part != "all" and error is not None and error > OFF:
            yield f"At {part} its probabilities were off by {error:.3f} in the mean: read them as a ranking."
    if "lifetime" in record:
        yield from _of_lifetime(record["lifetime"], question["horizon_days"])
    for check in record["grade"]["checks"]:
        if check["letter"] == "C":
            yield f"Its {check['name']} is graded C: {check['told']}."
    for reason in record["left_out"].values():
        yield f"It was held against fewer models than asked: {reason}"
    for leak in record["leaks"]:
        yield f"An alarm was overridden for {leak['feature']} ({leak['reason']}): {leak['message']}"
    if not record["importance"]:
        yield "It gives no reasons: its score is no sum over features."
    yield "Reasons say what the score rests on, not what would change the customer's mind."


def _of_lifetime(told: Mapping[str, Any], horizon_days: int) -> Iterator[str]:
    if told["note"]:
        yield told["note"]
    if horizon_days > told["history_days"]:
        yield (
            f"It looks {horizon_days} days ahead, and the longest history is one of {told['history_days']} days: it "
            "speaks of times that it has never seen."
        )
    total = told["total"]
    if total["low"] is None:
        yield (
            f"How far the total may be off is not known: {len(total['closed'])} past period(s) have closed that do not "
            f"overlap, and a band takes {total['fewest']}."
        )


def _first(meaning: str) -> str:
    return meaning.partition("\n")[0]
