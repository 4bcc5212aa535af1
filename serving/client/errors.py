"""What goes wrong, as exceptions: one for each thing that a program would do about it."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec

from serving.messages import Problem


class ServiceError(Exception):
    """There is no answer. `code` is for programs, `message` for people, and the service's log has the `request_id`.

    `status` is that of HTTP, None where no answer came. `retry_after`: seconds after which to ask again, where the
    service said so. Of a question in parts `answered` is the answer to those before, as the method gives it, None where
    there is none, and `done` how many rows or customers, the first ones, those were.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str,
        status: int | None = None,
        request_id: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(f"{message} ({code}, request {request_id or 'without an id'})")
        self.message, self.code, self.status = message, code, status
        self.request_id, self.retry_after = request_id, retry_after
        self.answered: Any = None
        self.done = 0

    def keep(self, answered: object, done: int, of: int) -> None:
        """Keep what was answered before."""
        self.answered, self.done = answered, done
        self.add_note(f"the first {done} of {of} were answered: `answered` of this error has what came")


class BadRequest(ServiceError):
    """The service does not take such a request."""


class Unauthorized(ServiceError):
    """There is no API key, or none that is valid."""


class Forbidden(ServiceError):
    """The key may not ask this."""


class UnknownModel(ServiceError):
    """The service has no such model."""


class NotScorable(ServiceError):
    """Understood, but these models cannot score this."""


class RateLimited(ServiceError):
    """Over the key's rate; `retry_after` says for how many seconds."""


class StoreAway(ServiceError):
    """The service cannot reach its features now."""


class NotReady(ServiceError):
    """The service has no models yet."""


class Busy(ServiceError):
    """Too much is being sent to the service at once."""


class TookTooLong(ServiceError):
    """No answer came in time."""


class Unreachable(ServiceError):
    """Nobody answers at the URL, or the connection broke."""


class Failed(ServiceError):
    """The service, or a proxy before it, failed."""


ERRORS: Final[Mapping[str, type[ServiceError]]] = {
    **dict.fromkeys(
        ("bad_request", "unknown_route", "method_not_allowed", "too_large", "unsupported_media_type"), BadRequest
    ),
    **dict.fromkeys(("invalid_history", "invalid_features", "not_explaining", "not_of_pairs"), NotScorable),
    "unauthorized": Unauthorized,
    "forbidden": Forbidden,
    "unknown_model": UnknownModel,
    "timeout": TookTooLong,
    "rate_limited": RateLimited,
    "store_away": StoreAway,
    "not_ready": NotReady,
    "busy": Busy,
    "internal": Failed,
}
_PROBLEM: Final = msgspec.json.Decoder(Problem)


def error_of(status: int, headers: Mapping[str, str], body: bytes) -> ServiceError:
    """Read an answer that is none; what is no `Problem` comes from a proxy."""
    request_id, told = headers.get("x-request-id", ""), headers.get("retry-after", "")
    retry_after = float(told) if told.isdigit() else None
    try:
        problem = _PROBLEM.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        code, message = f"http_{status}", f"{status} {_phrase(status)}, and not by the service itself"
        return Failed(message, code=code, status=status, request_id=request_id, retry_after=retry_after)
    kind = ERRORS.get(problem.error, ServiceError)
    return kind(
        problem.message, code=problem.error, status=status, request_id=problem.request_id, retry_after=retry_after
    )


def unreadable() -> Failed:
    """Make the error for an answer that says it is one, and is none of the service."""
    return Failed("the answer cannot be read; a proxy or another program may have given it", code="unreadable")


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "of no known meaning"
