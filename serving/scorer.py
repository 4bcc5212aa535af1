"""The scoring object: what every route asks. One snapshot answers a request, from its beginning to its end."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

import pandas as pd

from configs.registry import did_you_mean
from serving.history import Lacks, observed
from serving.live.live import Live
from serving.live.snapshot import Snapshot
from serving.messages import Refusal, Score
from serving.said import Results, refused, scores_of
from serving.shadow import Shadow

MEND: Final = "score them by payload, or wait for the next batch"
BARRED: Final = {
    "opted_out": "the customer does not want to be scored",
    "erased": "the customer's data were erased",
}


class UnknownModel(LookupError):
    """No such model is served."""


class NotAllowed(PermissionError):
    """A model that who asks may not ask."""


class NotExplaining(ValueError):
    """A model that gives no reasons."""


def anyone(model: str) -> bool:
    """Let every model be asked."""
    return True


class Scorer:
    """Answers from a snapshot, which `take` replaces as a whole.

    Features of a batch that is more than `max_age_days` old are not scored (None: of any age). `shadow` is shown what
    champions that have a challenger said.
    """

    def __init__(self, snapshot: Snapshot, *, max_age_days: float | None = None, shadow: Shadow | None = None) -> None:
        self.snapshot = snapshot
        self.max_age_days = max_age_days
        self.shadow = shadow

    def take(self, snapshot: Snapshot) -> None:
        """Answer from another snapshot from now on; answers under way keep theirs."""
        self.snapshot = snapshot

    async def by_id(
        self,
        customer_ids: Sequence[str],
        models: Sequence[str] | None = None,
        *,
        now: datetime,
        explain: int = 0,
        may: Callable[[str], bool] = anyone,
        snapshot: Snapshot | None = None,
    ) -> Results:
        """Answer for customers from the latest batch, in the order asked, each once.

        Without named models each customer is answered by those whose batch holds them and whom `may` lets be asked.
        Raises `UnknownModel`, `NotAllowed`, `NotExplaining` where reasons are asked of a named model that has none, and
        `StoreAway`.
        """
        snapshot = snapshot or self.snapshot
        chosen, ids = chosen_of(snapshot, models, explain=explain, may=may), list(dict.fromkeys(customer_ids))
        told = await barred(snapshot, ids)
        asked = [each for each in ids if each not in told] if told else ids
        said = [await self._told(snapshot, live, asked, now=now, explain=explain) for live in chosen]
        without = [(each, live) for live, mine in zip(chosen, said, strict=True) for each in asked if each not in mine]
        missing = await _missing(snapshot, chosen, without, may=may if models is not None else None) if without else {}
        return [
            result for customer_id in ids for part in (told, *said, missing) for result in part.get(customer_id, ())
        ]

    async def _told(
        self, snapshot: Snapshot, live: Live, customer_ids: Sequence[str], *, now: datetime, explain: int
    ) -> Mapping[str, Results]:
        """Give what one model says, by customer; one whom its batch does not hold is left out. Raises `StoreAway`."""
        found = await live.rows(customer_ids)
        who = [each for each, row in zip(customer_ids, found, strict=True) if row is not None]
        if not who:
            return {}
        stale = self._stale(live, now)
        if stale is not None:
            return {each: [refused(live, each, "stale_features", stale)] for each in who}
        rows = [row for row in found if row is not None]
        asked = live, who, rows, explain
        results = _answered(*asked) if live.quick(rows, explain=explain) else await asyncio.to_thread(_answered, *asked)
        challenger = snapshot.challengers.get(live.name)
        if challenger is not None and self.shadow is not None:
            self.shadow.show(live, challenger, who, rows, results)
        return results

    async def by_history(
        self,
        customer_id: str,
        transactions: pd.DataFrame,
        *,
        cutoff: datetime,
        models: Sequence[str] | None = None,
        explain: int = 0,
        may: Callable[[str], bool] = anyone,
    ) -> Results:
        """Answer for a customer from the transactions at hand.

        Without named models those answer that are asked about the customer and have what they need; where none does,
        each says why not. Raises `UnknownModel`, `NotAllowed`, `NotExplaining`, `NotHistory` and `StoreAway`.
        """
        snapshot = self.snapshot
        chosen = chosen_of(snapshot, models, explain=explain, may=may)
        told = await barred(snapshot, [customer_id])
        if told:
            return told[customer_id]

        def answer() -> Results:
            artifacts = [each.registered.artifact for each in chosen]
            seen = observed(artifacts, customer_id, transactions, cutoff=cutoff)
            said = [_of_history(live, seen[live.name], customer_id, cutoff, explain) for live in chosen]
            results = [each for mine in said for each in mine]
            scores: Results = [each for each in results if isinstance(each, Score)]
            return scores if scores and models is None else results

        return await asyncio.to_thread(answer)

    def _stale(self, live: Live, now: datetime) -> str | None:
        """Say that a batch is too old; None where it is not."""
        if self.max_age_days is None or live.held is None:
            return None
        age = live.age(now).total_seconds() / 86_400
        if age <= self.max_age_days:
            return None
        return f"the features are {age:.1f} days old, and {self.max_age_days:g} are allowed; run the batch"


def chosen_of(
    snapshot: Snapshot,
    models: Sequence[str] | None,
    *,
    explain: int = 0,
    may: Callable[[str], bool] = anyone,
) -> list[Live]:
    """Look models up by name; all that may be asked if none are named.

    Raises `UnknownModel`, `NotAllowed` (also for a name that nobody knows) and `NotExplaining`.
    """
    if models is None:
        chosen = [live for name, live in snapshot.models.items() if may(name)]
        if snapshot.models and not chosen:
            raise NotAllowed("the key may ask none of the models that are served; ask for another key")
        return chosen
    barred = [name for name in models if not may(name)]
    if barred:
        raise NotAllowed(f"the key may not ask {barred[0]!r}; ask for another key, or name others")
    unknown = [name for name in models if name not in snapshot.models]
    if unknown:
        raise UnknownModel(did_you_mean("model", unknown[0], [name for name in snapshot.models if may(name)]))
    chosen = [snapshot.models[name] for name in dict.fromkeys(models)]
    silent = [each.name for each in chosen if each.why is None]
    if explain and silent:
        raise NotExplaining(f"{', '.join(silent)} gives no reasons: its score is no sum over features")
    return chosen


async def barred(snapshot: Snapshot, customer_ids: Sequence[str]) -> dict[str, Results]:
    """Give refusals of those who must not be scored: they opted out, or were erased. Raises `StoreAway`."""
    if snapshot.suppressed is None:
        return {}
    found = await snapshot.suppressed.get(customer_ids)
    told: dict[str, Results] = {}
    for customer_id, why in zip(customer_ids, found, strict=True):
        if why is not None:
            code = why.decode()
            told[customer_id] = [Refusal(customer_id, code, BARRED[code])]  # type: ignore[arg-type]  # as was written
    return told


async def _missing(
    snapshot: Snapshot,
    chosen: Sequence[Live],
    without: Sequence[tuple[str, Live]],
    *,
    may: Callable[[str], bool] | None,
) -> dict[str, Results]:
    """Refuse those whom models do not hold.

    Of named models each refuses, and `may` tells which others may be asked whether they know the customer; where none
    was named (None) a customer is refused whom no model holds.
    """
    lacking: dict[str, list[Live]] = {}
    for customer_id, live in without:
        lacking.setdefault(customer_id, []).append(live)
    nobody = [each for each, models in lacking.items() if len(models) == len(chosen)]
    others = [each for name, each in snapshot.models.items() if may and each not in chosen and may(name)]
    known = await _known(others, nobody) if nobody else set()
    missing: dict[str, Results] = {
        each: [Refusal(each, "unknown", f"not in the latest batch of {_names(chosen)}; {MEND}")]
        for each in nobody
        if each not in known
    }
    if may:
        for customer_id in lacking.keys() - missing.keys():
            missing[customer_id] = [_outside(live, customer_id) for live in lacking[customer_id]]
    return missing


async def _known(models: Sequence[Live], customer_ids: Sequence[str]) -> set[str]:
    """Tell whom some models' batches hold."""
    known: set[str] = set()
    for live in models:
        found = await live.rows(customer_ids)
        known |= {each for each, row in zip(customer_ids, found, strict=True) if row is not None}
    return known


