"""Errands to somebody who may be slow or away: waited for so long and no longer; then they go on by themselves."""

import asyncio
import threading
from collections.abc import Callable, Container, Hashable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")


class NotYet(Exception):
    """Not done yet; it goes on, and whoever asks for it again gets what it gives."""


class Errands:
    """Does one errand after the other in a thread of its own, so that a slow one keeps nobody else's thread.

    The process may end while one is under way.
    """

    def __init__(self, name: str) -> None:
        self._queue: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._thread = threading.Thread(target=_work, args=(self._queue,), name=name, daemon=True)
        self._under_way: dict[Hashable, asyncio.Future[Any]] = {}

    async def run(self, errand: Callable[[], T], *, key: Hashable, seconds: float | None) -> T:
        """Give what an errand gives, or raise what it raises; None waits for as long as it takes.

        Raises `NotYet` after so many seconds. One that is under way by the same `key` is not begun again.
        """
        running = self._under_way.get(key)
        if running is None:
            running = self._under_way[key] = self._begun(errand)
        await asyncio.wait([running], timeout=seconds)
        if not running.done():
            raise NotYet
        self._under_way.pop(key, None)
        given: T = running.result()
        return given

    def drop(self, *, but: Container[Hashable]) -> None:
        """Let go of errands, and of what they gave, that nobody asks for any more."""
        for key in [each for each in self._under_way if each not in but]:
            dropped = self._under_way.pop(key)
            if not dropped.cancel() and not dropped.cancelled():
                dropped.exception()  # else asyncio tells of one that nobody heard

    def close(self) -> None:
        """Begin no more; nobody waits for the one that is under way."""
        self.drop(but=())
        self._queue.put(None)

    def _begun(self, errand: Callable[[], T]) -> asyncio.Future[T]:
        if self._thread.ident is None:
            self._thread.start()
        future: Future[T] = Future()
        self._queue.put((future, errand))
        return asyncio.wrap_future(future)


def _work(queue: "SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None]") -> None:
    """Do errands until None comes; one that was dropped before it was begun is left out."""
    while (each := queue.get()) is not None:
        future, errand = each
        if future.set_running_or_notify_cancel():
            try:
                future.set_result(errand())
            except BaseException as error:  # whoever asked hears of it
                future.set_exception(error)
        del each, future, errand
