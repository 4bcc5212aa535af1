"""A Redis server by its URL: asked by threads, by tasks of any event loop, and by writers, who wait longer."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import redis
import redis.asyncio
from redis import exceptions
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.connection import parse_url
from redis.retry import Retry

from serving.store.store import StoreAway

_CONNECTIONS: Final = 8
_PLAIN: Final = {"protocol": 2, "driver_info": None}
_AGAIN: Final = (exceptions.ConnectionError,)
_MEND: Final[tuple[tuple[type[Exception], str], ...]] = (
    (exceptions.AuthenticationError, "see to the user and the password in the store's URL"),
    (exceptions.NoPermissionError, "give the user in the store's URL rights on the keys augury:*"),
    (exceptions.BusyLoadingError, "it reads its data and will answer when that is done"),
    (exceptions.OutOfMemoryError, "raise its maxmemory; it needs room for three generations of a block"),
    (exceptions.ReadOnlyError, "it is a replica; name the primary in the store's URL"),
    (exceptions.ConnectionError, "see whether it runs and can be reached; the store is back as soon as it is"),
    (exceptions.TimeoutError, "see whether it is overloaded or stopped; the store is back as soon as it answers"),
)


@dataclass(frozen=True)
class Patience:
    """How long a server is waited for, in seconds: to connect, to answer, and to answer a writer."""

    connect: float = 0.2
    read: float = 0.2
    write: float = 10.0


USUAL: Final = Patience()


class Server:
    """One server; connects when it is asked, anew where a connection broke. `where` names it without its password."""

    def __init__(self, url: str, patience: Patience) -> None:
        self.url, self.patience = url, patience
        self.where = _where(url)
        self._reading = self._client(patience.read, retries=1)
        self._asking: dict[asyncio.AbstractEventLoop, tuple[Any, AsyncGenerator[Any]]] = {}

    @contextmanager
    def read(self) -> Iterator[redis.Redis]:
        """Ask as a thread. Raises `StoreAway`."""
        with self._telling():
            yield self._reading

    @contextmanager
    def write(self) -> Iterator[redis.Redis]:
        """Change what there is, by a connection of its own; nothing is sent twice. Raises `StoreAway`."""
        with self._telling(), self._client(self.patience.write, retries=0) as writing:
            yield writing

    async def ask(self, *command: Any) -> Any:
        """Ask as a task, which waits for connection and answer together as long as for both. Raises `StoreAway`."""
        seconds = self.patience.connect + self.patience.read
        try:
            async with asyncio.timeout(seconds):
                return await (await self._of_loop()).execute_command(*command)
        except exceptions.RedisError as error:
            raise self._away(error) from None
        except TimeoutError:
            raise self._away(exceptions.TimeoutError(f"no answer within {seconds:g} s")) from None

    def _client(self, seconds: float, *, retries: int) -> redis.Redis:
        return redis.Redis.from_url(
            self.url,
            socket_connect_timeout=self.patience.connect,
            socket_timeout=seconds,
            retry=Retry(NoBackoff(), retries, _AGAIN),
            **_PLAIN,
        )

    async def _of_loop(self) -> Any:
        """Give the client of the loop that runs: connections cannot leave their loop."""
        loop = asyncio.get_running_loop()
        found = self._asking.get(loop)
        if found is None:
            opened = self._opened(loop)
            found = self._asking[loop] = (await anext(opened), opened)
        return found[0]

    async def _opened(self, loop: asyncio.AbstractEventLoop) -> AsyncGenerator[redis.asyncio.Redis]:
        """Open a client, and close it when its loop ends: a loop sees to its generators."""
        pool: redis.asyncio.BlockingConnectionPool = redis.asyncio.BlockingConnectionPool.from_url(
            self.url,
            max_connections=_CONNECTIONS,
            timeout=None,
            socket_connect_timeout=self.patience.connect,
            socket_timeout=None,
            retry=AsyncRetry(NoBackoff(), 1, _AGAIN),
            **_PLAIN,
        )
        client = redis.asyncio.Redis.from_pool(pool)
        try:
            yield client
        finally:
            self._asking.pop(loop, None)
            await client.aclose()

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except exceptions.RedisError as error:
            raise self._away(error) from None

    def _away(self, error: Exception) -> StoreAway:
        mend = next((mend for kind, mend in _MEND if isinstance(error, kind)), "see to the server")
        return StoreAway(f"the store at {self.where} is away: {_reason(error)}; {mend}")


def _where(url: str) -> str:
    """Name the server; neither the password nor what may be a part of it. Raises `ValueError`."""
    try:
        told = parse_url(url)  # type: ignore[no-untyped-call]  # redis-py's
    except ValueError:
        raise ValueError(
            "the URL of the Redis server cannot be read; write redis://USER:PASSWORD@HOST:6379/0 (rediss:// for TLS), "
            "with % and two hexadecimal digits for each of :/@?#% in user and password"
        ) from None
    place = told.get("path") or f"{told.get('host', 'localhost')}:{told.get('port', 6379)}"
    return f"{place}/{told.get('db', 0)}"


def _reason(error: Exception) -> str:
    """Say what a server answered without what it was sent, which may be ids of customers."""
    return str(error).rpartition(" of pipeline caused error: ")[2].partition(", with args")[0].rstrip(".")
