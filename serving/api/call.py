"""One request on its way to an answer, and the answer on its way out."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Any, TypeVar

import msgspec

from serving.api.asgi import Head
from serving.api.refused import Refused, bad
from serving.messages import Refusal
from serving.safety.keys import Caller

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call:
    """Who asks what, and when."""

    request_id: str
    caller: Caller
    now: datetime
    head: Head
    body: bytes
    charge: Callable[[Caller, int], None]

    @property
    def scored_at(self) -> str:
        """When, in ISO's words, UTC."""
        return f"{self.now.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"

    def check_explain(self, explain: int) -> None:
        """Raise `Refused` where reasons are asked and the key may not ask for them."""
        if explain and not self.caller.may_do("explain"):
            raise Refused(HTTPStatus.FORBIDDEN, "forbidden", "the key may not ask for reasons; leave explain out")

    def paid(self, customers: int) -> None:
        """Take what so many customers cost. Raises `Refused` over the key's rate."""
        self.charge(self.caller, customers)

    def read(self, decoder: "msgspec.json.Decoder[T]") -> T:
        """Read the body as what the route takes. Raises `Refused` that says where it is wrong."""
        try:
            return decoder.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise bad(f"the body is not what this route takes: {error}; see /openapi.json") from None


@dataclass(frozen=True, slots=True)
class Told:
    """An answer: what goes out, and what the metrics and the audit count."""

    body: bytes
    kind: bytes = b"application/json"
    customers: int = 0
    models: Sequence[str] = ()
    scores: "Counter[tuple[str, str]]" = field(default_factory=Counter)
    refusals: "Counter[tuple[str, str]]" = field(default_factory=Counter)


def counted(results: Iterable[Any]) -> tuple["Counter[tuple[str, str]]", "Counter[tuple[str, str]]"]:
    """Count scores by model and version, and refusals by model and code."""
    scores: Counter[tuple[str, str]] = Counter()
    refusals: Counter[tuple[str, str]] = Counter()
    for each in results:
        if isinstance(each, Refusal):
            refusals[each.model or "", each.refusal] += 1
        else:
            scores[each.model, each.version] += 1
    return scores, refusals
