"""The first check of a request: a body that the route understands, or a JSON error that says what is wrong.

BentoML refuses too, but answers broken JSON with 500 and unknown routes in plain text, and writes what a bad request
says (personal data) to its log.
"""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from http import HTTPStatus
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from configs.registry import did_you_mean
from serving.messages import Problem

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

ROUTES: Final = "/v1/"
MAX_BYTES: Final = 8 * 2**20
MAX_TOLD: Final = 5
"""So many mistakes of a body are told; there may be one in each of its rows."""


class JsonDoor:
    """ASGI middleware for what lies under `/v1/`: `shapes` gives the shape of the body by path."""

    def __init__(self, app: App, *, shapes: Mapping[str, type[BaseModel]]) -> None:
        self.app, self.shapes = app, shapes

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 400, 404, 405, 413 or 415."""
        if scope["type"] != "http" or not scope["path"].startswith(ROUTES) or scope["method"] == "OPTIONS":
            await self.app(scope, receive, send)
            return
        try:
            body = await self._checked(scope, receive)
        except _Refused as refused:
            await _answer(send, refused)
            return
        await self.app(scope, _replay(body, receive), send)

    async def _checked(self, scope: Message, receive: Receive) -> bytes:
        path, body = scope["path"], await _body(receive)
        if path not in self.shapes:
            raise _Refused(HTTPStatus.NOT_FOUND, did_you_mean("route", path, self.shapes))
        if scope["method"] != "POST":
            raise _Refused(HTTPStatus.METHOD_NOT_ALLOWED, f"{path} does not answer {scope['method']}; use POST")
        kinds = [_kind(value) for name, value in scope["headers"] if name == b"content-type"]
        if any(kind != "application/json" for kind in kinds):
            raise _Refused(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"content type {kinds[0]!r} is not understood; send application/json"
            )
        if body is None:
            error = f"the body is over {MAX_BYTES} bytes; send less at a time"
            raise _Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, error)
        try:
            self.shapes[path].model_validate_json(body or b"{}")
        except ValidationError as error:
            raise _Refused(HTTPStatus.BAD_REQUEST, _told(error)) from None
        return body


class _Refused(Exception):
    def __init__(self, status: HTTPStatus, error: str) -> None:
        self.status, self.error = status, error


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


def _kind(content_type: bytes) -> str:
    return content_type.split(b";")[0].strip().lower().decode("latin-1")


def _told(error: ValidationError) -> str:
    """Say where the body is wrong, without its values."""
    mistakes = error.errors(include_url=False, include_context=False, include_input=False)
    told = [
        f"{'.'.join(map(str, each['loc'])) or 'the body'}: {each['msg'].removeprefix('Value error, ')}"
        for each in mistakes[:MAX_TOLD]
    ]
    more = len(mistakes) - len(told)
    return "; ".join(told) + (f"; and {more} more" if more else "")


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


async def _answer(send: Send, refused: _Refused) -> None:
    headers = [(b"content-type", b"application/json")]
    if refused.status is HTTPStatus.METHOD_NOT_ALLOWED:
        headers.append((b"allow", b"POST"))
    await send({"type": "http.response.start", "status": refused.status.value, "headers": headers})
    await send({"type": "http.response.body", "body": Problem(error=refused.error).model_dump_json().encode()})
