"""A time limit that costs nothing where nobody waits: the same as asyncio's own wherever somebody does."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest

from serving.api.timed import timed

SOON, LATE = 0.02, 30.0

Answer = Callable[[list[str]], Coroutine[Any, Any, str]]


async def by_asyncio(answer: Awaitable[str], *, seconds: float) -> str:
    async with asyncio.timeout(seconds):
        return await answer


async def at_once(log: list[str]) -> str:
    log.append("asked")
    return "given"


async def after_turns(log: list[str]) -> str:
    for turn in range(3):
        await asyncio.sleep(0)
        log.append(f"turn {turn}")
    return "given"


async def after_waits(log: list[str]) -> str:
    for wait in range(3):
        log.append(await asyncio.sleep(0.001, f"wait {wait}"))
    return "given"


async def after_a_thread(log: list[str]) -> str:
    await asyncio.to_thread(log.append, "thread")
    return "given"


async def fails_at_once(log: list[str]) -> str:
    raise LookupError("at once")


async def fails_after_a_wait(log: list[str]) -> str:
    await asyncio.sleep(0)
    raise LookupError("after a wait")


async def waits_in_vain(log: list[str]) -> str:
    try:
        await asyncio.sleep(LATE)
    finally:
        log.append("left")
    return "too late"


async def cleans_up_when_left(log: list[str]) -> str:
    try:
        await asyncio.sleep(LATE)
    except asyncio.CancelledError:
        await asyncio.sleep(0)
        log.append("cleaned up")
        raise
    return "too late"


async def does_not_leave(log: list[str]) -> str:
    try:
        await asyncio.sleep(LATE)
    except asyncio.CancelledError:
        await asyncio.sleep(0.001)
    return "given even so"


async def fails_when_left(log: list[str]) -> str:
    try:
        await asyncio.sleep(LATE)
    except asyncio.CancelledError:
        raise LookupError("when left") from None
    return "too late"


async def waits_for_what_fails(log: list[str]) -> str:
    waits_for: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_later(0.001, waits_for.set_exception, LookupError("what is waited for"))
    try:
        return await waits_for
    except LookupError as error:
        return f"mended: {error}"


ANSWERS = [
    at_once,
    after_turns,
    after_waits,
    after_a_thread,
    fails_at_once,
    fails_after_a_wait,
    waits_in_vain,
    cleans_up_when_left,
    does_not_leave,
    fails_when_left,
    waits_for_what_fails,
]


def _outcome(way: Callable[..., Awaitable[str]], answer: Answer) -> tuple[object, ...]:
    log: list[str] = []

    async def asked() -> str:
        return await way(answer(log), seconds=SOON)

    try:
        return "gave", asyncio.run(asked()), log
    except Exception as error:
        return type(error), str(error), log


@pytest.mark.parametrize("answer", ANSWERS)
def test_it_ends_as_by_asyncio(answer: Answer) -> None:
    expected = _outcome(by_asyncio, answer)
    assert _outcome(timed, answer) == expected


def test_what_waits_too_long_is_told_so() -> None:
    assert _outcome(timed, waits_in_vain) == (TimeoutError, "", ["left"])
    assert _outcome(timed, after_waits) == ("gave", "given", ["wait 0", "wait 1", "wait 2"])


@pytest.mark.parametrize("answer", [waits_in_vain, cleans_up_when_left])
def test_who_is_cancelled_from_outside_is_cancelled_and_not_late(
    answer: Answer,
) -> None:
    log: list[str] = []

    async def asked() -> None:
        task = asyncio.ensure_future(timed(answer(log), seconds=LATE))
        await asyncio.sleep(0.005)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(asked())
    assert log == ["left" if answer is waits_in_vain else "cleaned up"]


def test_what_is_let_go_of_is_closed() -> None:
    log: list[str] = []
    begun = timed(waits_in_vain(log), seconds=LATE)

    async def let_go() -> None:
        begun.send(None)
        begun.close()

    asyncio.run(let_go())
    assert log == ["left"]
