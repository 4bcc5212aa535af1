"""What a model must answer before it goes live: known rows, the same by every way of asking."""

from typing import Final

import numpy as np
import pandas as pd

from models.artifact import Artifact
from serving.live.answers import Answers
from serving.live.live import Live
from serving.messages import MAX_REASONS

_TYPICAL_ROWS: Final = 8
_EXPLAINED: Final = 4
_POINTS: Final = 1e-6


class NotGolden(ValueError):
    """A model whose answers differ from what they must be; it does not go live."""


def check_golden(live: Live, customer_ids: list[str], found: list[bytes]) -> None:
    """Hold a model's answers on some customers of its batch against the batch's, and its ways against each other.

    Answers are the same bit for bit: computed as they are online, by the frame as in a batch, and, where the batch is
    this artifact's, as the batch wrote them. A model without a batch is asked of typical rows. Raises `NotGolden`.
    """
    artifact = live.registered.artifact
    if live.held is None or not found:
        _check_finite(live.name, artifact.predict(_typical(artifact)).tolist())
        return
    expected = live.of_frame(live.frame(customer_ids, found))
    _check_finite(live.name, expected.columns["score"])
    _check_same(live, live.answers(customer_ids, found, compute=True), expected, "computed by rows")
    alone = customer_ids[:1]
    if alone:
        first = expected.of_owner(alone[0])
        _check_same(live, live.answers(alone, found[:1], compute=True), first, "asked alone")
    if live.read:
        _check_same(live, live.answers(customer_ids, found), expected, "written by the batch")
    _check_reasons(live, customer_ids[:_EXPLAINED], found[:_EXPLAINED])


def _check_reasons(live: Live, customer_ids: list[str], found: list[bytes]) -> None:
    """Hold the reasons given online against a batch's: the same concepts, points within 1e-6. Loads what gives them."""
    if live.why is None:
        return
    expected = live.why.of_frame(live.frame(customer_ids, found), top=MAX_REASONS)
    for compute in (True, False) if live.read else (True,):
        _, reasons = live.explained(customer_ids, found, top=MAX_REASONS, compute=compute)
        for mine, told in zip(reasons or [], expected, strict=True):
            same = [each.concept for each in mine] == [each.concept for each in told]
            if not same or any(abs(a.points - b.points) > _POINTS for a, b in zip(mine, told, strict=True)):
                raise NotGolden(f"{live.name}'s reasons differ on golden rows from a batch's")


def _typical(artifact: Artifact) -> pd.DataFrame:
    """Make rows of medians and nulls, as far as a frame without a customer's history can be made."""
    typical = {name: artifact.typical.get(name) for name in artifact.features}
    frame = pd.DataFrame([typical] * _TYPICAL_ROWS)
    made = frame.assign(customer_id=[f"golden {place}" for place in range(len(frame))], cutoff=artifact.trained_to)
    return made.assign(category=artifact.categories[0]) if artifact.categories else made


def _check_finite(name: str, scores: list[float]) -> None:
    wrong = int((~np.isfinite(np.asarray(scores, dtype=np.float64))).sum())
    if wrong:
        raise NotGolden(f"{name} gives {wrong} of {len(scores)} golden rows no finite score")


def _check_same(live: Live, found: Answers, expected: Answers, how: str) -> None:
    if found.owners != expected.owners or found.categories != expected.categories:
        raise NotGolden(f"{live.name} answers for other rows where it is {how}")
    if found.cutoffs is not None and list(found.cutoffs) != list(expected.cutoffs or ()):
        raise NotGolden(f"{live.name} answers for other cutoffs where it is {how}")
    for name, values in expected.columns.items():
        mine = found.columns.get(name)
        if mine is None or not pd.Series(mine, dtype=object).equals(pd.Series(values, dtype=object)):
            raise NotGolden(f"{live.name}'s {name} differs on golden rows where it is {how}")
