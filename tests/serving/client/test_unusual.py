"""What is no answer of the service: each is a typed error, none shows the key, none holds the client for ever."""

import socket
import threading
import time
import traceback
from collections.abc import Callable

import pytest

from serving.client import Client, Failed, Retries, ServiceError, TookTooLong
from tests.serving.client.scripted import BROKEN, response, scripted

KEY = "aug_0123456789"
PAGE = b"<html>Sign in</html>"
ASKS: dict[str, Callable[[Client], object]] = {
    "score": lambda client: client.score(["a"]),
    "history": lambda client: client.score_history("a", "2025-01-01", []),
    "features": lambda client: client.score_features("a", {"spend": 1.0}),
    "bulk": lambda client: client.bulk([{"customer_id": "a"}]),
    "offers": lambda client: client.offers(["a"]),
    "models": lambda client: client.models(),
    "ready": lambda client: client.ready(),
}
ANSWERS = {
    "a page": response(200, PAGE),
    "nothing": b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n",
    "other JSON": response(200, b'{"fine": true}'),
    "no text": response(200, b'{"error": "\xff"}'),
    "broken gzip": response(200, PAGE, content_encoding="gzip"),
}


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("ask", ASKS)
def test_an_answer_that_is_none_of_the_service_is_a_failure(ask: str, answer: str) -> None:
    with scripted([ANSWERS[answer]]) as (url, seen), Client(url) as client, pytest.raises(ServiceError) as raised:
        ASKS[ask](client)
    assert (type(raised.value), raised.value.code, len(seen)) == (Failed, "unreadable", 1)


def test_a_readiness_by_a_proxy_is_a_failure() -> None:
    with scripted([response(503, PAGE)]) as (url, _), Client(url) as client, pytest.raises(Failed):
        client.ready()


@pytest.mark.parametrize(
    "key", [f"{KEY}\n", f"{KEY}\r\n", f" {KEY}", f"{KEY} x", f"{KEY}\x00", f"{KEY}é", f"{KEY}\x7f"]
)
def test_a_key_that_none_can_be_is_refused_and_not_shown(key: str) -> None:
    with pytest.raises(ValueError, match="give it as it was shown") as raised:
        Client("http://127.0.0.1:1", key)
    assert KEY not in "".join(traceback.format_exception(raised.value))


@pytest.mark.parametrize(
    "url", ["127.0.0.1:3000", "ftp://host", "", "http://", "//host", "http://a:b", "user:secret@host"]
)
def test_a_url_of_no_http_is_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError, match="is none of http") as raised:
        Client(url)
    assert "secret" not in str(raised.value)


def test_what_cannot_be_sent_is_not_tried_again_nor_quoted() -> None:
    """No way of ours leads there: a header with a line end, set behind the client's back."""
    waits: list[float] = []
    with scripted([BROKEN]) as (url, _), Client(url, retries=Retries(sleep=waits.append)) as client:
        client._transport._http.headers["authorization"] = f"Bearer {KEY}\n"
        with pytest.raises(Failed) as raised:
            client.models()
    assert (raised.value.code, waits) == ("not_sent", [])
    assert KEY not in "".join(traceback.format_exception(raised.value))


def test_a_password_in_the_url_is_not_in_errors() -> None:
    with Client("http://user:secret@127.0.0.1:1", retries=0) as client, pytest.raises(ServiceError) as raised:
        client.models()
    assert "secret" not in str(raised.value)
    assert "http://127.0.0.1:1" in str(raised.value)


def test_an_answer_that_drips_is_given_up() -> None:
    """A byte every 50 ms keeps each read short; the whole would take 20 s."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=_drip, args=(listening,), daemon=True)
        thread.start()
        started = time.monotonic()
        with (
            Client(f"http://127.0.0.1:{listening.getsockname()[1]}", timeout=0.4) as client,
            pytest.raises(TookTooLong) as raised,
        ):
            client.models()
        assert time.monotonic() - started < 3
        assert raised.value.code == "timeout"
        thread.join(10)
    assert not thread.is_alive()


def _drip(listening: socket.socket) -> None:
    connection, _ = listening.accept()
    with connection:
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 400\r\n\r\n")
        for _ in range(400):
            try:
                connection.sendall(b" ")
            except OSError:
                return
            time.sleep(0.05)
