"""The scoring object: champions and their customers' features. Batch and service give the same numbers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import pandas as pd

from configs.registry import did_you_mean
from features.engine.asked import check_declarations, check_past
from features.engine.door import admit
from features.engine.run import observe
from features.history import History
from features.library import POPULATIONS
from models.artifact import Artifact
from models.contract import KEYS
from models.registry import Registered
from serving.definitions import features_of, population_of
from serving.lookup import Lookup

KNOWN = POPULATIONS["known"]


class UnknownModel(LookupError):
    """No such model is served."""


class UnknownCustomer(LookupError):
    """Nobody of that id is in the latest batch."""


class NotScorable(ValueError):
    """The history that came along cannot be scored; the message says why."""


@dataclass(frozen=True)
class Served:
    """A registered artifact and the features of the latest batch, if one was written for it."""

    registered: Registered
    lookup: Lookup | None

    def holds(self, customer_id: str) -> bool:
        """Tell whether the batch holds a customer."""
        return self.lookup is not None and customer_id in self.lookup.places


class Scorer:
    """Answers for some champions."""

    def __init__(self, served: Iterable[Served]) -> None:
        self.served = {each.registered.artifact.name: each for each in served}
        for each in self.served.values():
            population_of(each.registered.artifact)
            features_of(each.registered.artifact)

    def chosen(self, models: Sequence[str] | None) -> list[Served]:
        """Look models up by name; all if none are named. Raises `UnknownModel`."""
        unknown = [name for name in models or () if name not in self.served]
        if unknown:
            raise UnknownModel(did_you_mean("model", unknown[0], self.served))
        return [self.served[name] for name in dict.fromkeys(models or self.served)]

    def by_id(self, customer_ids: Sequence[str], models: Sequence[str] | None = None) -> pd.DataFrame:
        """Score customers from the latest batch's features.

        Without named models each customer is scored by those whose population holds them. Raises `UnknownCustomer`
        for one whom no chosen model knows (or, of named models, any one does not).
        """
        chosen, ids = self.chosen(models), list(dict.fromkeys(customer_ids))
        for customer_id in ids:
            without = [each for each in chosen if not each.holds(customer_id)]
            if without and (models or len(without) == len(chosen)):
                raise UnknownCustomer(_unknown(customer_id, without))
        found = [(each.registered, each.lookup.rows(ids)) for each in chosen if each.lookup]
        scores = pd.concat([_scores(registered, rows) for registered, rows in found if len(rows)])
        places = {customer_id: place for place, customer_id in enumerate(ids)}
        return scores.sort_values("customer_id", key=lambda each: each.map(places), kind="stable", ignore_index=True)

    def by_payload(
        self, customer_id: str, transactions: pd.DataFrame, *, cutoff: pd.Timestamp, models: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """Score a customer from the history at hand.

        Without named models those answer that are asked about the customer and have what they need. Raises
        `NotScorable` where there is none, or one of the named ones does not.
        """
        chosen, rows = self.chosen(models), transactions.assign(customer_id=customer_id)
        seen: dict[str, pd.DataFrame | str] = {}
        for zone in dict.fromkeys(_zone(each) for each in chosen):
            here = [each.registered.artifact for each in chosen if _zone(each) == zone]
            try:
                seen |= _seen(here, rows, cutoff, zone)
            except ValueError as error:
                raise NotScorable(str(error)) from error
        lacking = [told for told in seen.values() if isinstance(told, str)]
        if lacking and (models or len(lacking) == len(chosen)):
            raise NotScorable("; ".join(dict.fromkeys(lacking)))
        asked = [(each.registered, frame) for each in chosen if not isinstance(frame := seen[_name(each)], str)]
        held = [(registered, frame) for registered, frame in asked if len(frame)]
        if not held or (models and len(held) < len(asked)):
            names = ", ".join(registered.artifact.name for registered, _ in asked)
            raise NotScorable(
                f"customer {customer_id!r} is not among those whom {names} is asked about at {cutoff:%Y-%m-%d}: "
                "no purchase that came along makes them so"
            )
        return pd.concat([_scores(registered, frame) for registered, frame in held], ignore_index=True)


def _name(served: Served) -> str:
    return served.registered.artifact.name


def _zone(served: Served) -> str:
    """Name the zone whose local time a model's data are in."""
    return served.registered.artifact.provenance.get("zone", "UTC")


def _local(time: datetime, zone: str) -> datetime:
    return time.astimezone(ZoneInfo(zone)).replace(tzinfo=None) if time.tzinfo else time


def _seen(
    artifacts: Sequence[Artifact], transactions: pd.DataFrame, cutoff: pd.Timestamp, zone: str
) -> dict[str, pd.DataFrame | str]:
    """Give by name each artifact's frame, empty where the customer is none of its population, or what it lacks."""
    at = pd.Timestamp(_local(cutoff, zone))
    rows = transactions.assign(time=[_local(time, zone) for time in transactions["time"]])
    history = admit("the payload", {"transactions": rows}, end=at, zone=zone)
    told = {each.name: _lacks(history, each) for each in artifacts}
    who = pd.DataFrame({"customer_id": rows["customer_id"].iloc[:1], "cutoff": [at]})
    frames = _observed(history, [each for each in artifacts if told[each.name] is None], who)
    return {name: frames[name] if lack is None else lack for name, lack in told.items()}


def _lacks(history: History, artifact: Artifact) -> str | None:
    """Say what a payload does not have that an artifact needs, or never can; None where it has everything."""
    population, features = population_of(artifact), features_of(artifact)
    if population.anchored:
        return (
            f"{artifact.name} is asked at the times of {population.of!r}, which no payload has; "
            f"score it in a batch, by `augury score {artifact.name}`"
        )
    try:
        check_past(features)
        check_declarations(history, list(dict.fromkeys([KNOWN, population, *features])))
    except ValueError as error:
        return str(error)
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
    held = (frame[[KNOWN.name, artifact.population]] == 1).all(axis=1)
    asked = frame[[*(key for key in KEYS if key in frame), *artifact.features]]
    return asked.assign(eligible=held) if artifact.categories and held.any() else asked[held]


def _unknown(customer_id: str, without: Sequence[Served]) -> str:
    names = ", ".join(each.registered.artifact.name for each in without)
    return (
        f"customer {customer_id!r} is not in the latest batch of {names}; score them by payload, or wait for "
        "the next batch"
    )


def _scores(registered: Registered, frame: pd.DataFrame) -> pd.DataFrame:
    artifact = registered.artifact
    scores = artifact.score(frame, version=registered.version)
    if artifact.categories:
        scores = scores.sort_values("score", ascending=False, kind="stable")
    return scores.assign(target=artifact.target, horizon_days=artifact.horizon_days)
