"""A customer's history that comes with the request: its features by the same definitions as a batch's."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import pandas as pd

from features.engine.asked import check_declarations, check_past
from features.engine.door import admit
from features.engine.run import observe
from features.engine.session import shared
from features.history import History
from features.library import POPULATIONS
from models.artifact import Artifact, ArtifactError
from models.contract import KEYS
from serving.definitions import features_of, population_of

KNOWN: Final = POPULATIONS["known"]


class NotHistory(ValueError):
    """What came along is no history; the message says why."""


class Lacks(ValueError):
    """What came along does not have what a model needs, or never can; the message says what."""


Seen = pd.DataFrame | Lacks
"""A frame, with the columns `known` and `held` (whether the customer is of the model's population), or what lacks."""


def observed(
    artifacts: Sequence[Artifact], customer_id: str, transactions: pd.DataFrame, *, cutoff: datetime
) -> Mapping[str, Seen]:
    """Observe a customer's transactions for some artifacts, by name, each in the local time of its data.

    Raises `NotHistory`.
    """
    rows, seen = transactions.assign(customer_id=customer_id), dict[str, Seen]()
    for zone in dict.fromkeys(map(zone_of, artifacts)):
        here = [each for each in artifacts if zone_of(each) == zone]
        try:
            with shared():
                seen |= _seen(here, rows, pd.Timestamp(local_of(cutoff, zone)), zone)
        except ValueError as error:
            raise NotHistory(str(error)) from error
    return seen


def warm(artifacts: Sequence[Artifact]) -> None:
    """Observe a made-up customer, so that the first who asks does not wait for the engine to be loaded."""
    day = datetime(2024, 1, 1)  # noqa: DTZ001  # local, as a history's times are
    texts = dict.fromkeys(("order_id", "product_id", "category", "channel"), "none")
    row = {"time": day, "amount": 1.0, "quantity": 1.0, "discount": 0.0, "is_return": False, **texts}
    with suppress(NotHistory):
        observed(artifacts, "nobody", pd.DataFrame([row]), cutoff=day + timedelta(days=1))


def zone_of(artifact: Artifact) -> str:
    """Name the zone whose local time a model's data are in."""
    return artifact.provenance.get("zone", "UTC")


def local_of(time: datetime, zone: str) -> datetime:
    """Give an instant in the local time of a zone; a time without an offset is that already.

    Raises `NotHistory` where it lies outside the years 1 to 9999 there.
    """
    try:
        return time.astimezone(ZoneInfo(zone)).replace(tzinfo=None) if time.tzinfo else time
    except OverflowError:
        raise NotHistory(f"a time lies outside the years 1 to 9999 in {zone}") from None


def _seen(artifacts: Sequence[Artifact], rows: pd.DataFrame, at: pd.Timestamp, zone: str) -> dict[str, Seen]:
    local = rows.assign(time=[local_of(time, zone) for time in rows["time"]])
    history = admit("the payload", {"transactions": local}, end=at, zone=zone)
    lacks = {each.name: _lacks(history, each) for each in artifacts}
    who = pd.DataFrame({"customer_id": rows["customer_id"].iloc[:1], "cutoff": [at]})
    frames = _observed(history, [each for each in artifacts if lacks[each.name] is None], who)
    return {name: frames[name] if lack is None else lack for name, lack in lacks.items()}


def _lacks(history: History, artifact: Artifact) -> Lacks | None:
    try:
        population, features = population_of(artifact), features_of(artifact)
    except ArtifactError as error:
        return Lacks(str(error))
    if population.anchored:
        return Lacks(
            f"{artifact.name} is asked at the times of {population.of!r}, which no payload has; "
            f"score it in a batch, by `augury score {artifact.name}`"
        )
    try:
        check_past(features)
        check_declarations(history, list(dict.fromkeys([KNOWN, population, *features])))
    except ValueError as error:
        return Lacks(str(error))
    return None


def _observed(history: History, artifacts: Sequence[Artifact], who: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Give each artifact's frame of a customer and cutoff; one query a grain."""
    frames: dict[str, pd.DataFrame] = {}
    for categories in {tuple(each.categories) for each in artifacts}:
        spine = who
        if categories:
            spine = who.merge(pd.DataFrame({"category": sorted(categories)}), how="cross")
        asking = [each for each in artifacts if tuple(each.categories) == categories]
        declared = [declared for each in asking for declared in (population_of(each), *features_of(each))]
        frame = observe(history, spine, list(dict.fromkeys([KNOWN, *declared])))
        frames |= {each.name: _held(each, frame) for each in asking}
    return frames


def _held(artifact: Artifact, frame: pd.DataFrame) -> pd.DataFrame:
    known = frame[KNOWN.name] == 1
    held = known & (frame[artifact.population] == 1)
    asked = frame[[*(key for key in KEYS if key in frame), *artifact.features]].assign(known=known, held=held)
    return asked.assign(eligible=held) if artifact.categories else asked
