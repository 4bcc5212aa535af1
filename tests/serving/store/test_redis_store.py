"""Redis as it is when all is well: its keys, its connections, and who writes and reads what."""

import asyncio
import json
from collections.abc import Iterator, Mapping

import pytest

from serving.store.redis_store import WHOLE, RedisBlock, RedisStore
from serving.store.store import StoreAway
from tests.serving.store.asked import put, read
from tests.serving.store.redis_process import RedisServer

ROWS = {f"c{each:04d}": b"%d" % each * 90 for each in range(3_000)}


def _block(store: RedisStore) -> RedisBlock:
    block = store.open("churn")
    assert isinstance(block, RedisBlock)
    return block


def _keys(server: RedisServer) -> dict[str, int]:
    """Give all keys, and in how many seconds they expire; -1 where they do not."""
    with server.client() as asking:
        return {each.decode(): asking.ttl(each) for each in asking.scan_iter()}


def test_two_generations_are_kept_as_hashes_and_no_key_of_them_expires(
    redis_store: RedisStore, shared_redis: RedisServer
) -> None:
    numbers = [put(redis_store, "churn", ROWS.items()).number for _ in range(4)]
    ours = {"augury:churn:current", *(f"augury:churn:{each}" for each in numbers[-2:])}
    assert _keys(shared_redis) == dict.fromkeys(ours, -1)
    with shared_redis.client() as asking:
        told = json.loads(asking.get("augury:churn:current") or b"")
        assert told["generation"]["number"] == numbers[-1]
        assert told["former"] == numbers[-2]
        key = f"augury:churn:{numbers[-1]}"
        assert asking.hlen(key) == len(ROWS) + 1
        assert asking.hget(key, "c0001") == ROWS["c0001"]
        assert asking.hget(key, WHOLE) == b""


def test_a_draft_expires_when_its_writer_is_gone(redis_store: RedisStore, shared_redis: RedisServer) -> None:
    seen: list[dict[str, int]] = []

    def rows() -> Iterator[tuple[str, bytes]]:
        for place, each in enumerate(ROWS.items()):
            if place in (0, 2_500):
                seen.append(_keys(shared_redis))
            yield each

    put(redis_store, "churn", rows())
    for keys in seen:
        ((name, seconds),) = keys.items()
        assert name.startswith("augury:churn:draft:")
        assert 3_500 < seconds <= 3_600


def test_a_writing_that_fails_leaves_no_draft(redis_store: RedisStore, shared_redis: RedisServer) -> None:
    with pytest.raises(ValueError, match="twice"):
        put(redis_store, "churn", [*ROWS.items(), ("c0000", b"")])
    assert _keys(shared_redis) == {}


@pytest.mark.parametrize("how", ["all", "one", "grown"])
def test_a_draft_that_is_lost_while_it_is_written_is_told_of(
    redis_store: RedisStore, shared_redis: RedisServer, how: str
) -> None:
    before = put(redis_store, "churn", [("anna", b"1")])

    def rows() -> Iterator[tuple[str, bytes]]:
        for place, each in enumerate(ROWS.items()):
            if place == 1_500:
                with shared_redis.client() as asking:
                    (draft,) = asking.scan_iter("augury:churn:draft:*")
                    if how == "all":
                        asking.delete(draft)
                    elif how == "one":
                        asking.hdel(draft, "c0000")
                    else:
                        asking.hset(draft, "somebody", b"else")
            yield each

    with pytest.raises(StoreAway, match="lost or evicted while they were written"):
        put(redis_store, "churn", rows())
    assert redis_store.current("churn") == before
    assert len(_keys(shared_redis)) == 2


class Overtaken(Mapping[str, str]):
    """What a writer tells, which is read between its looking and its publishing: then another writer is faster."""

    def __init__(self, store: RedisStore) -> None:
        self.store, self.faster = store, list[str]()

    def __iter__(self) -> Iterator[str]:
        if len(self.faster) < 3:
            self.faster.append(put(self.store, "churn", [("ben", b"2")]).number)
        return iter(["of"])

    def __getitem__(self, key: str) -> str:
        return "the slower"

    def __len__(self) -> int:
        return 1


