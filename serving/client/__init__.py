"""A client of the service: typed questions, typed answers, typed errors. Nothing of the service is imported."""

from serving.client.answers import Offers, Readiness, Scores
from serving.client.client import Client
from serving.client.errors import (
    BadRequest,
    Busy,
    Failed,
    Forbidden,
    NotReady,
    NotScorable,
    RateLimited,
    ServiceError,
    StoreAway,
    TookTooLong,
    Unauthorized,
    UnknownModel,
    Unreachable,
)
from serving.client.retries import Retries
from serving.messages import Refusal, Score, Transaction

__all__ = [
    "BadRequest",
    "Busy",
    "Client",
    "Failed",
    "Forbidden",
    "NotReady",
    "NotScorable",
    "Offers",
    "RateLimited",
    "Readiness",
    "Refusal",
    "Retries",
    "Score",
    "Scores",
    "ServiceError",
    "StoreAway",
    "TookTooLong",
    "Transaction",
    "Unauthorized",
    "UnknownModel",
    "Unreachable",
]
