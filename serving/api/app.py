"""The ASGI application: who asks, how much, for what; then the route; then what is written of it."""

import itertools
import logging
import secrets
from asyncio import to_thread
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from time import perf_counter
from typing import Final

import msgspec

from configs.registry import did_you_mean
from serving.api.asgi import Budget, Gone, Head, Message, Receive, Send, body_of
from serving.api.call import Call, Told
from serving.api.errors import refusal_of
from serving.api.guard import Guard
from serving.api.openapi import openapi
from serving.api.page import page
from serving.api.refused import Refused
from serving.api.routes import ROUTES, Route
from serving.api.timed import timed
from serving.messages import LONGEST, Problem
from serving.metrics import Metrics
from serving.safety.audit import Line
from serving.safety.keys import Caller
from serving.scorer import Scorer

UNDER: Final = "/v1/"
"""What begins so is answered here, whatever it is."""
_READING: Final = ("GET", "HEAD")
_HERE: Final = ("127.0.0.1", 0)
logger = logging.getLogger(__name__)


@dataclass
class _Asked:
    """What is known of a request by the time that it is answered."""

    request_id: str
    route: str = "other"
    action: str = "-"
    caller: Caller | None = None


class Api:
    """Answers `/v1/…`, `/livez`, `/readyz`, `/metrics` and `/openapi.json`; `answers` tells which paths are its own.

    A request is whole and answered within `seconds`, or refused.
    """

    def __init__(
        self,
        scorer: Scorer,
        guard: Guard,
        metrics: Metrics,
        *,
        ready: Callable[[], tuple[bool, bytes]],
        seconds: float = 10.0,
    ) -> None:
        self.scorer, self.guard, self.metrics, self.ready, self.seconds = scorer, guard, metrics, ready, seconds
        self._prefix, self._count = secrets.token_hex(4), itertools.count(1)
        self._budget = Budget()
        self._own = {"/livez": self._live, "/readyz": self._ready, "/metrics": self._metrics, "/": self._page}
        self._own |= dict.fromkeys(("/openapi.json", "/docs.json"), self._openapi)

    def answers(self, path: str) -> bool:
        """Tell whether a path is answered here."""
        return path in ROUTES or path in self._own or path.startswith(UNDER)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        own = self._own.get(scope["path"])
        if own is not None and scope["method"] in _READING:
            told_here = await to_thread(own) if own == self._metrics else own()  # files of all workers are read
            await _send(send, *told_here, [])
            return
        started, asked = perf_counter(), _Asked("")
        try:
            told = await self._told(scope, receive, asked)
            status, body, kind, headers = HTTPStatus.OK, told.body, told.kind, []
        except Gone:
            return
        except Exception as error:
            told, refused = Told(b""), refusal_of(error) or _failed(asked)
            status, headers, kind = refused.status, refused.headers, b"application/json"
            body = msgspec.json.encode(Problem(refused.code, refused.message, asked.request_id))
        headers.append((b"x-request-id", asked.request_id.encode()))
        await _send(send, status, body, kind, headers)
        self._written(asked, told, status, perf_counter() - started)

    async def _told(self, scope: Message, receive: Receive, asked: _Asked) -> Told:
        """Do all that a request needs, in the order in which it may be refused."""
        asked.request_id = f"{self._prefix}-{next(self._count):x}"
        head = Head.of(scope)
        asked.request_id = head.request_id or asked.request_id
        now = datetime.now(UTC)
        asked.caller = caller = self.guard.caller(head.key, now, at=(scope.get("server") or _HERE)[0])
        route = self._route(scope["path"], scope["method"])
        asked.route, asked.action = route.path, route.action
        _check_asked(route, scope["method"], head)
        self.guard.check_action(caller, route.action)
        if not self.scorer.snapshot.models and not self.ready()[0]:
            message = "there are no models yet: the registry does not answer; ask again in a few seconds"
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, "not_ready", message, retry_after="5")

        async def answered() -> Told:
            body = await body_of(head, receive, limit=route.limit, budget=self._budget)
            call = Call(asked.request_id, caller, now, head, body, self.guard.charge_for)
            return await route.answer(self.scorer, call)

        try:
            return await timed(answered(), seconds=self.seconds)
        except TimeoutError:
            message = f"the request was not whole and answered within {self.seconds:g} seconds"
            raise Refused(HTTPStatus.REQUEST_TIMEOUT, "timeout", message, connection="close") from None

    def _written(self, asked: _Asked, told: Told, status: HTTPStatus, seconds: float) -> None:
        """Count an answer, and put it into the audit log."""
        key = asked.caller.id if asked.caller else "-"
        self.metrics.answered(asked.route, int(status), key, seconds)
        for (model, version), count in told.scores.items():
            self.metrics.scored(model, version, count)
        for (model, code), count in told.refusals.items():
            self.metrics.refused(model, code, count)
        self.guard.write(
            Line(
                datetime.now(UTC),
                asked.request_id,
                key,
                asked.action,
                told.models,
                told.customers,
                sum(told.refusals.values()),
                int(status),
                round(seconds * 1e3, 3),
            )
        )

    def _route(self, path: str, method: str) -> Route:
        """Find the route. Raises `Refused`."""
        route = ROUTES.get(path)
        if route is not None:
            return route
        if path in self._own:
            raise _other_method(path, method, "GET")
        raise Refused(HTTPStatus.NOT_FOUND, "unknown_route", did_you_mean("route", path[:LONGEST], ROUTES))

    def _live(self) -> tuple[HTTPStatus, bytes, bytes]:
        return HTTPStatus.OK, b'{"live":true}', b"application/json"

    def _ready(self) -> tuple[HTTPStatus, bytes, bytes]:
        ready, body = self.ready()
        return (HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE), body, b"application/json"

    def _metrics(self) -> tuple[HTTPStatus, bytes, bytes]:
        return HTTPStatus.OK, self.metrics.text(), b"text/plain; version=0.0.4; charset=utf-8"

    def _page(self) -> tuple[HTTPStatus, bytes, bytes]:
        return HTTPStatus.OK, page(), b"text/html; charset=utf-8"

    def _openapi(self) -> tuple[HTTPStatus, bytes, bytes]:
        return HTTPStatus.OK, openapi(), b"application/json"


