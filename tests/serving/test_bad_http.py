"""Requests that no client sends, or that the head alone makes wrong: the exact answer, and the service goes on."""

import gzip
import json
import re
import time
from pathlib import Path

import httpx
import pytest

from serving.api.routes import ROUTES
from tests.serving.conftest import TIMEOUT
from tests.serving.raw import JSON, Answer, Raw, request
from tests.serving.streams import ARROW
from tests.serving.test_bad_requests import refused

SCORE = "/v1/score"
ASKED = b'{"customer_ids": ["C0000001"], "models": ["shop_segments"]}'
KNOWN = ", ".join(sorted(ROUTES))
NO_HTTP = "Invalid HTTP request received."
OWN = ["/livez", "/readyz", "/metrics", "/openapi.json"]


def _answered(client: httpx.Client, *sent: bytes) -> Answer:
    with Raw(client.base_url) as raw:
        for content in sent:
            raw.send(content)
        return raw.answer()


def _good(answer: Answer) -> None:
    assert answer.status == 200, answer.body
    assert [each["customer_id"] for each in answer.json()["results"]] == ["C0000001"]


def _head(*lines: str, first: str = f"POST {SCORE} HTTP/1.1") -> bytes:
    return "\r\n".join([first, "Host: here", *lines, "", ""]).encode("latin-1")


def _chunks(*chunks: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in (*chunks, b""))


CHUNKED = "Transfer-Encoding: chunked"
NOT_HTTP: dict[str, bytes] = {
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100),
    "a word": b"hello\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/3": request(SCORE, ASKED, version="HTTP/3.0"),
    "an unknown method": request(SCORE, ASKED, method="FOO"),
    "CONNECT": _head(first="CONNECT here:1 HTTP/1.1"),
    "an unknown transfer encoding": _head("Transfer-Encoding: nonsense") + ASKED,
    "two lengths": _head("Content-Length: 2", "Content-Length: 3") + b"{}",
    "a length and chunks": _head(CHUNKED, "Content-Length: 5") + _chunks(b"hello"),
    "a negative length": _head("Content-Length: -1"),
    "a length in words": _head("Content-Length: two"),
    "a length of 31 digits": _head("Content-Length: " + "9" * 31),
    "a chunk of no size": _head(CHUNKED) + b"zz\r\nhello\r\n0\r\n\r\n",
    "a chunk of 2^76 bytes": _head(CHUNKED) + b"f" * 19 + b"\r\nhello",
    "a path of 100,000 letters": request("/v1/" + "a" * 100_000, b""),
    "NUL in a header": _head("X-Odd: a\x00b", "Content-Length: 0"),
    "a carriage return in a header": _head("X-Request-Id: abc\rSet-Cookie: evil=1", "Content-Length: 0"),
    "a header over two lines": _head("X-Request-Id: abc\r\n Set-Cookie: evil=1", "Content-Length: 0"),
    "a space before a colon": _head("X-Request-Id : abc", "Content-Length: 0"),
    "line feeds alone": request(SCORE, ASKED).replace(b"\r\n", b"\n"),
}


@pytest.mark.parametrize("sent", NOT_HTTP.values(), ids=NOT_HTTP)
def test_what_is_no_http(client: httpx.Client, sent: bytes) -> None:
    answer = _answered(client, sent)
    assert answer.status == 400
    assert answer.body == NO_HTTP.encode()
    assert answer.headers["connection"] == "close"
    assert "set-cookie" not in answer.headers
    assert answer.closed


@pytest.mark.parametrize("kind", ["text/plain", "text/json", "application/xml", "application/problem+json", ARROW, ""])
def test_a_content_type_that_is_not_understood(client: httpx.Client, kind: str) -> None:
    answer = client.post(SCORE, content=ASKED, headers={"content-type": kind})
    refused(answer, 415, "unsupported_media_type", f"content type '{kind}' is not understood; send application/json")


def test_bulk_takes_two_content_types(client: httpx.Client) -> None:
    answer = client.post("/v1/bulk", content=b"", headers={"content-type": "multipart/form-data; boundary=x"})
    told = f"content type 'multipart/form-data' is not understood; send {JSON} or {ARROW}"
    refused(answer, 415, "unsupported_media_type", told)


@pytest.mark.parametrize("kind", [JSON, "Application/JSON", f"{JSON}; charset=utf-8", f"{JSON};", f"  {JSON}  "])
def test_a_content_type_that_is_json(client: httpx.Client, kind: str) -> None:
    _good(_answered(client, request(SCORE, ASKED, kind=kind)))


def test_json_is_meant_where_no_content_type_is_said(client: httpx.Client) -> None:
    _good(_answered(client, _head(f"Content-Length: {len(ASKED)}") + ASKED))


