"""A server on a socket that answers, question by question, what a test says: bytes, or a broken connection."""

import re
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

BROKEN = b""


def response(status: int, body: bytes = b"{}", **headers: str) -> bytes:
    """Write an answer."""
    told = {"content-length": str(len(body)), "connection": "close"}
    told |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"HTTP/1.1 {status} Said", *(f"{name}: {value}" for name, value in told.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


@contextmanager
def scripted(answers: Sequence[bytes]) -> Iterator[tuple[str, list[bytes]]]:
    """Listen until the block ends; gives the URL, and what was asked so far."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(5)
        asked: list[bytes] = []
        thread = threading.Thread(target=_answer, args=(listening, answers, asked), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", asked
        listening.close()
        thread.join(10)


def _answer(listening: socket.socket, answers: Sequence[bytes], asked: list[bytes]) -> None:
    for answer in answers:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        with connection:
            asked.append(_whole(connection))
            connection.sendall(answer)


def _whole(connection: socket.socket) -> bytes:
    """Read one question, its body too; or what there is of it, where the client breaks off."""
    read = b""
    while more := connection.recv(65_536):
        read += more
        head, end, body = read.partition(b"\r\n\r\n")
        said = re.search(rb"content-length: (\d+)", head.lower())
        if end and len(body) >= (int(said[1]) if said else 0):
            break
    return read