def _check_asked(route: Route, method: str, head: Head) -> None:
    """Raise `Refused` where a route has another method, or takes another kind of body."""
    if method != route.method and not (method == "HEAD" and route.method == "GET"):
        raise _other_method(route.path, method, route.method)
    if method in _READING:
        return
    if head.kind not in route.kinds:
        message = f"content type {head.kind!r} is not understood; send {' or '.join(route.kinds)}"
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", message)
    if head.encoding not in ("", "identity"):
        message = f"content encoding {head.encoding!r} is not understood; send the body as it is"
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", message)


def _other_method(path: str, method: str, right: str) -> Refused:
    message = f"{path} does not answer {method}; use {right}"
    allow = "GET, HEAD" if right == "GET" else right
    return Refused(HTTPStatus.METHOD_NOT_ALLOWED, "method_not_allowed", message, allow=allow)


def _failed(asked: _Asked) -> Refused:
    """Answer for an error that nobody foresaw; what it was stands in the log, with the request's id."""
    told = {"request_id": asked.request_id}
    logger.exception("request %s of %s failed", asked.request_id, asked.route, extra=told)
    message = "the service failed; the log has this request's id"
    return Refused(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", message)


async def _send(send: Send, status: HTTPStatus, body: bytes, kind: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    head = [(b"content-type", kind), (b"content-length", b"%d" % len(body)), *headers]
    await send({"type": "http.response.start", "status": status.value, "headers": head})
    await send({"type": "http.response.body", "body": body})
