"""Questions that go out in parts: over a rate they wait as they are told, and what came is never lost."""

import time

import pyarrow as pa
import pytest

from serving.client import Client, Failed, RateLimited, Retries, ServiceError
from serving.messages import MAX_IDS, MAX_ROWS
from tests.serving.client.conftest import Keyed
from tests.serving.client.scripted import response, scripted
from tests.serving.streams import stream, table

CHURN, SEGMENTS = "shop_churn", "shop_segments"
ROWS = table(MAX_ROWS + 2)
IDS = [f"nobody {number}" for number in range(MAX_IDS + 2)]
SHORT = Retries(longest=1.0, random=lambda: 0.0)
LIMITED = response(429, b'{"error":"rate_limited","message":"m","request_id":"r"}', retry_after="30")


def test_bulk_waits_as_long_as_the_service_says(keyed: Keyed) -> None:
    """At 40 a second the first 10,000 rows are paid after 2.5 s, which is longer than the longest wait of a retry."""
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        time.sleep(seconds)

    retries = Retries(longest=1.0, random=lambda: 0.0, sleep=sleep)
    with Client(keyed.url, keyed.slow, timeout=60, retries=retries) as client:
        told = client.bulk(ROWS, [SEGMENTS])
    assert told["customer_id"].to_pylist() == ROWS["customer_id"].to_pylist()
    assert max(waits) >= 2


def test_bulk_keeps_what_came_where_patience_ends(keyed: Keyed) -> None:
    with (
        Client(keyed.url, keyed.slower, timeout=60, retries=SHORT, patience=20) as client,
        pytest.raises(RateLimited) as raised,
    ):
        client.bulk(ROWS, [SEGMENTS])
    error = raised.value
    assert error.retry_after is not None
    assert error.retry_after > 20
    assert error.done == MAX_ROWS
    assert error.answered["customer_id"].to_pylist() == ROWS["customer_id"].to_pylist()[:MAX_ROWS]
    assert error.__notes__ == ["the first 10000 of 10002 were answered: `answered` of this error has what came"]


def test_ids_wait_too(keyed: Keyed) -> None:
    """A part costs 10.99; the key has 40 a second."""
    with Client(keyed.url, keyed.slow, timeout=60, retries=Retries(longest=0.5)) as client:
        answer = client.score(IDS, [CHURN])
    assert [each.customer_id for each in answer.results] == IDS
    assert len(set(answer.request_ids)) == len(answer.scored_at) == 2
    assert answer.scored_at == sorted(answer.scored_at)


def test_bulk_tells_every_parts_id_and_time(asking: Client) -> None:
    told = asking.bulk(ROWS, [SEGMENTS]).schema.metadata
    ids, times = (told[name].decode().split(",") for name in (b"request_id", b"scored_at"))
    assert len(set(ids)) == len(times) == 2
    assert times == sorted(times)
    assert all(each.endswith("Z") for each in times)


def test_waits_are_as_told_and_a_little_longer_until_patience_ends() -> None:
    waits: list[float] = []
    retries = Retries(longest=10.0, random=lambda: 1.0, sleep=waits.append)
    with (
        scripted([response(200, stream(_answer("a"))), LIMITED, LIMITED, LIMITED]) as (url, asked),
        Client(url, retries=retries, patience=75) as client,
        pytest.raises(RateLimited) as raised,
    ):
        client.bulk(ROWS)
    assert (waits, len(asked)) == ([40.0, 35.0], 4)
    assert raised.value.answered.to_pylist() == [{"customer_id": "a"}]


@pytest.mark.parametrize(
    ("broken", "kind"), [(response(200, b"no Arrow"), Failed), (response(500, b"<html>"), ServiceError)]
)
def test_another_error_keeps_what_came_too(broken: bytes, kind: type[ServiceError]) -> None:
    with (
        scripted([response(200, stream(_answer("a"))), broken]) as (url, _),
        Client(url) as client,
        pytest.raises(kind) as raised,
    ):
        client.bulk(ROWS)
    assert (raised.value.answered.to_pylist(), raised.value.done) == ([{"customer_id": "a"}], MAX_ROWS)


def test_nothing_came_before_the_first(keyed: Keyed) -> None:
    with Client(keyed.url, keyed.little) as client, pytest.raises(ServiceError) as raised:
        client.bulk(ROWS, [SEGMENTS])
    assert (raised.value.answered, raised.value.done) == (None, 0)


def test_who_wants_nothing_asked_again_is_not_made_to_wait() -> None:
    with scripted([LIMITED]) as (url, _), Client(url, retries=0) as client, pytest.raises(RateLimited):
        client.bulk(ROWS)


@pytest.mark.parametrize("patience", [-1.0, float("nan")])
def test_a_patience_that_is_none_is_refused(patience: float) -> None:
    with pytest.raises(ValueError, match="give seconds from 0 on"):
        Client("http://127.0.0.1:1", patience=patience)


def _answer(*customer_ids: str) -> pa.Table:
    return pa.table({"customer_id": list(customer_ids)})
