"""The store for several machines: one Redis server (6 or newer, no cluster).

- `augury:NAME:current`: as JSON the generation that is current, and the number of the one before, which is kept until
  the next one is there.
- `augury:NAME:NUMBER`: a hash of all rows by id, and a field that no id is. That field stands for the whole: a hash is
  removed and evicted as a whole, so that where the field is, nobody is missing.
- `augury:NAME:draft:TOKEN`: such a hash while it is written; it expires when its writer is gone.

Measured for rows of 360 bytes: a hash takes 443 bytes a customer, keys of their own 507, hashes of 100 customers packed
as lists 411; 1,000 customers of one hash by `HMGET` take 3.0 ms, of keys by `MGET` 3.3, of many hashes 11.

The server needs room for two generations of a block, and a third while one is written. Right for it are
`maxmemory-policy noeviction` (under another a block that was evicted is told of by `StoreAway` until it is written
anew) and `lazyfree-lazy-expire yes` (or else it pauses while it forgets what a writer left that was killed).
"""

import json
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from redis import Redis
from redis.exceptions import RedisError, WatchError

from serving.store.redis_server import USUAL, Patience, Server
from serving.store.rows import TWICE, batches, id_bytes
from serving.store.store import Block, Generation, StoreAway, check_name, next_number

WHOLE: Final = b"\xff"
"""The field that stands for the whole; no UTF-8 has this byte."""
_BATCH_BYTES: Final = 1 << 19
_BATCH_ROWS: Final = 1_000
_DRAFT_SECONDS: Final = 3_600


@dataclass(frozen=True)
class Turned:
    """What `current` holds."""

    generation: Generation
    former: str | None

    @property
    def json(self) -> str:
        """Write it down."""
        return json.dumps({"generation": self.generation.plain(), "former": self.former})

    @classmethod
    def read(cls, redis: Redis, name: str) -> "Turned | None":
        """Read it; None where nothing was written. Raises `StoreAway` where it is something else."""
        told: Any = redis.get(_key(name, "current"))
        if told is None:
            return None
        try:
            plain = json.loads(told)
            return cls(Generation.restore(plain["generation"]), plain["former"])
        except (ValueError, KeyError, TypeError) as error:
            raise StoreAway(
                f"the key {_key(name, 'current')} is none of ours: {error!r}; write the block anew"
            ) from error


class RedisBlock:
    """A generation's hash on the server."""

    def __init__(self, server: Server, generation: Generation) -> None:
        self.server, self.generation = server, generation
        self.key = _key(generation.name, generation.number)
        self._closed = False

    async def get(self, customer_ids: Sequence[str]) -> list[bytes | None]:
        """Give each customer's bytes, all from one step of the server."""
        if self._closed:
            raise StoreAway(f"the block {self.key} was closed; open the current one")
        found: list[bytes | None] = await self.server.ask("HMGET", self.key, WHOLE, *map(id_bytes, customer_ids))
        if found[0] is None:
            raise _gone(self.server, self.key)
        return found[1:]

    def verify(self) -> None:
        """Compare how many rows there are with how many were written."""
        with self.server.read() as redis:
            _check_whole(self.server, redis, self.generation)

    def close(self) -> None:
        """Take no more questions."""
        self._closed = True


class RedisStore:
    """Blocks on a server, by its URL: `redis://USER:PASSWORD@HOST:6379/0`, `rediss://` for TLS, `unix://PATH`."""

    def __init__(self, url: str, *, patience: Patience = USUAL) -> None:
        self.server = Server(url, patience)

    def current(self, name: str) -> Generation | None:
        """Read which generation is current, and see that its rows are there."""
        check_name(name)
        with self.server.read() as redis:
            turned = Turned.read(redis, name)
            if turned is None:
                return None
            try:
                _check_whole(self.server, redis, turned.generation)
            except StoreAway:
                newer = Turned.read(redis, name)
                if newer is None or newer == turned:
                    raise
                turned = newer
        return turned.generation

    def open(self, name: str) -> Block | None:
        """Take what is current; connections are made when it is asked."""
        generation = self.current(name)
        return None if generation is None else RedisBlock(self.server, generation)

    def write(
        self,
        name: str,
        rows: Iterable[tuple[str, bytes]],
        *,
        columns: Sequence[str],
        about: Mapping[str, Any],
    ) -> Generation:
        """Fill a hash beside the others, then name it the current one; only the one before is kept."""
        check_name(name)
        draft = _key(name, f"draft:{uuid.uuid4().hex}")
        with self.server.write() as redis:
            try:
                customers = _fill(redis, draft, rows)

                def made(number: str) -> Generation:
                    return Generation.made(name, number, columns=columns, customers=customers, about=about)

                while True:
                    with suppress(WatchError):
                        return _publish(redis, name, draft, made)
            finally:
                with suppress(RedisError):
                    redis.unlink(draft)


def _key(name: str, what: str) -> str:
    return f"augury:{name}:{what}"


def _check_whole(server: Server, redis: Redis, generation: Generation) -> None:
    """See that a generation has all of its rows. Raises `StoreAway`."""
    key = _key(generation.name, generation.number)
    if redis.hlen(key) != generation.customers + 1:
        raise _gone(server, key)


def _gone(server: Server, key: str) -> StoreAway:
    return StoreAway(
        f"the rows {key} are not at {server.where} any more: a newer writing took their place (open the current one), "
        "or the server lost or evicted them (set its maxmemory-policy to noeviction and write the block anew)"
    )


def _former(redis: Redis, name: str) -> Turned | None:
    """Read what is current as a writer does, who puts something better in the place of what cannot be read."""
    try:
        return Turned.read(redis, name)
    except StoreAway:
        return None


def _fill(redis: Redis, draft: str, rows: Iterable[tuple[str, bytes]]) -> int:
    """Put rows into a hash that lives as long as it grows; gives how many there were."""
    redis.hset(draft, WHOLE, b"")
    redis.expire(draft, _DRAFT_SECONDS)
    count = 0
    for batch in batches(rows, size=_BATCH_BYTES, most=_BATCH_ROWS):
        added = redis.hset(draft, items=[each for pair in batch for each in pair])
        if added != len(batch):
            raise ValueError(TWICE)
        redis.expire(draft, _DRAFT_SECONDS)
        count += len(batch)
    return count


def _publish(redis: Redis, name: str, draft: str, made: Callable[[str], Generation]) -> Generation:
    """Name a hash the current generation and drop the one before the last, in one step.

    Raises `WatchError` where another writer was faster.
    """
    with redis.pipeline() as turning:
        turning.watch(_key(name, "current"), draft)  # type: ignore[no-untyped-call]  # redis-py's
        former = _former(turning, name)
        generation = made(next_number(former.generation.number if former else None))
        if turning.hlen(draft) != generation.customers + 1:
            raise StoreAway(f"the rows {draft} were lost or evicted while they were written; write the block anew")
        turning.multi()
        turning.persist(draft)
        turning.rename(draft, _key(name, generation.number))
        turning.set(_key(name, "current"), Turned(generation, former.generation.number if former else None).json)
        if former is not None and former.former is not None:
            turning.unlink(_key(name, former.former))
        turning.execute()
    return generation
