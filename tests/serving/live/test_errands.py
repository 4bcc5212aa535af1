"""What may be slow is waited for so long and no longer, and never begun twice."""

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import pytest

from experiments.server import ROOT
from serving.live.errands import Errands, NotYet


def blocked() -> tuple[threading.Event, list[int], Callable[[], str]]:
    """Make an errand that ends when the event is set, and counts how often it was begun."""
    event, begun = threading.Event(), list[int]()

    def errand() -> str:
        begun.append(1)
        assert event.wait(10)
        return "done"

    return event, begun, errand


def test_one_that_is_slow_goes_on_and_is_given_later() -> None:
    event, begun, errand = blocked()

    async def asked() -> str:
        errands = Errands("test")
        for _ in range(3):
            with pytest.raises(NotYet):
                await errands.run(errand, key="a", seconds=0.01)
        event.set()
        return await errands.run(errand, key="a", seconds=5)

    assert asyncio.run(asked()) == "done"
    assert len(begun) == 1


def test_what_is_done_is_begun_anew() -> None:
    async def asked() -> list[float]:
        errands = Errands("test")
        return [await errands.run(time.perf_counter, key="a", seconds=None) for _ in range(2)]

    first, second = asyncio.run(asked())
    assert first < second


def test_what_it_raises_is_raised_once() -> None:
    answers = iter([OSError("away"), None])

    def errand() -> str:
        error = next(answers)
        if error is not None:
            raise error
        return "back"

    async def asked() -> str:
        errands = Errands("test")
        with pytest.raises(OSError, match="away"):
            await errands.run(errand, key="a", seconds=None)
        return await errands.run(errand, key="a", seconds=None)

    assert asyncio.run(asked()) == "back"


def test_a_slow_one_leaves_the_threads_of_others_alone() -> None:
    event, _, errand = blocked()

    async def asked() -> int:
        errands = Errands("test")
        for key in range(40):
            with pytest.raises(NotYet):
                await errands.run(errand, key=key, seconds=0)
        given = await asyncio.to_thread(lambda: 7)
        event.set()
        return given

    assert asyncio.run(asked()) == 7


def test_one_that_nobody_asks_for_any_more_is_let_go_of() -> None:
    event, begun, errand = blocked()
    waiting: list[int] = []

    async def asked() -> str:
        errands = Errands("test")
        for key, each in (("a", errand), ("b", errand), ("c", lambda: waiting.append(1))):
            with pytest.raises(NotYet):
                await errands.run(each, key=key, seconds=0.01)
            while not begun:
                await asyncio.sleep(0.001)
        errands.drop(but=["b"])
        await asyncio.sleep(0.05)  # the loop tells the thread of what was dropped
        event.set()
        return await errands.run(lambda: "another", key="a", seconds=5)

    assert asyncio.run(asked()) == "another"
    assert (len(begun), waiting) == (2, [])


ENDS = """
import asyncio, time
from experiments.server import ROOT
from serving.live.errands import Errands, NotYet

async def main():
    errands = Errands("test")
    try:
        await errands.run(lambda: time.sleep(60), key="a", seconds=0.01)
    except NotYet:
        errands.close()

asyncio.run(main())
"""


def test_a_process_ends_while_one_is_under_way() -> None:
    assert subprocess.run([sys.executable, "-c", ENDS], cwd=ROOT, timeout=120, check=False).returncode == 0
