"""Redis away, hanging, loading, full, evicting, refusing: it is told of in time, in words, and the store comes back."""

import asyncio
import shutil
import socket
import time
from collections.abc import Callable

import pytest

from serving.store.redis_server import Patience
from serving.store.redis_store import RedisBlock, RedisStore
from serving.store.store import StoreAway
from tests.serving.store.asked import put, read
from tests.serving.store.redis_process import RedisServer

Servers = Callable[..., RedisServer]
ROWS = {f"c{each:04d}": b"%d" % each * 90 for each in range(3_000)}
ANNA = ("anna", b"1")


def _filled(server: RedisServer) -> tuple[RedisStore, RedisBlock]:
    store = RedisStore(server.url)
    put(store, "churn", ROWS.items())
    block = store.open("churn")
    assert isinstance(block, RedisBlock)
    assert read(block, "c0001") == [ROWS["c0001"]]
    return store, block


def _all_refuse(store: RedisStore, block: RedisBlock | None, match: str, *, seconds: float) -> None:
    """Ask in every way: each says so within so many seconds, and names neither customers nor passwords."""
    ways: list[Callable[[], object]] = [
        lambda: store.current("churn"),
        lambda: store.open("churn"),
        lambda: put(store, "churn", [ANNA]),
    ]
    if block is not None:
        ways += [lambda: read(block, "c0001", "anna"), block.verify]
    for way in ways:
        start = time.monotonic()
        with pytest.raises(StoreAway, match=match) as away:
            way()
        assert time.monotonic() - start < seconds
        told = str(away.value)
        assert "anna" not in told
        assert "c0001" not in told
        assert "secret" not in told
        assert away.value.__cause__ is None


def test_a_server_that_is_away_is_told_of_at_once_and_found_again(own_redis: Servers) -> None:
    server = own_redis()
    store, block = _filled(server)
    with server.client() as asking:
        asking.save()
    server.stop()
    _all_refuse(store, block, "see whether it runs and can be reached", seconds=2)
    server.start()
    assert read(block, "c0001", "nobody") == [ROWS["c0001"], None]
    assert store.current("churn") == block.generation
    assert put(store, "churn", [ANNA]).number > block.generation.number


def test_a_server_that_comes_back_empty_does_not_say_that_customers_are_unknown(own_redis: Servers) -> None:
    server = own_redis()
    store, block = _filled(server)
    server.stop()
    server.start()
    with pytest.raises(StoreAway, match="lost or evicted"):
        read(block, "c0001")
    assert store.current("churn") is None
    put(store, "churn", [ANNA])
    assert read(store.open("churn"), "anna") == [b"1"]


def test_a_loop_that_goes_on_finds_the_server_again(own_redis: Servers) -> None:
    server = own_redis()
    _, block = _filled(server)
    with server.client() as asking:
        asking.save()

    async def ask() -> None:
        assert await asyncio.gather(*(block.get(["c0001"]) for _ in range(20))) == [[ROWS["c0001"]]] * 20

    async def through() -> None:
        await ask()
        for _ in range(3):
            server.stop()
            with pytest.raises(StoreAway):
                await ask()
            server.start()
            await ask()

    asyncio.run(through())


def test_a_server_that_hangs_blocks_no_loop_and_is_told_of_in_time(own_redis: Servers) -> None:
    server = own_redis()
    store, block = _filled(server)
    gaps: list[float] = []

    async def tick() -> None:
        while True:
            start = time.monotonic()
            await asyncio.sleep(0.005)
            gaps.append(time.monotonic() - start)

    async def hang() -> None:
        ticking = asyncio.create_task(tick())
        assert await block.get(["c0001"]) == [ROWS["c0001"]]
        server.freeze()
        start = time.monotonic()
        told = await asyncio.gather(*(block.get(["c0001"]) for _ in range(50)), return_exceptions=True)
        assert 0.3 < time.monotonic() - start < 2
        assert all(isinstance(each, StoreAway) and "no answer within 0.4 s" in str(each) for each in told), told
        server.thaw()
        for each in ("c0002", "c0003"):
            assert await block.get([each]) == [ROWS[each]]
        ticking.cancel()

    asyncio.run(hang())
    assert len(gaps) > 30
    assert max(gaps) < 0.3
    server.freeze()
    impatient = RedisStore(server.url, patience=Patience(read=0.1, write=0.3))
    _all_refuse(impatient, None, "see whether it is overloaded or stopped", seconds=3)
    server.thaw()
    assert store.current("churn") == block.generation


def test_nobody_listens_at_an_address_that_takes_nothing() -> None:
    """192.0.2.0/24 is for documentation (RFC 5737): packets get nowhere, or are refused on the way."""
    store = RedisStore("redis://192.0.2.1:6379", patience=Patience(connect=0.1, read=0.1))
    _all_refuse(store, None, "see whether it", seconds=2)


@pytest.mark.parametrize("login", ["", ":wrong-secret@", "somebody:secret@"])
def test_a_wrong_password_is_told_of(own_redis: Servers, login: str) -> None:
    server = own_redis("--requirepass", "secret")
    good = RedisStore(server.url.replace("//", "//:secret@"))
    put(good, "churn", [ANNA])
    block = good.open("churn")
    assert read(block, "anna") == [b"1"]
    bad = RedisStore(server.url.replace("//", f"//{login}"))
    assert block is not None
    refused = RedisBlock(bad.server, block.generation)
    _all_refuse(bad, refused, "see to the user and the password in the store's URL", seconds=2)


