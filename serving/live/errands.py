"""Errands to somebody who may be slow or away: waited for so long and no longer; then they go on by themselves."""

import asyncio
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


class NotYet(Exception):
    """Not done yet; it goes on, and whoever asks for it again gets what it gives."""


class Errands:
    """Does one errand after the other in a thread of its own, so that a slow one keeps nobody else's thread."""

    def __init__(self, name: str) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._under_way: dict[Hashable, asyncio.Future[Any]] = {}

    async def run(self, errand: Callable[[], T], *, key: Hashable, seconds: float | None) -> T:
        """Give what an errand gives, or raise what it raises; None waits for as long as it takes.

        Raises `NotYet` after so many seconds. One that is under way by the same `key` is not begun again.
        """
        running = self._under_way.get(key)
        if running is None:
            running = self._under_way[key] = asyncio.get_running_loop().run_in_executor(self._thread, errand)
        await asyncio.wait([running], timeout=seconds)
        if not running.done():
            raise NotYet
        del self._under_way[key]
        given: T = running.result()
        return given
