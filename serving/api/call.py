"""One request on its way to an answer, and the answer on its way out."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from serving.api.asgi import Head
from serving.api.refused import Refused, bad
from serving.messages import Refusal
from serving.safety.keys import Caller

T = TypeVar("T")
Counts = Mapping[tuple[str, str], int]


class Call(Struct, frozen=True):
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
        return f"{self.now.isoformat(timespec='milliseconds').removesuffix('+00:00')}Z"

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


class Told(Struct, frozen=True):
    """An answer: what goes out, and what the metrics and the audit count."""

    body: bytes
    kind: bytes = b"application/json"
    customers: int = 0
    models: Sequence[str] = ()
    scores: Counts = {}
    refusals: Counts = {}


def counted(results: Iterable[Any]) -> tuple[Counts, Counts]:
    """Count scores by model and version, and refusals by model and code."""
    scores: dict[tuple[str, str], int] = {}
    refusals: dict[tuple[str, str], int] = {}
    for each in results:
        if isinstance(each, Refusal):
            counts, key = refusals, (each.model or "", str(each.refusal))
        else:
            counts, key = scores, (each.model, each.version)
        counts[key] = counts.get(key, 0) + 1
    return scores, refusals
