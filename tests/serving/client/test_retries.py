"""What is asked again, and when: against a server that answers as it is told."""

import socket

import msgspec
import pytest

from serving.client import Client, Failed, RateLimited, Retries, ServiceError, StoreAway, TookTooLong, Unreachable
from serving.messages import Models, Problem
from tests.serving.client.scripted import BROKEN, response, scripted

FINE = response(200, msgspec.json.encode(Models([])))


def problem(status: int, code: str, **headers: str) -> bytes:
    return response(status, msgspec.json.encode(Problem(code, "what is wrong", "id-1")), **headers)


AWAY = problem(503, "store_away", retry_after="1")


def asked(answers: list[bytes], retries: Retries) -> int:
    """Ask for the models; gives how often that went out."""
    with scripted(answers) as (url, seen), Client(url, retries=retries) as client:
        assert client.models() == []
        return len(seen)


def retries(waits: list[float], *, times: int = 4, longest: float = 10.0) -> Retries:
    return Retries(times, longest, random=lambda: 0.0, sleep=waits.append)


@pytest.mark.parametrize(
    ("first", "wait"),
    [
        (AWAY, 1.0),
        (problem(429, "rate_limited", retry_after="3"), 3.0),
        (problem(503, "store_away"), 0.1),
        (response(502, b"<html>Bad gateway</html>"), 0.1),
        (response(503, b"starting", retry_after="2"), 2.0),
        (BROKEN, 0.1),
        (FINE[:40], 0.1),
    ],
    ids=["store", "rate", "no hint", "proxy", "proxy with a hint", "closed", "closed within an answer"],
)
def test_what_may_be_asked_again_is(first: bytes, wait: float) -> None:
    waits: list[float] = []
    assert asked([first, FINE], retries(waits)) == 2
    assert waits == [wait]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (problem(500, "internal"), Failed),
        (problem(408, "timeout"), TookTooLong),
        (problem(409, "of_later_times"), ServiceError),
        (response(504, b"<html>"), Failed),
        (response(599, b"\xff"), Failed),
        (problem(429, "rate_limited", retry_after="11"), RateLimited),
    ],
)
def test_nothing_else_is(answer: bytes, kind: type[ServiceError]) -> None:
    waits: list[float] = []
    with (
        scripted([answer]) as (url, seen),
        Client(url, retries=retries(waits)) as client,
        pytest.raises(ServiceError) as raised,
    ):
        client.models()
    assert (type(raised.value), waits, len(seen)) == (kind, [], 1)


def test_what_takes_too_long_is_not_asked_again() -> None:
    waits: list[float] = []
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        Client(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.05, retries=retries(waits)) as client,
        pytest.raises(TookTooLong) as raised,
    ):
        client.models()
    assert (waits, raised.value.status) == ([], None)


def test_it_ends_with_what_came_last() -> None:
    waits: list[float] = []
    with scripted([BROKEN, AWAY, AWAY]) as (url, seen), Client(url, retries=retries(waits, times=2)) as client:
        with pytest.raises(StoreAway) as raised:
            client.score(["a"])
        assert (raised.value.retry_after, raised.value.request_id, raised.value.code) == (1.0, "id-1", "store_away")
    assert (len(seen), waits) == (3, [0.1, 1.0])
    assert len({each.partition(b"\r\n\r\n")[2] for each in seen}) == 1


def test_none_are_asked_again_where_nobody_wants_it() -> None:
    with scripted([AWAY]) as (url, _), Client(url, retries=0) as client, pytest.raises(StoreAway):
        client.models()


def test_waits_grow_up_to_the_longest_and_by_chance() -> None:
    error = Unreachable("", code="unreachable")
    told = [Retries(9, 1.0, random=lambda: 0.5).pause(error, tried) for tried in range(1, 11)]
    assert told == [0.125, 0.25, 0.5, *[1.0] * 6, None]


def test_no_wait_is_longer_than_the_longest() -> None:
    error = RateLimited("", code="rate_limited", status=429, retry_after=9.99)
    assert Retries(longest=10.0, random=lambda: 0.999).pause(error, 1) == 10.0


def test_a_readiness_that_is_none_is_an_answer() -> None:
    body = b'{"ready":false,"models":{},"challengers":{},"waiting":{"churn":"why"},"registry":"away","store":"ok"}'
    with scripted([response(503, body)]) as (url, seen), Client(url) as client:
        told = client.ready()
    assert (told.ready, told.waiting, told.registry, len(seen)) == (False, {"churn": "why"}, "away", 1)
