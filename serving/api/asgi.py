"""ASGI's types, and a request's head and body as plain values."""

import re
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, Self

from serving.api.refused import Refused, bad

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")
UNDER_WAY: Final = 256 * 2**20
"""So many bytes of bodies that come in parts a worker reads at once."""
_WANTED: Final = {
    b"content-type",
    b"content-length",
    b"content-encoding",
    b"authorization",
    b"x-api-key",
    b"x-request-id",
}


class Gone(Exception):
    """The client left before its request was whole."""


@dataclass(frozen=True)
class Head:
    """What the head of a request says."""

    found: dict[bytes, bytes]

    @classmethod
    def of(cls, scope: Message) -> Self:
        """Read the headers that matter. Raises `Refused` where one comes twice with different values."""
        found: dict[bytes, bytes] = {}
        for name, value in scope["headers"]:
            if name in _WANTED and found.setdefault(name, value) != value:
                raise bad(f"the header {name.decode()} comes twice; send it once")
        return cls(found)

    @property
    def kind(self) -> str:
        """The content type without parameters, in small letters; JSON if none is said."""
        said = self.found.get(b"content-type", b"application/json")
        return said.split(b";", 1)[0].strip().lower().decode("latin-1")

    @property
    def encoding(self) -> str:
        """How the body is packed; nothing if that is not said."""
        return self.found.get(b"content-encoding", b"").strip().lower().decode("latin-1")

    @property
    def key(self) -> bytes | None:
        """The API key: `Authorization: Bearer KEY`, or `X-API-Key: KEY`."""
        said = self.found.get(b"authorization")
        if said is None:
            return self.found.get(b"x-api-key")
        return said[7:].strip() if said[:7].lower() == b"bearer " else b""

    @property
    def request_id(self) -> str | None:
        """The client's own id of the request, where it is one."""
        said = self.found.get(b"x-request-id", b"")
        return said.decode() if _ID.fullmatch(said) else None


class Budget:
    """Bytes of bodies that are being read, all together: each is small enough, and many would fill the memory."""

    def __init__(self, size: int = UNDER_WAY) -> None:
        self.size, self.taken = size, 0

    def take(self, size: int) -> None:
        """Take room. Raises `Refused` where there is none now."""
        if self.taken + size > self.size:
            message = "too much is being sent to the service now; ask again in a second"
            headers = {"retry_after": "1", "connection": "close"}
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, "busy", message, **headers)
        self.taken += size


async def body_of(head: Head, receive: Receive, *, limit: int, budget: Budget) -> bytes:
    """Read a body.

    Raises `Refused` for one over `limit` bytes, without reading it to its end, and where too many are being read, and
    `Gone`.
    """
    said = head.found.get(b"content-length", b"0")
    if said.isdigit() and int(said) > limit:
        raise _too_large(limit)
    message = await receive()
    if message["type"] == "http.disconnect":
        raise Gone
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False):
        return _within(body, limit)
    return await _parts(body, receive, limit, budget)


async def _parts(first: bytes, receive: Receive, limit: int, budget: Budget) -> bytes:
    """Read the parts after the first; what they take of the budget is given back."""
    parts, size, more = [first], 0, True
    try:
        while True:
            budget.take(len(parts[-1]))
            size += len(parts[-1])
            if size > limit:
                raise _too_large(limit)
            if not more:
                return b"".join(parts)
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Gone
            parts.append(message.get("body", b""))
            more = message.get("more_body", False)
    finally:
        budget.taken -= size


def _within(body: bytes, limit: int) -> bytes:
    if len(body) > limit:
        raise _too_large(limit)
    return body


def _too_large(limit: int) -> Refused:
    message = f"the body is over {limit} bytes; send less at a time"
    return Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", message, connection="close")
