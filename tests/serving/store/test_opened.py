"""A path is a folder of LMDB files, a URL of Redis a server; nothing else is a store."""

import subprocess
import sys
from pathlib import Path

import pytest

from serving.store.lmdb_store import LmdbStore
from serving.store.opened import store_of
from serving.store.redis_store import RedisStore


def test_a_path_is_a_folder_which_is_not_made_yet(tmp_path: Path) -> None:
    store = store_of(str(tmp_path / "a" / "store"))
    assert isinstance(store, LmdbStore)
    assert store.folder == tmp_path / "a" / "store"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("uri", "where"),
    [
        ("redis://", "localhost:6379/0"),
        ("redis://shop.example", "shop.example:6379/0"),
        ("redis://me:secret@shop.example:7000/2", "shop.example:7000/2"),
        ("rediss://:secret@shop.example/1", "shop.example:6379/1"),
        ("unix:///run/redis.sock?db=3&password=secret", "/run/redis.sock/3"),
    ],
)
def test_a_url_is_a_server_that_is_not_asked_yet_and_named_without_its_password(uri: str, where: str) -> None:
    store = store_of(uri)
    assert isinstance(store, RedisStore)
    assert store.server.where == where
    assert "secret" not in repr(store) + repr(store.server) + repr(vars(store))


@pytest.mark.parametrize("uri", ["", "s3://bucket/store", "http://shop.example", "file:///tmp/store", "REDIS://shop"])
def test_nothing_else_is_a_store(uri: str) -> None:
    with pytest.raises(ValueError, match="a folder or a URL of redis://, rediss://, unix://"):
        store_of(uri)


@pytest.mark.parametrize("uri", ["redis://me:se#cret@shop:1/0", "redis://me:se/cret@shop:1/0", "redis://shop:port/0"])
def test_a_url_that_cannot_be_read_is_refused_without_saying_its_password(uri: str) -> None:
    with pytest.raises(ValueError, match="cannot be read; write redis://USER:PASSWORD@HOST:6379/0") as refused:
        store_of(uri)
    assert "cret" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_folder_needs_no_client_of_redis() -> None:
    script = (
        "import sys; from serving.store.opened import store_of; store_of('there'); sys.exit('redis' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script]).returncode == 0
