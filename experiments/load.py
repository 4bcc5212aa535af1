"""A load test of a service on this machine: so many connections, each asks again as soon as it is answered.

`python -m experiments.load /v1/score --body '{"customer_ids": ["C0000001"]}' --connections 16 --seconds 5`
"""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Annotated, Final, cast

import httptools
import numpy as np
import typer
import uvloop

LOOPBACK: Final = "127.0.0.1"
MOST_CONNECTIONS: Final = 1_024
MOST_SECONDS: Final = 600.0
_PAUSE: Final = 0.01
"""Seconds until a connection is tried again where none could be made."""


@dataclass
class Load:
    """What a load test saw: seconds that it took, each answer's latency in seconds, and how often each status came.

    `lost` counts requests without an answer: the connection ended before, or none could be made.
    """

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    lost: int = 0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds

    def plain(self) -> dict[str, object]:
        """Give it as plain data: rate, latency in milliseconds, what was lost, statuses."""
        cuts = np.quantile(self.latencies, (0.5, 0.99)) * 1e3 if self.latencies else (float("nan"),) * 2
        told = {"requests": len(self.latencies), "lost": self.lost, "per_second": round(self.rate, 1)}
        told |= {"p50_ms": round(float(cuts[0]), 3), "p99_ms": round(float(cuts[1]), 3)}
        return {**told, "statuses": {str(status): count for status, count in sorted(self.statuses.items())}}


class _Connection(asyncio.Protocol):
    """Sends a request, waits for the answer, sends the next; ends when `over`, or when the server ends it."""

    def __init__(
        self, load: Load, requests: Callable[[], bytes], over: asyncio.Event, *, ended: asyncio.Future[None]
    ) -> None:
        self.load, self.requests, self.over, self.ended = load, requests, over, ended
        self.waiting = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._ask()

    def data_received(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            self.transport.abort()

    def on_message_complete(self) -> None:
        self.load.latencies.append(time.perf_counter() - self.asked)
        self.load.statuses[self.parser.get_status_code()] += 1
        self.waiting = False
        if self.over.is_set() or not self.parser.should_keep_alive():
            self.transport.close()
        else:
            self._ask()

    def connection_lost(self, error: Exception | None) -> None:
        self.load.lost += self.waiting
        if not self.ended.done():
            self.ended.set_result(None)

    def _ask(self) -> None:
        self.parser = httptools.HttpResponseParser(self)
        self.asked, self.waiting = time.perf_counter(), True
        self.transport.write(self.requests())


def request(
    path: str, body: bytes = b"", *, kind: str = "application/json", headers: Sequence[tuple[str, str]] = ()
) -> bytes:
    """Write a request: POST with a body, GET without."""
    lines = [f"{'POST' if body else 'GET'} {path} HTTP/1.1", f"host: {LOOPBACK}"]
    lines += [f"content-type: {kind}", f"content-length: {len(body)}"] * bool(body)
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def load(requests: Sequence[bytes], *, port: int, connections: int, seconds: float) -> Load:
    """Send the requests in turn over so many connections to a port of the loopback address, for so many seconds.

    Raises `ValueError` for more connections or seconds than a test of one machine needs, `OSError` where nobody
    listens.
    """
    if not (1 <= connections <= MOST_CONNECTIONS and 0 < seconds <= MOST_SECONDS):
        raise ValueError(
            f"{connections} connections for {seconds:g} s; at most {MOST_CONNECTIONS} for {MOST_SECONDS:g} s"
        )
    return uvloop.run(_load(requests, port, connections, seconds))


async def _load(requests: Sequence[bytes], port: int, connections: int, seconds: float) -> Load:
    made, over = Load(), asyncio.Event()
    await _check(port)
    begun = time.perf_counter()
    connection = partial(_Connection, made, partial(next, cycle(requests)), over)
    asking = [asyncio.ensure_future(_keep_asking(connection, port)) for _ in range(connections)]
    await asyncio.sleep(seconds)
    made.seconds = time.perf_counter() - begun
    over.set()
    _, waiting = await asyncio.wait(asking, timeout=10)
    made.lost += len(waiting)
    return made


async def _check(port: int) -> None:
    """Raise `OSError` where nobody listens."""
    try:
        tried, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, LOOPBACK, port)
    except OSError as error:
        told = f"nobody listens at {LOOPBACK}:{port} (the connection was refused); start the service, or say its --port"
        raise ConnectionRefusedError(told) from error
    tried.close()


async def _keep_asking(connection: "partial[_Connection]", port: int) -> None:
    """Ask over a connection, and over a new one where it was ended, until it is over."""
    loop, (made, _, over) = asyncio.get_running_loop(), connection.args
    while not over.is_set():
        ended = loop.create_future()
        try:
            await loop.create_connection(partial(connection, ended=ended), LOOPBACK, port)
        except OSError:
            made.lost += 1
            await asyncio.sleep(_PAUSE)
        else:
            await ended


def main(
    path: Annotated[str, typer.Argument(help="the route, such as /v1/score")],
    body: Annotated[str, typer.Option(help="the body, or @FILE; one request a line")] = "",
    port: Annotated[int, typer.Option(help="the service's port on this machine")] = 3000,
    connections: Annotated[int, typer.Option(help="how many ask at a time")] = 16,
    seconds: Annotated[float, typer.Option(help="how long")] = 5.0,
    key: Annotated[str, typer.Option(help="the API key", envvar="AUGURY_KEY")] = "",
) -> None:
    """Ask a service on this machine as fast as it answers, and print what came as JSON."""
    try:
        text = _bodies(body)
        headers = [("authorization", f"Bearer {key}")] if key else []
        requests = [request(path, line.encode(), headers=headers) for line in text.splitlines() or [""]]
        print(json.dumps(load(requests, port=port, connections=connections, seconds=seconds).plain(), indent=1))
    except (ValueError, OSError) as error:
        print(f"load: {error}", file=sys.stderr)
        raise typer.Exit(1) from error


def _bodies(said: str) -> str:
    if not said.startswith("@"):
        return said
    try:
        return Path(said[1:]).read_text(encoding="utf-8")
    except (ValueError, OSError) as error:
        raise ValueError(f"--body {said} cannot be read: {error}; name a file of text, one request a line") from error


if __name__ == "__main__":
    typer.run(main)
