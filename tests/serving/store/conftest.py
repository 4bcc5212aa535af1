"""Both stores for the same tests: a folder, and a real Redis server."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from serving.store.lmdb_store import LmdbStore
from serving.store.opened import store_of
from serving.store.redis_store import RedisStore
from serving.store.store import Store
from tests.serving.store.redis_process import RedisServer


@pytest.fixture(scope="session")
def shared_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """Run one server for all tests that leave it as it is."""
    server = RedisServer(tmp_path_factory.mktemp("redis")).start()
    yield server
    server.stop()


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[Callable[..., RedisServer]]:
    """Run servers for one test, which may do with them what it likes."""
    started: list[RedisServer] = []

    def start(*options: str) -> RedisServer:
        (tmp_path / f"redis{len(started)}").mkdir()
        started.append(RedisServer(tmp_path / f"redis{len(started)}", *options))
        return started[-1].start()

    yield start
    for each in started:
        each.stop()


@pytest.fixture
def redis_store(shared_redis: RedisServer) -> RedisStore:
    """Give an empty store on the shared server."""
    with shared_redis.client() as asking:
        asking.flushall()
    return RedisStore(shared_redis.url)


@pytest.fixture
def lmdb_store(tmp_path: Path) -> LmdbStore:
    """Give a store in a folder that is not there yet."""
    return LmdbStore(tmp_path / "store")


@pytest.fixture(params=["lmdb", "redis"])
def uri(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Name an empty store of each sort."""
    if request.param == "lmdb":
        return str(tmp_path / "store")
    request.getfixturevalue("redis_store")
    return str(request.getfixturevalue("shared_redis").url)


@pytest.fixture
def store(uri: str) -> Store:
    """Give an empty store of each sort."""
    return store_of(uri)
