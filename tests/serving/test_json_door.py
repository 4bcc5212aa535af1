"""The door before the service, with hand-written receive and send."""

import asyncio
import json
import tracemalloc
from collections.abc import Iterable
from itertools import chain
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from serving.json_door import MAX_BYTES, JsonDoor, Message, Receive, Send


class Wish(BaseModel):
    model_config = ConfigDict(extra="forbid")
    wish: str


class Nothing(BaseModel):
    pass


GOOD = b'{"wish": "a score"}'
SHAPES: dict[str, type[BaseModel]] = {"/v1/wish": Wish, "/v1/nothing": Nothing}


class Inside:
    """The application behind the door: notes what it was handed, and answers 200."""

    def __init__(self) -> None:
        self.scopes: list[Message] = []
        self.received: list[Message] = []

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        self.scopes.append(scope)
        if scope["type"] == "http":
            self.received = [await receive(), await receive()]
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"inside"})


def _part(body: bytes, *, more: bool = False) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


LEFT: Message = {"type": "http.disconnect"}


def _through(
    messages: Iterable[Message], *, path: str = "/v1/wish", method: str = "POST", kind: str | None = "application/json"
) -> tuple[Inside, int, bytes]:
    """Send a request through the door; gives the application behind it, the status and the body of the answer."""
    headers = [] if kind is None else [(b"content-type", kind.encode())]
    scope = {"type": "http", "method": method, "path": path, "headers": headers}
    inside, sent, waiting = Inside(), list[Message](), chain(messages, [LEFT, LEFT])

    async def receive() -> Message:
        return next(waiting)

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(JsonDoor(inside, shapes=SHAPES)(scope, receive, send))
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    return inside, sent[0]["status"], sent[1]["body"]


def _error(body: bytes) -> str:
    plain: dict[str, str] = json.loads(body)
    assert set(plain) == {"error"}
    return plain["error"]


@pytest.mark.parametrize("size", [1, 2, 7, 100])
def test_a_body_in_parts_comes_through_whole_and_once(size: int) -> None:
    cut = [GOOD[start : start + size] for start in range(0, len(GOOD), size)]
    inside, status, body = _through([*(_part(each, more=True) for each in cut), _part(b"")])
    assert (status, body) == (200, b"inside")
    assert inside.received == [_part(GOOD), LEFT]


def test_an_empty_body_is_an_empty_request() -> None:
    inside, status, _ = _through([_part(b"")], path="/v1/nothing")
    assert (status, inside.received) == (200, [_part(b""), LEFT])
    _, status, body = _through([_part(b"")])
    assert (status, _error(body)) == (400, "wish: Field required")


@pytest.mark.parametrize("kind", [None, "application/json", "Application/Json ; charset=utf-8"])
def test_json_may_be_called_so_or_not_at_all(kind: str | None) -> None:
    assert _through([_part(GOOD)], kind=kind)[1] == 200


@pytest.mark.parametrize("kind", ["", "text/plain", "application/jsonp", "application/json, text/plain"])
def test_another_content_type_is_refused(kind: str) -> None:
    inside, status, body = _through([_part(GOOD)], kind=kind)
    assert (status, inside.scopes) == (415, [])
    assert _error(body).endswith("is not understood; send application/json")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"{", "the body: Invalid JSON: EOF while parsing an object at line 1 column 1"),
        (b"\xff", "the body: Invalid JSON: expected value at line 1 column 1"),
        (b"[" * 9999, "the body: Invalid JSON: recursion limit exceeded"),
        (b"[]", "the body: Input should be an object"),
        (b'{"wish": 1}', "wish: Input should be a valid string"),
        (b'{"wish": "a", "more": "b"}', "more: Extra inputs are not permitted"),
        (b"{}", "wish: Field required"),
    ],
)
def test_what_the_route_does_not_understand_is_refused(content: bytes, told: str) -> None:
    inside, status, body = _through([_part(content)])
    assert (status, inside.scopes) == (400, [])
    assert _error(body).startswith(told)


def test_a_client_that_leaves_early_is_not_served() -> None:
    inside, status, _ = _through([_part(GOOD[:9], more=True), LEFT])
    assert (status, inside.scopes) == (400, [])


def test_the_largest_body_is_let_in_and_one_byte_more_is_not() -> None:
    whole = b'{"wish": "' + b"a" * (MAX_BYTES - 12) + b'"}'
    assert len(whole) == MAX_BYTES
    halves = [_part(whole[: MAX_BYTES // 2], more=True), _part(whole[MAX_BYTES // 2 :])]
    assert _through(halves)[1] == 200
    inside, status, body = _through([*halves[:1], _part(whole[MAX_BYTES // 2 :] + b" ")])
    assert (status, inside.scopes) == (413, [])
    assert _error(body) == f"the body is over {MAX_BYTES} bytes; send less at a time"


def test_a_body_without_end_is_not_kept() -> None:
    tracemalloc.start()
    try:
        assert _through(_part(bytes(2**20), more=number < 64) for number in range(65))[1] == 413
        assert tracemalloc.get_traced_memory()[1] < 2 * MAX_BYTES
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("path", "near"), [("/v1/wishes", "'/v1/wish'"), ("/v1/wish/", "'/v1/wish'"), ("/v1/", "")])
def test_an_unknown_route_is_answered_with_the_near_ones(path: str, near: str) -> None:
    inside, status, body = _through([_part(GOOD)], path=path)
    assert (status, inside.scopes) == (404, [])
    assert _error(body).startswith(f"unknown route {path!r}")
    assert near in _error(body)
    assert _error(body).endswith("Known: /v1/nothing, /v1/wish")


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_another_method_is_refused(method: str) -> None:
    inside, status, body = _through([_part(b"")], method=method)
    assert (status, inside.scopes) == (405, [])
    assert _error(body) == f"/v1/wish does not answer {method}; use POST"


@pytest.mark.parametrize(("path", "method"), [("/livez", "GET"), ("/metrics", "POST"), ("/v1/wish", "OPTIONS")])
def test_what_is_not_asked_of_a_route_passes_untouched(path: str, method: str) -> None:
    parts = [_part(b"\xff", more=True), _part(b"\xfe")]
    inside, status, _ = _through(parts, path=path, method=method, kind="image/png")
    assert (status, inside.received) == (200, parts)


@pytest.mark.parametrize("kind", ["lifespan", "websocket"])
def test_what_is_no_request_passes_untouched(kind: str) -> None:
    inside = Inside()

    async def receive() -> Message:
        raise AssertionError("nobody asks")

    async def send(message: Any) -> None:
        assert message["type"].startswith("http.response")

    scope: Message = {"type": kind}
    asyncio.run(JsonDoor(inside, shapes=SHAPES)(scope, receive, send))
    assert inside.scopes == [scope]
