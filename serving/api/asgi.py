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


async def body_of(head: Head, receive: Receive, *, limit: int) -> bytes:
    """Read a body. Raises `Refused` for one over `limit` bytes, without reading it to its end, and `Gone`."""
    said = head.found.get(b"content-length", b"0")
    if said.isdigit() and int(said) > limit:
        raise _too_large(limit)
    message = await receive()
    if message["type"] == "http.disconnect":
        raise Gone
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False):
        return _within(body, limit)
    parts, size = [body], len(body)
    while message.get("more_body", False):
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limit:
            raise _too_large(limit)
    return b"".join(parts)


def _within(body: bytes, limit: int) -> bytes:
    if len(body) > limit:
        raise _too_large(limit)
    return body


def _too_large(limit: int) -> Refused:
    message = f"the body is over {limit} bytes; send less at a time"
    return Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", message, connection="close")
