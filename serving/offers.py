"""What to offer a customer next: the categories that a model of pairs would see taken up first."""

from collections.abc import Callable
from datetime import datetime

from serving.live.live import Live
from serving.live.snapshot import Snapshot
from serving.messages import CustomerOffers, Offer, OffersAsked, Refusal, Score
from serving.scorer import Scorer, UnknownModel, chosen_of


class NotOfPairs(ValueError):
    """The model that was named tells of no categories, or which one to ask is not said."""


async def offers_of(
    scorer: Scorer, asked: OffersAsked, *, now: datetime, may: Callable[[str], bool]
) -> list[CustomerOffers | Refusal]:
    """Answer for each customer, in the order asked, each once: the best `top` categories, or a refusal.

    Only what the model is asked about is offered: what was bought lately is not. Without a named model the only one of
    pairs answers. Raises `UnknownModel`, `NotAllowed`, `NotOfPairs`, `NotExplaining` and `StoreAway`.
    """
    snapshot = scorer.snapshot
    live = _model(snapshot, asked.model, may)
    results = await scorer.by_id(
        asked.customer_ids, [live.name], now=now, explain=asked.explain, may=may, snapshot=snapshot
    )
    told: dict[str, list[Score | Refusal]] = {}
    for each in results:
        told.setdefault(each.customer_id, []).append(each)
    return [_offers(live, customer_id, mine, asked) for customer_id, mine in told.items()]


def _model(snapshot: Snapshot, name: str | None, may: Callable[[str], bool]) -> Live:
    """Find the model to ask."""
    pairs = [each.name for each in snapshot.models.values() if each.registered.artifact.categories and may(each.name)]
    if name is not None:
        (live,) = chosen_of(snapshot, [name], may=may)
        if name not in pairs:
            raise NotOfPairs(f"{name} tells of no categories; ask {', '.join(pairs) or 'for scores'}")
        return live
    if not pairs:
        raise UnknownModel("no model of categories is served; train one with `categories` in its study")
    if len(pairs) > 1:
        raise NotOfPairs(f"several models tell of categories; name one of {', '.join(pairs)}")
    return snapshot.models[pairs[0]]


def _offers(
    live: Live, customer_id: str, results: list[Score | Refusal], asked: OffersAsked
) -> CustomerOffers | Refusal:
    scores = [each for each in results if isinstance(each, Score) and _passes(each, asked)]
    refusals = [each for each in results if isinstance(each, Refusal)]
    if refusals and refusals[0].refusal != "nothing_to_offer":
        return refusals[0]
    artifact = live.registered.artifact
    return CustomerOffers(
        customer_id,
        live.name,
        live.registered.version,
        artifact.target,
        artifact.horizon_days,
        results[0].cutoff or "",
        [
            Offer(rank, each.category or "", each.score, each.reasons)
            for rank, each in enumerate(scores[: asked.top], 1)
        ],
    )


def _passes(score: Score, asked: OffersAsked) -> bool:
    if score.score < asked.at_least or score.category in asked.exclude:
        return False
    return asked.only is None or score.category in asked.only