@pytest.mark.parametrize(
    ("encoding", "body"), [("gzip", gzip.compress(ASKED)), ("br", ASKED), ("gzip, identity", ASKED)]
)
def test_a_body_that_is_packed(client: httpx.Client, encoding: str, body: bytes) -> None:
    answer = client.post(SCORE, content=body, headers={"content-type": JSON, "content-encoding": encoding})
    told = f"content encoding '{encoding}' is not understood; send the body as it is"
    refused(answer, 415, "unsupported_media_type", told)
    plain = {"content-type": JSON, "content-encoding": "Identity"}
    assert client.post(SCORE, content=ASKED, headers=plain).status_code == 200


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", [path for path, route in ROUTES.items() if route.method == "GET"])
def test_what_has_no_body_may_say_how_it_is_packed(client: httpx.Client, path: str, method: str) -> None:
    said = {"content-type": "text/plain", "content-encoding": "gzip"}
    assert client.request(method, path, headers=said).status_code == 200


@pytest.mark.parametrize("name", ["content-type", "authorization", "x-api-key", "x-request-id"])
def test_a_header_twice_with_two_values(client: httpx.Client, name: str) -> None:
    answer = client.post(SCORE, content=ASKED, headers=[(name, "one"), (name, "other")])
    refused(answer, 400, "bad_request", f"the header {name} comes twice; send it once")
    same = [(name, JSON), (name, JSON)]
    assert client.post(SCORE, content=ASKED, headers=same).status_code == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize("path", [path for path, route in ROUTES.items() if route.method == "POST"])
def test_a_method_that_is_not_post(client: httpx.Client, path: str, method: str) -> None:
    answer = client.request(method, path)
    assert answer.headers["allow"] == "POST"
    if method == "HEAD":
        assert (answer.status_code, answer.content) == (405, b"")
        return
    refused(answer, 405, "method_not_allowed", f"{path} does not answer {method}; use POST")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize("path", ["/v1/models", *OWN])
def test_a_method_that_is_not_get(client: httpx.Client, path: str, method: str) -> None:
    answer = client.request(method, path)
    assert answer.headers["allow"] == "GET, HEAD"
    refused(answer, 405, "method_not_allowed", f"{path} does not answer {method}; use GET")


@pytest.mark.parametrize("path", ["/v1/models", *OWN])
def test_a_head_without_its_body(client: httpx.Client, path: str) -> None:
    head, whole = client.head(path), client.get(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == whole.headers["content-type"]


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/v1/", "unknown route '/v1/' Known: {}"),
        ("/v1/score/", "unknown route '/v1/score/'; did you mean '/v1/score' or '/v1/models'? Known: {}"),
        (
            "/v1//score",
            "unknown route '/v1//score'; did you mean '/v1/score' or '/v1/offers' or '/v1/models'? Known: {}",
        ),
        ("/v1/%00", r"unknown route '/v1/\x00' Known: {}"),
        ("/v1/%FF", "unknown route '/v1/\ufffd' Known: {}"),
        ("/v1/客户", "unknown route '/v1/客户' Known: {}"),
        ("/v1/../readyz", "unknown route '/v1/../readyz' Known: {}"),
    ],
)
def test_a_route_that_is_none(client: httpx.Client, path: str, told: str) -> None:
    quoted = "".join(each if each.isascii() else "".join(f"%{byte:02X}" for byte in each.encode()) for each in path)
    answer = _answered(client, request(quoted, b"{}"))
    assert answer.status == 404
    assert answer.json()["error"] == "unknown_route"
    message = answer.json()["message"]
    assert re.sub(r"; did you mean .*\?", "", message) == re.sub(r"; did you mean .*\?", "", told.format(KNOWN))


def test_a_long_route_is_not_told_at_length(client: httpx.Client) -> None:
    answer = client.post("/v1/" + "a" * 20_000)
    refused(answer, 404, "unknown_route", f"unknown route '/v1/{'a' * 196}' Known: {KNOWN}")


def test_a_route_may_be_quoted(client: httpx.Client) -> None:
    _good(_answered(client, request("/v1/%73core", ASKED)))
    _good(_answered(client, request(f"{SCORE}?customer=x#here", ASKED)))


def test_a_body_over_its_limit_is_not_read(client: httpx.Client) -> None:
    """By what its length says: nothing of it needs to come."""
    answer = _answered(client, request(SCORE, b"", length=2**20 + 1))
    assert answer.status == 413
    assert answer.json()["message"] == "the body is over 1048576 bytes; send less at a time"
    assert answer.json()["error"] == "too_large"
    assert answer.headers["connection"] == "close"
    assert answer.closed
    assert _answered(client, request(SCORE, b"", length=2**40)).status == 413