def _names(chosen: Sequence[Live]) -> str:
    return ", ".join(each.name for each in chosen)


def _outside(live: Live, customer_id: str) -> Refusal:
    population = live.registered.artifact.population
    if live.held is None:
        reason = f"no batch of {live.name} was written yet; run `augury score {live.name}`"
        return refused(live, customer_id, "unknown", reason)
    reason = f"not in its latest batch: not of the population {population!r} then; {MEND}"
    return refused(live, customer_id, "not_in_population", reason)


def _answered(live: Live, who: list[str], rows: list[bytes], explain: int) -> Mapping[str, Results]:
    """Say what a model makes of customers by their rows; of pairs there may be none that are asked about."""
    answers, why = live.explained(who, rows, top=explain) if explain else (live.answers(who, rows), None)
    told = dict(scores_of(live, answers, why, cutoff=live.cutoff))
    return {each: told.get(each) or [_no_pairs(live, each)] for each in who}


def _no_pairs(live: Live, customer_id: str) -> Refusal:
    reason = "none of the customer's pairs is asked about at the cutoff: what could be offered was bought lately"
    return refused(live, customer_id, "nothing_to_offer", reason)


def _of_history(live: Live, seen: pd.DataFrame | Lacks, customer_id: str, cutoff: datetime, explain: int) -> Results:
    """Say what a model makes of an observed history."""
    at = live.local(cutoff).isoformat()
    if isinstance(seen, Lacks):
        return [refused(live, customer_id, "lacks_data", str(seen), at)]
    population = live.registered.artifact.population
    if not seen["known"].any():
        reason = "no purchase that came along lies before the cutoff"
        return [refused(live, customer_id, "not_enough_history", reason, at)]
    if not seen["held"].any():
        reason = f"not of the population {population!r} at the cutoff, by the history that came along"
        return [refused(live, customer_id, "not_in_population", reason, at)]
    frame = seen.drop(columns=["known", "held"])
    why = live.why.of_frame(frame, top=explain) if explain and live.why else None
    return [result for _, mine in scores_of(live, live.of_frame(frame), why, cutoff=at) for result in mine]
