"""Which store a deployment means: a folder of this machine, or a server's URL."""

from pathlib import Path

from serving.store.lmdb_store import LmdbStore
from serving.store.store import Store

_SERVERS = ("redis", "rediss", "unix")


def store_of(uri: str) -> Store:
    """Give the store at a path or at a Redis server's URL; connects to none yet. Raises `ValueError` for others."""
    scheme, found, _ = uri.partition("://")
    if not found and uri:
        return LmdbStore(Path(uri))
    if scheme in _SERVERS:
        from serving.store.redis_store import RedisStore  # a folder needs no client

        return RedisStore(uri)
    raise ValueError(
        f"a store is a folder or a URL of {', '.join(f'{each}://' for each in _SERVERS)}; {scheme!r} is neither"
    )
