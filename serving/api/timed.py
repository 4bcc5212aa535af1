"""A limit on how long an answer may take, which costs nothing where no answer needs to be waited for."""

import asyncio
from collections.abc import Coroutine, Generator
from typing import Any, TypeVar

T = TypeVar("T")


async def timed(answer: Coroutine[Any, Any, T], *, seconds: float) -> T:
    """Give what a coroutine gives. Raises `TimeoutError` where it has to wait for longer than so many seconds.

    One that never waits is not timed: nothing could end it, and a timer costs more than a look into the store.
    """
    try:
        waits_for = answer.send(None)
    except StopIteration as done:
        found: T = done.value
    else:
        async with asyncio.timeout(seconds):
            found = await _Begun(answer, waits_for)
    return found


class _Begun:
    """A coroutine that waits for something, to be awaited on."""

    def __init__(self, answer: Coroutine[Any, Any, Any], waits_for: Any) -> None:
        self.answer, self.waits_for = answer, waits_for

    def __await__(self) -> Generator[Any, Any, Any]:
        """Pass on what it waits for, and what comes of that: all that `await` does but the beginning."""
        waits_for = self.waits_for
        try:
            while True:
                try:
                    came = yield waits_for
                except GeneratorExit:
                    self.answer.close()
                    raise
                except BaseException as error:
                    waits_for = self.answer.throw(error)
                else:
                    waits_for = self.answer.send(came)
        except StopIteration as done:
            return done.value
