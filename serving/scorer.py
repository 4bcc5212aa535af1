"""The scoring object: champions and their customers' features. Batch and service give the same numbers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from configs.registry import did_you_mean
from features.engine.door import admit
from features.engine.run import observe
from features.history import History
from models.registry import Registered
from serving.definitions import features_of, population_of
from serving.lookup import Lookup


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


class Scorer:
    """Answers for some champions."""

    def __init__(self, served: Iterable[Served]) -> None:
        self.served = {each.registered.artifact.name: each for each in served}
        for each in self.served.values():
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
        found = []
        for customer_id in dict.fromkeys(customer_ids):
            rows = [(each, each.lookup.rows(customer_id)) for each in self.chosen(models) if each.lookup]
            held = [_scores(each.registered, row) for each, row in rows if row is not None]
            if not held or (models and len(held) < len(rows)):
                raise UnknownCustomer(self._unknown(customer_id, [e for e, row in rows if row is None]))
            found += held
        return pd.concat(found, ignore_index=True)

    def by_payload(
        self, customer_id: str, transactions: pd.DataFrame, *, cutoff: pd.Timestamp, models: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """Score a customer from the history at hand. Raises `NotScorable` where it lacks what a model needs."""
        try:
            history = admit("the payload", {"transactions": transactions.assign(customer_id=customer_id)})
            held = [self._observed(each, history, customer_id, cutoff) for each in self.chosen(models)]
        except ValueError as error:
            raise NotScorable(str(error)) from error
        scored = [scores for scores in held if scores is not None]
        if not scored or (models and len(scored) < len(held)):
            names = ", ".join(each.registered.artifact.name for each in self.chosen(models))
            raise NotScorable(
                f"customer {customer_id!r} is not among those whom {names} is asked about at {cutoff:%Y-%m-%d}: "
                "no purchase that came along makes them so"
            )
        return pd.concat(scored, ignore_index=True)

    def _observed(self, each: Served, history: History, customer_id: str, cutoff: pd.Timestamp) -> pd.DataFrame | None:
        artifact = each.registered.artifact
        spine = pd.DataFrame({"customer_id": [customer_id], "cutoff": [cutoff]})
        if artifact.categories:
            spine = spine.merge(pd.DataFrame({"category": sorted(artifact.categories)}), how="cross")
        population = population_of(artifact)
        asked = observe(history, spine, [population, *features_of(artifact)])
        held = asked.pop(population.name) == 1
        if not held.any():
            return None
        return _scores(each.registered, asked.assign(eligible=held) if artifact.categories else asked[held])

    def _unknown(self, customer_id: str, without: Sequence[Served]) -> str:
        names = ", ".join(each.registered.artifact.name for each in without) or "any model"
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
