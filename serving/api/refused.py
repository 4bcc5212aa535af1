"""A request that gets no answer but a `Problem`: its status, a code for programs, and words for people."""

from http import HTTPStatus


class Refused(Exception):
    """Raised anywhere under a route; `headers` go out with the answer."""

    def __init__(self, status: HTTPStatus, code: str, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.headers = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]


def bad(message: str) -> Refused:
    """Refuse a body that is not what the route takes."""
    return Refused(HTTPStatus.BAD_REQUEST, "bad_request", message)
