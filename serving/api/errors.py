"""What goes wrong under a route, as the answer that a client gets."""

from http import HTTPStatus
from typing import Final

from serving.api.refused import Refused
from serving.feature_rows import NotFeatures
from serving.history import NotHistory
from serving.offers import NotOfPairs
from serving.scorer import NotAllowed, NotExplaining, UnknownModel
from serving.store.store import StoreAway

ANSWERS: Final[dict[type[Exception], tuple[HTTPStatus, str]]] = {
    UnknownModel: (HTTPStatus.NOT_FOUND, "unknown_model"),
    NotAllowed: (HTTPStatus.FORBIDDEN, "forbidden"),
    NotExplaining: (HTTPStatus.UNPROCESSABLE_ENTITY, "not_explaining"),
    NotFeatures: (HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_features"),
    NotHistory: (HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_history"),
    NotOfPairs: (HTTPStatus.UNPROCESSABLE_ENTITY, "not_of_pairs"),
}
AWAY: Final = "the feature store cannot be reached now; ask again in a second"


def refusal_of(error: Exception) -> Refused | None:
    """Give what a client is told of an error that a route foresees; None for any other."""
    if isinstance(error, Refused):
        return error
    if isinstance(error, StoreAway):
        return Refused(HTTPStatus.SERVICE_UNAVAILABLE, "store_away", AWAY, retry_after="1")
    for kind, (status, code) in ANSWERS.items():
        if isinstance(error, kind):
            return Refused(status, code, str(error))
    return None
