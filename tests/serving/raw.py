"""HTTP by hand, for what no client sends."""

import json
import select
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

import httpx

JSON = "application/json"


@dataclass(frozen=True)
class Answer:
    """What came back: one answer, and whether the connection was closed after it."""

    status: int
    headers: dict[str, str]
    body: bytes
    closed: bool

    def json(self) -> Any:
        """Read the body."""
        return json.loads(self.body)


def request(
    path: str,
    body: bytes,
    headers: str = "",
    *,
    method: str = "POST",
    kind: str = JSON,
    length: int | None = None,
    version: str = "HTTP/1.1",
) -> bytes:
    """Write a request; `length` is what it says of its body, by default what is so."""
    said = len(body) if length is None else length
    head = f"{method} {path} {version}\r\nHost: here\r\nContent-Type: {kind}\r\nContent-Length: {said}\r\n{headers}\r\n"
    return head.encode("latin-1") + body


class Raw:
    """A connection to a service."""

    def __init__(self, url: httpx.URL, *, patience: float = 15.0) -> None:
        self.socket = socket.create_connection((url.host, url.port or 80), timeout=patience)
        self._read = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, content: bytes) -> None:
        """Send bytes; where the service has closed already, what could not be sent is left."""
        with suppress(OSError):
            self.socket.sendall(content)

    def drip(self, content: bytes, stop: threading.Event) -> None:
        """Send a little, again and again, until it is told to stop."""
        while not stop.wait(0.1):
            self.send(content)

    def end(self) -> None:
        """Say that nothing more will be sent."""
        self.socket.shutdown(socket.SHUT_WR)

    def answer(self) -> Answer:
        """Read one answer."""
        while b"\r\n\r\n" not in self._read and self._more():
            pass
        head, _, self._read = self._read.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        length = int(headers.get("content-length", 0))
        while len(self._read) < length and self._more():
            pass
        body, self._read = self._read[:length], self._read[length:]
        return Answer(int(first.split(" ")[1]), headers, body, self._closed())

    def nothing(self) -> bool:
        """Tell whether the service closed without an answer."""
        return not self._more() and not self._read

    def close(self) -> None:
        """Close the connection."""
        self.socket.close()

    def _more(self) -> bool:
        try:
            got = self.socket.recv(2**16)
        except ConnectionError:
            return False
        self._read += got
        return bool(got)

    def _closed(self) -> bool:
        """Tell whether the service closes within a moment."""
        if self._read:
            return False
        ready, _, _ = select.select([self.socket], [], [], 0.3)
        return bool(ready) and not self._more()
