"""HTTP: a question goes out, and again where that helps; an answer or an error comes back."""

import re
import time
from typing import Final

import httpx

from serving.client.errors import Failed, ServiceError, TookTooLong, Unreachable, error_of, unreadable
from serving.client.retries import Patience, Retries

_IDLE: Final = 4.0
"""Seconds that a connection is kept idle: the service closes it after 5."""


class Transport:
    """Connections to one service, for use by any threads."""

    def __init__(self, url: str, *, key: str | None, timeout: float, retries: Retries) -> None:
        self.retries, self._timeout = retries, timeout
        self._http = httpx.Client(
            base_url=_url(url), headers=_headers(key), timeout=timeout, limits=httpx.Limits(keepalive_expiry=_IDLE)
        )
        self._name = f"{self._http.base_url.scheme}://{self._http.base_url.netloc.decode()}"

    def ask(
        self,
        path: str,
        body: bytes = b"",
        *,
        kind: str = "application/json",
        also: int | None = None,
        patience: Patience | None = None,
    ) -> bytes:
        """Give the body of the answer: by POST with a body, by GET without. `also` is a further status of answers.

        Over a rate it waits as long as there is `patience`. Raises `ServiceError`.
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
                if pause is None and patience is not None:
                    pause = patience.pause(error, self.retries)
                if pause is None:
                    raise
                self.retries.sleep(pause)

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def _once(self, request: httpx.Request, also: int | None) -> bytes:
        try:
            answer, body = self._read(request)
        except httpx.TimeoutException as error:
            message = f"{self._name} gave no answer in time: {type(error).__name__}"
            raise TookTooLong(message, code="timeout") from error
        except httpx.DecodingError as error:
            raise unreadable() from error
        except (httpx.UnsupportedProtocol, httpx.LocalProtocolError):  # which quote headers, the key among them
            raise Failed(f"the request cannot be sent to {self._name}", code="not_sent") from None
        except httpx.RequestError as error:
            message = f"{self._name} cannot be reached: {error or type(error).__name__}"
            raise Unreachable(message, code="unreachable") from error
        if answer.is_success or answer.status_code == also:
            return body
        raise error_of(answer.status_code, answer.headers, body)

    def _read(self, request: httpx.Request) -> tuple[httpx.Response, bytes]:
        """Read the whole answer, or give it up at the deadline: httpx times each read alone."""
        deadline, body = time.monotonic() + self._timeout, bytearray()
        answer = self._http.send(request, stream=True)
        try:
            for chunk in answer.iter_bytes():
                body += chunk
                if time.monotonic() > deadline:
                    raise httpx.ReadTimeout("the answer goes on and on", request=request)
        finally:
            answer.close()
        return answer, bytes(body)


def _url(url: str) -> httpx.URL:
    """Check the URL. Raises `ValueError`, which does not show it: there may be a password in it."""
    try:
        read = httpx.URL(url)
    except httpx.InvalidURL:
        read = httpx.URL()
    if read.scheme not in ("http", "https") or not read.host:
        raise ValueError("the service's url is none of http; give one such as http://127.0.0.1:3000")
    return read


def _headers(key: str | None) -> dict[str, str]:
    """Check the key. Raises `ValueError`, which does not show it."""
    if key and not re.fullmatch(r"[!-~]+", key):
        raise ValueError("the key has a blank, a line end or a letter beyond ASCII in it; give it as it was shown")
    return {"authorization": f"Bearer {key}"} if key else {}