def test_a_writer_who_is_overtaken_while_it_publishes_comes_after_the_faster_ones(
    redis_store: RedisStore, shared_redis: RedisServer
) -> None:
    put(redis_store, "churn", [("carla", b"3")])
    about = Overtaken(redis_store)
    made = redis_store.write("churn", [("anna", b"1")], columns=[], about=about)
    assert len(about.faster) == 3
    assert made.number > max(about.faster)
    assert redis_store.current("churn") == made
    assert read(redis_store.open("churn"), "anna", "ben") == [b"1", None]
    assert set(_keys(shared_redis)) == {
        *("augury:churn:current", f"augury:churn:{made.number}", f"augury:churn:{about.faster[-1]}")
    }


def test_rows_that_are_gone_are_told_of_and_never_read_as_unknown_customers(
    redis_store: RedisStore, shared_redis: RedisServer
) -> None:
    made = put(redis_store, "churn", ROWS.items())
    block = _block(redis_store)
    with shared_redis.client() as asking:
        asking.delete(f"augury:churn:{made.number}")
    for asked in (["c0001"], ["nobody"], []):
        with pytest.raises(StoreAway, match=r"lost or evicted them \(set its maxmemory-policy to noeviction"):
            read(block, *asked)
    with pytest.raises(StoreAway, match="write the block anew"):
        block.verify()
    with pytest.raises(StoreAway, match="write the block anew"):
        redis_store.current("churn")
    with pytest.raises(StoreAway, match="write the block anew"):
        redis_store.open("churn")
    put(redis_store, "churn", ROWS.items())
    assert read(redis_store.open("churn"), "c0001") == [ROWS["c0001"]]


def test_a_row_that_somebody_took_away_is_told_of_by_verify(redis_store: RedisStore, shared_redis: RedisServer) -> None:
    put(redis_store, "churn", ROWS.items())
    block = _block(redis_store)
    block.verify()
    with shared_redis.client() as asking:
        asking.hdel(block.key, "c0001")
    with pytest.raises(StoreAway, match="not at 127"):
        block.verify()


@pytest.mark.parametrize("wrong", [b"", b"{}", b"[]", b"null", b"\xff", b'{"generation": {"name": 1}, "former": null}'])
def test_a_key_that_is_none_of_ours_is_told_of_and_written_over(
    redis_store: RedisStore, shared_redis: RedisServer, wrong: bytes
) -> None:
    with shared_redis.client() as asking:
        asking.set("augury:churn:current", wrong)
    with pytest.raises(StoreAway, match=r"augury:churn:current is none of ours.*write the block anew"):
        redis_store.open("churn")
    made = put(redis_store, "churn", [("anna", b"1")])
    assert redis_store.current("churn") == made


def test_a_key_of_another_type_is_told_of(redis_store: RedisStore, shared_redis: RedisServer) -> None:
    with shared_redis.client() as asking:
        asking.rpush("augury:churn:current", "1")
    with pytest.raises(StoreAway, match="wrong kind of value"):
        redis_store.current("churn")


def _connections(server: RedisServer) -> int:
    with server.client() as asking:
        return len(asking.client_list()) - 1


def test_each_loop_has_connections_of_its_own_which_end_with_it(
    redis_store: RedisStore, shared_redis: RedisServer
) -> None:
    put(redis_store, "churn", ROWS.items())
    block = _block(redis_store)
    before = _connections(shared_redis)

    async def ask() -> int:
        for _ in range(5):
            assert await block.get(["c0001"]) == [ROWS["c0001"]]
        return _connections(shared_redis)

    for _ in range(3):
        assert asyncio.run(ask()) <= before + 1  # others may have ended meanwhile
    assert _connections(shared_redis) <= before


def test_a_rush_of_tasks_waits_for_few_connections(redis_store: RedisStore, shared_redis: RedisServer) -> None:
    put(redis_store, "churn", ROWS.items())
    block = _block(redis_store)
    before = _connections(shared_redis)

    async def rush() -> int:
        asked = [[f"c{each:04d}", "nobody"] for each in range(300)]
        found = await asyncio.gather(*map(block.get, asked))
        assert found == [[ROWS[each], None] for each, _ in asked]
        return _connections(shared_redis)

    assert asyncio.run(rush()) <= before + 8  # others may have ended meanwhile
