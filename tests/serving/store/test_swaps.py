"""Generations are swapped under readers of other processes, by several writers, and by writers who are killed."""

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from serving.store.opened import store_of
from serving.store.store import Store
from tests.serving.store.asked import put, read

SWAPS = 200
IDS = [f"c{each:03d}" for each in range(300)]
READER = """
import asyncio, json, os, sys
from serving.store.opened import store_of
from serving.store.store import StoreAway

IDS = [f"c{each:03d}" for each in range(300)]
store, end = store_of(sys.argv[1]), sys.argv[2]
told = {"asked": 0, "wrong": [], "away": [], "seen": []}

async def look():
    block = store.open("churn")
    for _ in range(3):
        rows = set(await block.get(IDS))
        told["asked"] += 1
        expected = b"%d" % block.generation.about["made"]
        if rows != {expected}:
            told["wrong"].append(repr((expected, rows)))
    told["seen"].append(block.generation.about["made"])

async def main():
    print("ready", flush=True)
    while not os.path.exists(end):
        try:
            await look()
        except StoreAway as error:
            told["away"].append(str(error))

asyncio.run(main())
print(json.dumps(told))
"""
WRITER = """
import sys
from serving.store.opened import store_of

store, first = store_of(sys.argv[1]), int(sys.argv[2])
for each in range(first, first + 25):
    rows = [(f"c{place:03d}", b"%d" % each) for place in range(300)]
    print(store.write("churn", rows, columns=[], about={"made": each}).number)
"""
SLOW = """
import sys, time
from serving.store.opened import store_of

def rows():
    for place in range(100_000):
        if place % 1_000 == 0:
            print(place, flush=True)
        yield f"c{place:06d}", b"half" * 100

store_of(sys.argv[1]).write("churn", rows(), columns=[], about={})
"""


def _write(store: Store, made: int) -> str:
    return store.write("churn", [(each, b"%d" % made) for each in IDS], columns=[], about={"made": made}).number


def _run(script: str, *args: object) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", script, *map(str, args)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_a_reader_of_another_process_sees_one_generation_or_the_other_never_a_mixture(uri: str, tmp_path: Path) -> None:
    store, end = store_of(uri), tmp_path / "end"
    _write(store, 0)
    readers = [_run(READER, uri, end) for _ in range(2)]
    try:
        for each in readers:
            assert each.stdout is not None
            assert each.stdout.readline() == "ready\n"
        for made in range(1, SWAPS + 1):
            _write(store, made)
            time.sleep(0.01)
        time.sleep(0.5)
    finally:
        end.touch()
        told = [each.communicate(timeout=60)[0] for each in readers]
    for each in map(json.loads, told):
        assert each["wrong"] == []
        assert each["seen"] == sorted(each["seen"])
        assert each["seen"][-1] == SWAPS
        assert len(set(each["seen"])) > 10
        if "://" not in uri:
            assert each["away"] == []


def test_writers_at_once_never_use_a_number_twice_and_the_last_one_is_current(uri: str) -> None:
    store = store_of(uri)
    numbers: list[str] = []
    processes = [_run(WRITER, uri, first) for first in (1_000, 2_000)]
    threads = [
        threading.Thread(target=lambda first=first: numbers.extend(_write(store, first + each) for each in range(25)))
        for first in (3_000, 4_000)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    for process in processes:
        numbers.extend(process.communicate(timeout=60)[0].split())
        assert process.returncode == 0
    assert len(set(numbers)) == len(numbers) == 100
    current, block = store.current("churn"), store.open("churn")
    assert current is not None
    assert current.number == max(numbers)
    assert set(read(block, *IDS)) == {b"%d" % current.about["made"]}


@pytest.mark.parametrize("rows", [0, 1_000, 50_000, 99_000])
def test_a_writer_that_is_killed_leaves_the_former_generation_current(uri: str, rows: int) -> None:
    store = store_of(uri)
    before = put(store, "churn", [("anna", b"1")])
    writer = _run(SLOW, uri)
    assert writer.stdout is not None
    while int(writer.stdout.readline()) < rows:
        pass
    writer.kill()
    writer.communicate()
    assert store.current("churn") == before
    assert read(store.open("churn"), "anna", "c000000") == [b"1", None]
    after = put(store, "churn", [("ben", b"2")])
    assert store.current("churn") == after
    assert read(store.open("churn"), "anna", "c000000", "ben") == [None, None, b"2"]