def test_a_user_without_rights_is_told_of(own_redis: Servers) -> None:
    server = own_redis("--user", "reader", "on", ">secret", "~other:*", "+@all")
    url = server.url.replace("//", "//reader:secret@")
    _, block = _filled(server)
    bad = RedisStore(url)
    _all_refuse(bad, RedisBlock(bad.server, block.generation), r"rights on the keys augury:\*", seconds=2)


@pytest.mark.parametrize("command", ["HMGET", "HLEN", "HSET", "RENAME"])
def test_a_server_that_lacks_a_command_is_told_of_without_what_it_was_sent(own_redis: Servers, command: str) -> None:
    server, lacking = own_redis(), own_redis("--rename-command", command, "")
    _, block = _filled(server)
    store = RedisStore(lacking.url)

    def use() -> None:
        put(store, "churn", [ANNA])
        read(RedisBlock(store.server, block.generation), "c0001")

    with pytest.raises(StoreAway, match=f"(?i)unknown command '{command}'; see to the server") as away:
        use()
    assert "c0001" not in str(away.value)
    assert "anna" not in str(away.value)
    assert "churn:" not in str(away.value)


def test_a_user_may_have_the_right_to_read_alone(own_redis: Servers) -> None:
    server = own_redis(
        "--user", "reader", "on", ">secret", "%R~augury:*", "+get", "+hmget", "+hlen", "+ping", "+select"
    )
    _, block = _filled(server)
    reader = RedisStore(server.url.replace("//", "//reader:secret@"))
    assert reader.current("churn") == block.generation
    opened = reader.open("churn")
    assert read(opened, "c0001") == [ROWS["c0001"]]
    assert opened is not None
    opened.verify()
    with pytest.raises(StoreAway, match="rights"):
        put(reader, "churn", [ANNA])


def test_a_server_that_is_loading_its_data_is_told_of_and_then_answers(own_redis: Servers) -> None:
    server = own_redis()
    store, block = _filled(server)
    with server.client() as asking:
        asking.mset({f"other:{each}": b"x" for each in range(10_000)})
        asking.save()
    server.stop()
    server.start("--key-load-delay", "1000", "--loading-process-events-interval-bytes", "1024", wait=False)
    _until(server, b"LOADING")
    _all_refuse(store, block, "it reads its data and will answer when that is done", seconds=2)
    server.stop()
    server.start()
    assert read(block, "c0001") == [ROWS["c0001"]]


def _until(server: RedisServer, answer: bytes) -> None:
    """Wait until the server answers a PING like this."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            with socket.create_connection(("127.0.0.1", server.port), timeout=1) as line:
                line.sendall(b"PING\r\n")
                if answer in line.recv(100):
                    return
        except OSError:
            pass
        time.sleep(0.02)
    raise AssertionError((server.folder / "log").read_text())


def test_a_full_server_is_told_of_and_keeps_what_it_had(own_redis: Servers) -> None:
    server = own_redis("--maxmemory", "6mb", "--maxmemory-policy", "noeviction")
    store, block = _filled(server)
    with pytest.raises(StoreAway, match="raise its maxmemory") as away:
        put(store, "churn", ((f"d{each:06d}", b"x" * 300) for each in range(100_000)))
    assert "d0" not in str(away.value)
    assert store.current("churn") == block.generation
    assert read(block, "c0001") == [ROWS["c0001"]]
    with server.client() as asking:
        assert len(asking.keys()) == 2
        asking.config_set("maxmemory", "100mb")
    assert put(store, "churn", ((f"d{each:06d}", b"x" * 300) for each in range(100_000))).customers == 100_000


@pytest.mark.parametrize("policy", ["allkeys-lru", "allkeys-random"])
def test_what_a_server_evicts_is_told_of(own_redis: Servers, policy: str) -> None:
    server = own_redis("--maxmemory", "6mb", "--maxmemory-policy", policy)
    _, block = _filled(server)
    told: list[str] = []
    with server.client() as asking:
        for start in range(0, 40_000, 400):
            asking.mset({f"other:{each}": b"x" * 300 for each in range(start, start + 400)})
            try:
                assert read(block, "c0001", "c2999", "nobody") == [ROWS["c0001"], ROWS["c2999"], None]
            except StoreAway as away:
                told.append(str(away))
                break
    if policy == "allkeys-random":
        assert told
    assert all("set its maxmemory-policy to noeviction" in each for each in told)


def test_a_replica_is_read_and_says_where_to_write(own_redis: Servers) -> None:
    primary, replica = own_redis("--repl-diskless-sync-delay", "0"), own_redis()
    _, block = _filled(primary)
    with replica.client() as asking:
        asking.replicaof("127.0.0.1", str(primary.port))
    copy = RedisStore(replica.url)
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            if copy.current("churn") is not None:
                break
        except StoreAway:
            pass
        time.sleep(0.1)
    assert copy.current("churn") == block.generation
    assert read(copy.open("churn"), "c0001") == [ROWS["c0001"]]
    with pytest.raises(StoreAway, match="it is a replica; name the primary"):
        put(copy, "churn", [ANNA])


def test_a_server_that_cannot_save_says_so(own_redis: Servers) -> None:
    """A server that is told to save and cannot takes no writings (MISCONF)."""
    server = own_redis()
    store, block = _filled(server)
    shutil.rmtree(server.folder)
    with server.client() as asking:
        asking.config_set("save", "3600 1")
        asking.bgsave()
        end = time.monotonic() + 20
        while asking.info("persistence")["rdb_last_bgsave_status"] != "err":
            assert time.monotonic() < end
            time.sleep(0.05)
    with pytest.raises(StoreAway, match=r"MISCONF|unable to persist"):
        put(store, "churn", [ANNA])
    assert read(block, "c0001") == [ROWS["c0001"]]