def test_a_body_in_chunks_is_read_to_its_limit(client: httpx.Client) -> None:
    answer = _answered(client, _head(CHUNKED), *[b"%x\r\n%s\r\n" % (2**16, b" " * 2**16)] * 17)
    assert answer.status == 413
    assert answer.json()["message"] == "the body is over 1048576 bytes; send less at a time"
    assert answer.headers["connection"] == "close"
    assert answer.closed


@pytest.mark.parametrize(
    "route", [each for each in ROUTES.values() if each.method == "POST"], ids=lambda route: route.path
)
def test_each_route_has_its_limit(client: httpx.Client, route: object) -> None:
    path, limit = route.path, route.limit  # type: ignore[attr-defined]
    told = f"the body is over {limit} bytes; send less at a time"
    over = _answered(client, request(path, b"", length=limit + 1))
    assert (over.status, over.json()["message"]) == (413, told)
    at = client.post(path, content=b" " * limit, headers={"content-type": JSON})
    assert at.status_code == 400
    assert "truncated" in at.json()["message"]


def test_a_body_in_good_chunks_is_a_body(client: httpx.Client) -> None:
    _good(_answered(client, _head(CHUNKED), _chunks(ASKED[:7], ASKED[7:8], ASKED[8:])))


def test_a_body_that_is_longer_than_it_says(client: httpx.Client) -> None:
    answer = _answered(client, request(SCORE, ASKED + b"more", length=len(ASKED)))
    assert (answer.status, answer.body) == (400, NO_HTTP.encode())
    assert answer.closed


def test_a_client_that_leaves_gets_no_answer(client: httpx.Client) -> None:
    with Raw(client.base_url) as raw:
        raw.send(request(SCORE, ASKED[:10], length=len(ASKED)))
        raw.end()
        assert raw.nothing()


def test_a_body_that_does_not_come(client: httpx.Client) -> None:
    began = time.monotonic()
    answer = _answered(client, request(SCORE, ASKED, length=len(ASKED) + 1))
    assert answer.status == 408
    assert answer.json()["message"] == f"the request was not whole and answered within {TIMEOUT:g} seconds"
    assert TIMEOUT - 0.5 < time.monotonic() - began < TIMEOUT + 5
    assert answer.closed


def test_requests_one_after_the_other_without_waiting(client: httpx.Client) -> None:
    with Raw(client.base_url) as raw:
        raw.send(request(SCORE, ASKED) + request(SCORE, b"{") + request("/v1/nothing", b"") + request(SCORE, ASKED))
        answers = [raw.answer() for _ in range(4)]
    assert [each.status for each in answers] == [200, 400, 404, 200]
    _good(answers[0])
    _good(answers[3])


def test_a_request_after_one_that_was_refused_before_its_body_came(client: httpx.Client) -> None:
    with Raw(client.base_url) as raw:
        raw.send(request(SCORE, b"x" * 300_000, kind="text/plain"))
        assert raw.answer().status == 415
        raw.send(request(SCORE, ASKED))
        _good(raw.answer())


def test_http_1_0(client: httpx.Client) -> None:
    answer = _answered(client, request(SCORE, ASKED, version="HTTP/1.0"))
    _good(answer)
    assert answer.closed


def test_a_request_without_host_and_one_to_a_whole_url(client: httpx.Client) -> None:
    assert _answered(client, b"GET /v1/models HTTP/1.1\r\n\r\n").status == 200
    assert _answered(client, _head(first="GET http://elsewhere/v1/models HTTP/1.1")).status == 200


def test_many_and_long_headers(client: httpx.Client) -> None:
    """How long a head may be is the proxy's to say."""
    _good(_answered(client, request(SCORE, ASKED, f"X-Long: {'a' * 60_000}\r\n")))
    _good(_answered(client, request(SCORE, ASKED, "".join(f"X-{number}: a\r\n" for number in range(1_000)))))


def test_a_client_that_waits_to_be_told_to_go_on(client: httpx.Client) -> None:
    with Raw(client.base_url) as raw:
        raw.send(request(SCORE, b"", "Expect: 100-continue\r\n", length=len(ASKED)))
        assert raw.answer().status == 100
        raw.send(ASKED)
        _good(raw.answer())


def test_a_web_socket(client: httpx.Client) -> None:
    key = ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]
    answer = _answered(client, _head(*key, "Sec-WebSocket-Version: 13", first="GET /v1/models HTTP/1.1"))
    assert answer.status in (403, 200)


def test_none_of_it_was_an_error_of_the_service(client: httpx.Client, log: Path) -> None:
    assert client.get("/readyz").status_code == 200
    told = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines() if line.startswith("{")]
    assert not [each for each in told if each["level"] == "ERROR"]
    assert not [each for each in told if "exception" in each]
