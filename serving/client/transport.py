"""HTTP: a question goes out, and again where that helps; an answer or an error comes back."""

from typing import Final

import httpx

from serving.client.errors import ServiceError, TookTooLong, Unreachable, error_of
from serving.client.retries import Retries

_IDLE: Final = 4.0
"""Seconds that a connection is kept idle: the service closes it after 5."""


class Transport:
    """Connections to one service, for use by any threads."""

    def __init__(self, url: str, *, key: str | None, timeout: float, retries: Retries) -> None:
        self.retries = retries
        headers = {"authorization": f"Bearer {key}"} if key else {}
        self._http = httpx.Client(
            base_url=url, headers=headers, timeout=timeout, limits=httpx.Limits(keepalive_expiry=_IDLE)
        )

    def ask(self, path: str, body: bytes = b"", *, kind: str = "application/json", also: int | None = None) -> bytes:
        """Give the body of the answer: by POST with a body, by GET without. `also` is a further status of answers.

        Raises `ServiceError`.
        """
        method, headers = ("POST", {"content-type": kind}) if body else ("GET", {})
        request = self._http.build_request(method, path, content=body or None, headers=headers)
        tried = 0
        while True:
            try:
                return self._once(request, also)
            except ServiceError as error:
                tried += 1
                pause = self.retries.pause(error, tried)
                if pause is None:
                    raise
                self.retries.sleep(pause)

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def _once(self, request: httpx.Request, also: int | None) -> bytes:
        try:
            answer = self._http.send(request)
        except httpx.TimeoutException as error:
            message = f"{self._http.base_url} gave no answer in time: {type(error).__name__}"
            raise TookTooLong(message, code="timeout") from error
        except httpx.TransportError as error:
            message = f"{self._http.base_url} cannot be reached: {error or type(error).__name__}"
            raise Unreachable(message, code="unreachable") from error
        if answer.is_success or answer.status_code == also:
            return answer.content
        raise error_of(answer.status_code, answer.headers, answer.content)
