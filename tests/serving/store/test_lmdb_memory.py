"""Workers share the pages of a block: four of them need the memory of one copy."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from serving.store.lmdb_store import LmdbStore
from tests.serving.store.asked import put

CUSTOMERS, ROW, MB = 200_000, 1_000, 1_000_000
READER = """
import asyncio, sys
from pathlib import Path
from serving.store.lmdb_store import LmdbStore

block = LmdbStore(Path(sys.argv[1])).open("churn")

async def main():
    for start in range(0, 200_000, 1_000):
        await block.get([f"c{each:06d}" for each in range(start, start + 1_000)])

asyncio.run(main())
print("read", flush=True)
sys.stdin.read()
"""


def _of_file(pid: int, name: str) -> dict[str, int]:
    """Sum what a process has of a file, in bytes: `Rss` all of its pages, `Pss` its share of them."""
    told = {"Rss": 0, "Pss": 0, "Private_Dirty": 0}
    inside = False
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
            inside = line.endswith(name)
        elif inside and (key := line.split(":")[0]) in told:
            told[key] += int(line.split()[1]) * 1024
    return told


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process's share of shared pages")
def test_four_workers_hold_one_copy(lmdb_store: LmdbStore) -> None:
    put(lmdb_store, "churn", ((f"c{each:06d}", b"x" * ROW) for each in range(CUSTOMERS)))
    size = (lmdb_store.folder / "churn" / "current" / "rows.mdb").stat().st_size
    assert size > 200 * MB
    command = [sys.executable, "-c", READER, str(lmdb_store.folder)]
    readers = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(4)]
    try:
        for each in readers:
            assert each.stdout is not None
            assert each.stdout.readline() == b"read\n"
        held = [_of_file(each.pid, "rows.mdb") for each in readers]
        own = [_anonymous(each.pid) for each in readers]
    finally:
        for each in readers:
            each.communicate(b"")
    assert all(each["Rss"] > 0.95 * size for each in held), held
    assert sum(each["Pss"] for each in held) < 1.05 * size
    assert sum(each["Private_Dirty"] for each in held) == 0
    assert max(own) < 100 * MB, own


def _anonymous(pid: int) -> int:
    """Give what a process has of its own, in bytes."""
    told = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return 1024 * sum(int(each) for each in re.findall(r"^Anonymous: +(\d+)", told, re.MULTILINE))
