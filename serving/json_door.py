"""The first check of a request: JSON of a bounded size, or a typed error. BentoML answers broken JSON with a 500."""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any, Final

from serving.messages import Problem

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

MAX_BYTES: Final = 8 * 2**20


class JsonDoor:
    """ASGI middleware that lets only whole JSON bodies through to POST routes."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 400, 413 or 415."""
        if scope["type"] != "http" or scope["method"] != "POST":
            await self.app(scope, receive, send)
            return
        body = await _body(receive)
        refused = _refusal(dict(scope["headers"]), body)
        if refused is not None:
            await _answer(send, *refused)
            return
        await self.app(scope, _replay(body or b"", receive), send)


async def _body(receive: Receive) -> bytes | None:
    """Read the body; None for one that is too large."""
    parts, size = [], 0
    while True:
        message = await receive()
        part = message.get("body", b"")
        size += len(part)
        if size <= MAX_BYTES:
            parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts) if size <= MAX_BYTES else None


def _refusal(headers: dict[bytes, bytes], body: bytes | None) -> tuple[HTTPStatus, str] | None:
    if body is None:
        return (
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"the body is over {MAX_BYTES} bytes; send fewer customers at a time",
        )
    kind = headers.get(b"content-type", b"application/json").split(b";")[0].strip().decode("latin-1")
    if kind != "application/json":
        return HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"content type {kind!r} is not understood; send application/json"
    try:
        json.loads(body)
    except (ValueError, RecursionError) as error:
        return HTTPStatus.BAD_REQUEST, f"the body is not JSON: {error}"
    return None


def _replay(body: bytes, receive: Receive) -> Receive:
    """Give the body that was read once more, then whatever the client sends next (its leaving)."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


async def _answer(send: Send, status: HTTPStatus, error: str) -> None:
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": status.value, "headers": headers})
    await send({"type": "http.response.body", "body": Problem(error=error).model_dump_json().encode()})
