"""The client: a method for each route."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

import msgspec

from serving.client.answers import Offers, Readiness, Scores
from serving.client.errors import ServiceError, unreadable
from serving.client.retries import Patience, Retries
from serving.messages import (
    MAX_IDS,
    Answer,
    ById,
    ModelInfo,
    Models,
    OffersAnswer,
    OffersAsked,
    Transaction,
)

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

A = TypeVar("A")
Q = TypeVar("Q")
T = TypeVar("T")
_RETRIES: Final = Retries()
_ANSWER: Final = msgspec.json.Decoder(Answer)
_OFFERS: Final = msgspec.json.Decoder(OffersAnswer)
_MODELS: Final = msgspec.json.Decoder(Models)
_READY: Final = msgspec.json.Decoder(Readiness)


class Client:
    """Asks the service at a URL, with an API key where it wants one.

    `with Client(url, key=…) as client:` lets go of its connections at the end. May be used by any threads. Every method
    raises `ServiceError` where it gets no answer: `errors` names its kinds, and `Retries` says what is asked again
    before. Nothing is waited for longer than `timeout` seconds (a connection, the answer's beginning, more of it), and
    what of an answer comes later than that after the question is not read on.

    A question that goes out in parts waits as long as the service says where it comes over the key's rate, up to
    `patience` seconds in all beyond the waits of `Retries`; what came before an error is `answered` of the error.
    Raises `ValueError` for a URL that is not one of HTTP, a key that none can be, and a patience below 0.
    """

    def __init__(
        self,
        url: str,
        key: str | None = None,
        *,
        timeout: float = 10.0,
        retries: int | Retries = _RETRIES,
        patience: float = 600.0,
    ) -> None:
        from serving.client.transport import Transport  # httpx takes a third of a second

        if not patience >= 0:
            raise ValueError(f"patience is {patience}; give seconds from 0 on")
        told = Retries(retries) if isinstance(retries, int) else retries
        self._patience = patience
        self._transport = Transport(url, key=key, timeout=timeout, retries=told)

    def score(self, customer_ids: Iterable[str], models: Sequence[str] | None = None, *, explain: int = 0) -> Scores:
        """Score customers by what the latest batch knows of them, each once, in the order asked.

        Over 1,000 are asked in parts. Without named models all answer that the key may ask. `explain` is how many
        reasons each score comes with.
        """
        asked = [ById(part, _list(models), explain) for part in parts(customer_ids)]
        sizes = [len(each.customer_ids) for each in asked]
        return self._all(asked, sizes, lambda each, wait: self._ask("/v1/score", each, _ANSWER, wait), Scores)

    def score_history(
        self,
        customer_id: str,
        cutoff: datetime | str,
        transactions: "Iterable[Transaction | Mapping[str, Any]] | pd.DataFrame",
        models: Sequence[str] | None = None,
        *,
        explain: int = 0,
    ) -> Scores:
        """Score a customer from all of their transactions before the cutoff.

        They are `Transaction`s, dictionaries with such keys, or a data frame with such columns.
        """
        sent = transactions.to_dict("records") if hasattr(transactions, "to_dict") else list(transactions)
        asked = {"customer_id": customer_id, "models": _list(models), "explain": explain}
        return Scores([self._ask("/v1/score/payload", {**asked, "cutoff": cutoff, "transactions": sent}, _ANSWER)])

    def score_features(
        self,
        customer_id: str,
        features: Mapping[str, float | str | None],
        models: Sequence[str] | None = None,
        *,
        explain: int = 0,
    ) -> Scores:
        """Score a customer from features that are ready made."""
        asked = {"customer_id": customer_id, "models": _list(models), "explain": explain}
        return Scores([self._ask("/v1/score/payload", {**asked, "features": dict(features)}, _ANSWER)])

    def bulk(self, rows: Any, models: Sequence[str] | None = None) -> "pa.Table":
        """Score feature rows: an Arrow table, a data frame, or dictionaries, with customer_id and a column a feature.

        Gives a row a customer (or pair) and model, model by model; more rows than the service takes at once are asked
        in parts. Of customers without a score `refusal` and `reason` say why. Metadata of the table are `request_id`
        and `scored_at`, those of parts with commas between.
        """
        from serving.client import arrow  # pyarrow takes its time

        def ask(part: "pa.Table", patience: Patience | None) -> "pa.Table":
            body = arrow.written(part, models)
            return arrow.read(self._transport.ask("/v1/bulk", body, kind=arrow.KIND, patience=patience))

        asked = list(arrow.parts(arrow.table_of(rows)))
        return self._all(asked, [part.num_rows for part in asked], ask, arrow.together)

    def offers(
        self,
        customer_ids: Iterable[str],
        *,
        model: str | None = None,
        top: int = 3,
        at_least: float = 0.0,
        only: Sequence[str] | None = None,
        exclude: Sequence[str] = (),
        explain: int = 0,
    ) -> Offers:
        """Ask what to offer customers next: the `top` categories from a probability of `at_least`.

        `only` and `exclude` name categories. The model need not be named where there is one of categories.
        """
        asked = [
            OffersAsked(part, model, top, at_least, _list(only), list(exclude), explain) for part in parts(customer_ids)
        ]
        sizes = [len(each.customer_ids) for each in asked]
        return self._all(asked, sizes, lambda each, wait: self._ask("/v1/offers", each, _OFFERS, wait), Offers)

    def models(self) -> list[ModelInfo]:
        """Ask what the service answers for, as far as the key may ask."""
        return _decoded(self._transport.ask("/v1/models"), _MODELS).models

    def ready(self) -> Readiness:
        """Ask whether the service gives scores, which needs no key."""
        return _decoded(self._transport.ask("/readyz", also=HTTPStatus.SERVICE_UNAVAILABLE), _READY)

    def close(self) -> None:
        """Let go of the connections."""
        self._transport.close()

    def __enter__(self) -> Self:
        """Give it."""
        return self

    def __exit__(self, *raised: object) -> None:
        """Let go of the connections."""
        self.close()

    def _ask(self, path: str, asked: object, answer: "msgspec.json.Decoder[T]", patience: Patience | None = None) -> T:
        return _decoded(self._transport.ask(path, _ENCODER.encode(asked), patience=patience), answer)

    def _all(
        self,
        asked: Sequence[Q],
        sizes: Sequence[int],
        ask: Callable[[Q, Patience | None], A],
        together: Callable[[Sequence[A]], T],
    ) -> T:
        """Ask part by part, and put the answers together; an error keeps those that came."""
        came: list[A] = []
        patience = Patience(self._patience) if len(asked) > 1 else None
        for each in asked:
            try:
                came.append(ask(each, patience))
            except ServiceError as error:
                if came:
                    error.keep(together(came), sum(sizes[: len(came)]), sum(sizes))
                raise
        return together(came)


def parts(customer_ids: Iterable[str]) -> list[list[str]]:
    """Give customers, each once, in parts that the service takes; one part at least.

    Raises `TypeError` for a text, which would be asked letter by letter.
    """
    if isinstance(customer_ids, str):
        raise TypeError(f"customer_ids is a text; give a list, such as [{customer_ids!r}]")
    ids = list(dict.fromkeys(customer_ids))
    return [ids[start : start + MAX_IDS] for start in range(0, max(1, len(ids)), MAX_IDS)]


def _decoded(body: bytes, answer: "msgspec.json.Decoder[T]") -> T:
    try:
        return answer.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise unreadable() from error


def _list(names: Sequence[str] | None) -> list[str] | None:
    return None if names is None else list(names)


def _plain(value: Any) -> Any:
    """Give what msgspec does not know as what it does: numbers of NumPy, times and nulls of pandas."""
    if type(value).__name__ in ("NaTType", "NAType"):
        return None
    return value.isoformat() if isinstance(value, datetime) else value.item()


_ENCODER: Final = msgspec.json.Encoder(enc_hook=_plain, decimal_format="number")
