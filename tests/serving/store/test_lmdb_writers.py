"""Writers of the folder of LMDB files: killed at any step, out of room, at once."""

import threading
from collections.abc import Iterator, Mapping

import pytest

from serving.store.lmdb_store import LmdbStore
from tests.serving.store.asked import put, read
from tests.serving.store.scripts import python


def _there(store: LmdbStore) -> set[str]:
    return {each.name for each in (store.folder / "churn").iterdir()}


def test_drafts_of_the_dead_are_taken_away_by_the_next_writer_those_of_the_living_are_not(
    lmdb_store: LmdbStore,
) -> None:
    put(lmdb_store, "churn", [("anna", b"1")])
    dead = lmdb_store.folder / "churn" / ".draft.dead"
    dead.mkdir()
    (dead / "rows.mdb").write_bytes(b"half")

    def rows() -> Iterator[tuple[str, bytes]]:
        yield "ben", b"2"
        put(lmdb_store, "churn", [("carla", b"3")])
        assert sum(each.startswith(".draft") for each in _there(lmdb_store)) == 1

    made = put(lmdb_store, "churn", rows())
    assert len(_there(lmdb_store)) == 3
    assert lmdb_store.current("churn") == made
    assert read(lmdb_store.open("churn"), "anna", "ben", "carla") == [None, b"2", None]


class Slow(Mapping[str, str]):
    """What a writer tells, which is read while it publishes: then another writer has its rows ready too."""

    def __init__(self, store: LmdbStore) -> None:
        self.numbers: list[str] = []
        self.other = threading.Thread(target=lambda: self.numbers.append(put(store, "churn", [("ben", b"2")]).number))

    def __iter__(self) -> Iterator[str]:
        self.other.start()
        self.other.join(timeout=0.3)
        return iter(["of"])

    def __getitem__(self, key: str) -> str:
        return "the slower"

    def __len__(self) -> int:
        return 1


def test_writers_publish_one_after_the_other(lmdb_store: LmdbStore) -> None:
    about = Slow(lmdb_store)
    made = lmdb_store.write("churn", [("anna", b"1")], columns=[], about=about)
    about.other.join()
    assert made.number < about.numbers[0]
    assert _there(lmdb_store) == {"current", made.number, about.numbers[0]}
    assert read(lmdb_store.open("churn"), "anna", "ben") == [None, b"2"]


KILLED = """
import asyncio, itertools, os, signal, sys
from pathlib import Path
from serving.store.lmdb_store import LmdbStore

EVENTS = ("open", "os.", "shutil.", "fcntl.", "tempfile.", "rows")
store = LmdbStore(Path(sys.argv[1]))
home = store.folder / "churn"

def rows(made):
    for place in range(3_000):
        if place % 1_000 == 0:
            sys.audit("rows")
        yield f"c{place:04d}", b"%d" % made * 50

def write(made):
    store.write("churn", rows(made), columns=[], about={"made": made})

def doomed(step):
    left = step
    def hook(event, args):
        nonlocal left
        if event.startswith(EVENTS) and event != "os.kill":
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(hook)

def check(*expected):
    block = store.open("churn")
    made = block.generation.about["made"]
    assert made in expected, (made, expected)
    block.verify()
    assert set(asyncio.run(block.get([each for each, _ in rows(0)]))) == {b"%d" % made * 50}

turned = set()
for step in itertools.count():
    write(2 * step)
    check(2 * step)
    assert len(list(home.iterdir())) == min(3, 2 + step), list(home.iterdir())
    child = os.fork()
    if child == 0:
        doomed(step)
        write(2 * step + 1)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, -signal.SIGKILL), code
    assert len(list(home.iterdir())) <= 6, list(home.iterdir())
    check(2 * step, 2 * step + 1)
    turned.add(store.current("churn").about["made"] % 2)
    if code == 0:
        break
assert turned == {0, 1}
print(step)
"""


def test_a_writer_killed_at_any_step_leaves_the_old_or_the_new_and_no_junk_that_grows(lmdb_store: LmdbStore) -> None:
    assert int(python(KILLED, lmdb_store.folder)) > 30


FULL = """
import sys
from pathlib import Path
from serving.store.lmdb_store import LmdbStore
from serving.store.store import StoreAway

try:
    LmdbStore(Path(sys.argv[1])).write("churn", ((f"c{each:06d}", b"x" * 360) for each in range(100_000)),
                                       columns=[], about={})
except StoreAway as error:
    print(error)
"""


@pytest.mark.parametrize("limit", [1, 5_000, 100_000, 10_000_000])
def test_no_room_is_told_of_and_leaves_nothing_behind(lmdb_store: LmdbStore, limit: int) -> None:
    before = put(lmdb_store, "churn", [("anna", b"1")])
    assert "cannot be written" in python(FULL, lmdb_store.folder, limit=limit)
    assert _there(lmdb_store) == {"current", before.number}
    assert read(lmdb_store.open("churn"), "anna") == [b"1"]
