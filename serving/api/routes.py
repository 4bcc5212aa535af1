"""The routes: what each takes, who may ask it, and what answers."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from serving.api.bulk import ARROW, bulk
from serving.api.call import Call, Told
from serving.api.models import models
from serving.api.offers import offers
from serving.api.score import score, score_payload
from serving.scorer import Scorer

Action = Literal["score", "bulk", "offers", "models"]
JSON: Final = "application/json"


@dataclass(frozen=True)
class Route:
    """A path with its one method. `limit` is the most bytes of a body, `kinds` the content types it takes."""

    path: str
    method: Literal["GET", "POST"]
    action: Action
    answer: Callable[[Scorer, Call], Awaitable[Told]]
    kinds: tuple[str, ...] = (JSON,)
    limit: int = 2**20


ROUTES: Final[Mapping[str, Route]] = {
    each.path: each
    for each in (
        Route("/v1/score", "POST", "score", score),
        Route("/v1/score/payload", "POST", "score", score_payload, limit=8 * 2**20),
        Route("/v1/bulk", "POST", "bulk", bulk, kinds=(JSON, ARROW), limit=32 * 2**20),
        Route("/v1/offers", "POST", "offers", offers),
        Route("/v1/models", "GET", "models", models),
    )
}
