"""The load test against a small raw server: what it counts is what the server did."""

import asyncio
import json
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import repeat

import pytest

from experiments.load import LOOPBACK, load, request
from experiments.server import ROOT, free_port

FINE = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"
LAST = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}"
BUSY = b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n"
HALF = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{"
OTHER = b"SSH-2.0-nothing\r\n\r\n"


@dataclass
class Said:
    """What the server did: connections that asked, questions, and those that it answered whole."""

    port: int = 0
    connections: int = 0
    asked: list[bytes] = field(default_factory=list)
    answered: int = 0


@contextmanager
def serving(*script: bytes) -> Iterator[Said]:
    """Answer each connection's questions by the script, then end it; without a script for ever `FINE`."""
    said, stop, loops = Said(), asyncio.Event(), queue.Queue[asyncio.AbstractEventLoop]()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, OSError):
            for turn, told in enumerate(script or repeat(FINE)):
                said.asked.append(await reader.readuntil(b"\r\n\r\n"))
                said.connections += turn == 0
                said.answered += told in (FINE, LAST, BUSY)
                writer.write(told)
                await writer.drain()
                await asyncio.sleep(0.002)
        writer.close()

    async def listen() -> None:
        async with await asyncio.start_server(answer, LOOPBACK, 0) as server:
            said.port = server.sockets[0].getsockname()[1]
            loops.put(asyncio.get_running_loop())
            await stop.wait()
            await asyncio.sleep(0.1)  # until all have seen that nobody asks on

    thread = threading.Thread(target=lambda: asyncio.run(listen()), daemon=True)
    thread.start()
    loop = loops.get(timeout=10)
    yield said
    loop.call_soon_threadsafe(stop.set)
    thread.join(10)


def test_every_answer_is_counted_and_requests_go_out_in_turn() -> None:
    with serving() as said:
        found = load([request("/a"), request("/b")], port=said.port, connections=3, seconds=0.3)
    assert (len(found.latencies), found.statuses, found.lost) == (said.answered, {200: said.answered}, 0)
    assert said.connections == 3
    paths = [each.split()[1] for each in said.asked]
    assert abs(paths.count(b"/a") - paths.count(b"/b")) <= 1
    assert found.rate == len(found.latencies) / found.seconds
    assert min(found.latencies) > 0


@pytest.mark.parametrize(
    ("script", "whole"),
    [((FINE, FINE, b""), 2), ((FINE, HALF), 1), ((BUSY, OTHER), 1)],
    ids=["closed", "closed within an answer", "no HTTP"],
)
def test_a_connection_that_is_ended_is_made_anew_and_what_was_lost_is_told(
    script: tuple[bytes, ...], whole: int
) -> None:
    """Each connection asks once more than it gets answers."""
    with serving(*script) as said:
        found = load([request("/a")], port=said.port, connections=2, seconds=0.3)
    assert said.connections > 10
    assert len(found.latencies) == found.statuses.total() == said.answered
    assert said.connections - 2 <= found.lost <= said.connections
    assert found.plain()["lost"] == found.lost
    assert abs(len(found.latencies) - whole * found.lost) <= 2 * whole


def test_a_server_that_ends_connections_as_it_says_loses_nothing() -> None:
    with serving(FINE, LAST) as said:
        found = load([request("/a")], port=said.port, connections=2, seconds=0.3)
    assert said.connections > 10
    assert (found.lost, len(found.latencies)) == (0, said.answered)


def test_nobody_listens() -> None:
    with pytest.raises(OSError, match="refused"):
        load([request("/a")], port=free_port(), connections=1, seconds=0.1)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (
            (),
            "load: nobody listens at 127.0.0.1:{port} (the connection was refused); start the service, or say its ",
        ),
        (("--body", "@nofile"), "load: --body @nofile cannot be read: [Errno 2] No such file or directory: 'nofile'"),
        (("--body", "@."), "load: --body @. cannot be read: [Errno 21] Is a directory: '.'"),
        (("--connections", "0"), "load: 0 connections for 5 s; at most 1024 for 600 s"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_line(more: tuple[str, ...], told: str) -> None:
    port = free_port()
    command = [sys.executable, "-m", "experiments.load", "/livez", "--port", str(port), *more]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(told.format(port=port))
    assert done.stderr.count("\n") == 1


def test_it_is_a_command() -> None:
    with serving() as said:
        command = [sys.executable, "-m", "experiments.load", "/v1/score", "--body", '{"a": 1}', "--seconds", "0.2"]
        done = subprocess.run(
            [*command, "--port", str(said.port), "--connections", "2", "--key", "aug_x"],
            cwd=ROOT, capture_output=True, text=True, check=True,
        )  # fmt: skip
    told = json.loads(done.stdout)
    assert (told["requests"], told["lost"], told["statuses"]) == (said.answered, 0, {"200": said.answered})
    assert said.asked[0].startswith(b"POST /v1/score HTTP/1.1\r\n")
    assert b"\r\nauthorization: Bearer aug_x\r\n" in said.asked[0]
