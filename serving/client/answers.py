"""What the client gives back: the service's own types, put together where a question was asked in parts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from msgspec import Struct

from serving.messages import Answer, CustomerOffers, OffersAnswer, Refusal, Score

A = TypeVar("A", Answer, OffersAnswer)


@dataclass(frozen=True)
class _Parts(Generic[A]):
    """The answers to one question: one, or, over 1,000 customers, several; each is of one moment of the service."""

    answers: Sequence[A]

    @property
    def refusals(self) -> list[Refusal]:
        """Why others have none."""
        return [result for each in self.answers for result in each.results if isinstance(result, Refusal)]

    @property
    def request_ids(self) -> list[str]:
        """By which the service's log knows the question."""
        return [each.request_id for each in self.answers]

    @property
    def scored_at(self) -> list[str]:
        """When, in ISO's words, UTC; part by part."""
        return [each.scored_at for each in self.answers]


class Scores(_Parts[Answer]):
    """The answers to a question about scores."""

    @property
    def results(self) -> list[Score | Refusal]:
        """Scores and refusals, customers in the order asked."""
        return [result for each in self.answers for result in each.results]

    @property
    def scores(self) -> list[Score]:
        """The scores alone."""
        return [each for each in self.results if isinstance(each, Score)]


class Offers(_Parts[OffersAnswer]):
    """The answers to a question about offers."""

    @property
    def results(self) -> list[CustomerOffers | Refusal]:
        """Offers and refusals, customers in the order asked."""
        return [result for each in self.answers for result in each.results]

    @property
    def offers(self) -> list[CustomerOffers]:
        """Each customer's offers."""
        return [each for each in self.results if isinstance(each, CustomerOffers)]


class LiveModel(Struct, frozen=True):
    """A model's version, and the batch that it answers from, None where there is none yet."""

    version: str
    generation: str | None = None
    cutoff: str | None = None


class Readiness(Struct, frozen=True):
    """Whether the worker that was asked gives scores, and what is not as it should be.

    `waiting` says of models why they are not what the registry says; `registry` and `store` are "ok", or why not. A
    service that wants API keys tells no more than how many models wait, and "away" where registry or store are.
    """

    ready: bool
    waiting: dict[str, str] | int
    registry: str
    store: str
    models: dict[str, LiveModel] = {}
    challengers: dict[str, str] = {}
