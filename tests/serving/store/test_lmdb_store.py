"""The folder of LMDB files: what it looks like, what damage does to it, and how it is shared."""

import json
import shutil
import sys
import threading
from pathlib import Path

import pytest

from serving.store.lmdb_store import LmdbBlock, LmdbStore
from serving.store.store import StoreAway, next_number
from tests.serving.store.asked import put, read
from tests.serving.store.scripts import python

ROWS = {f"c{each:04d}": b"%d" % each * 90 for each in range(3_000)}
linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")


def _opened(store: LmdbStore) -> LmdbBlock:
    block = store.open("churn")
    assert isinstance(block, LmdbBlock)
    return block


def _there(store: LmdbStore) -> set[str]:
    return {each.name for each in (store.folder / "churn").iterdir()}


def _maps(folder: Path) -> int:
    return sum(str(folder) in line for line in Path("/proc/self/maps").read_text().splitlines())


def test_two_generations_are_kept_and_a_link_points_to_the_newer(lmdb_store: LmdbStore) -> None:
    numbers = [put(lmdb_store, "churn", ROWS.items()).number for _ in range(4)]
    assert _there(lmdb_store) == {"current", *numbers[-2:]}
    home = lmdb_store.folder / "churn"
    assert (home / "current").readlink() == Path(numbers[-1])
    assert {each.name for each in (home / "current").iterdir()} == {"generation.json", "rows.mdb"}
    told = json.loads((home / "current" / "generation.json").read_text())
    assert told["bytes"] == (home / "current" / "rows.mdb").stat().st_size
    assert (home / numbers[-1]).stat().st_mode & 0o777 == 0o755


def test_numbers_rise_though_the_clock_goes_back() -> None:
    last = "09999999999999999999"
    assert next_number(last) == "10000000000000000000"
    assert "01700000000000000000" < next_number(None) < last
    assert len(next_number("00000003")) == 20


def test_what_is_taken_away_while_it_is_opened_is_opened_anew(lmdb_store: LmdbStore) -> None:
    put(lmdb_store, "churn", [("anna", b"1")])
    seen: list[Path] = []

    def slowly(place: Path) -> LmdbBlock:
        seen.append(place)
        if len(seen) == 1:
            for _ in range(2):
                put(lmdb_store, "churn", [("anna", b"2")])
        return LmdbBlock(place)

    assert read(lmdb_store._try("churn", slowly), "anna") == [b"2"]
    assert [each.exists() for each in seen] == [False, True]


@pytest.mark.parametrize("kept", [0, 1, 4_096, 8_192, 0.5, -4_096, -1])
def test_a_truncated_file_is_told_of(lmdb_store: LmdbStore, kept: float) -> None:
    put(lmdb_store, "churn", ROWS.items())
    rows = lmdb_store.folder / "churn" / "current" / "rows.mdb"
    whole = rows.read_bytes()
    rows.write_bytes(whole[: int(kept * len(whole)) if isinstance(kept, float) else kept])
    with pytest.raises(StoreAway, match=f"not the {len(whole)} written; write the block anew"):
        lmdb_store.open("churn")


DAMAGED = """
import random, sys
from pathlib import Path
from serving.store.lmdb_store import LmdbStore
from serving.store.store import StoreAway

store = LmdbStore(Path(sys.argv[1]))
rows = store.folder / "churn" / "current" / "rows.mdb"
whole, told = rows.read_bytes(), 0
drawn = random.Random(0)
places = [*range(0, 200, 3), *range(4096, 4296, 3), *(drawn.randrange(len(whole)) for _ in range(100))]
for place in places:
    rows.unlink()
    rows.write_bytes(whole[:place] + bytes([whole[place] ^ drawn.randrange(1, 256)]) + whole[place + 1:])
    try:
        store.open("churn").verify()
    except StoreAway as error:
        assert "anew" in str(error), error
        told += 1
assert told == len(places)
rows.unlink()
rows.write_bytes(whole)
store.open("churn").verify()
"""


def test_a_file_with_one_wrong_byte_is_told_of_by_its_hash_and_ends_no_process(lmdb_store: LmdbStore) -> None:
    put(lmdb_store, "churn", ROWS.items())
    python(DAMAGED, lmdb_store.folder)


def test_what_is_no_generation_is_told_of_and_written_over(lmdb_store: LmdbStore) -> None:
    put(lmdb_store, "churn", ROWS.items())
    current = lmdb_store.folder / "churn" / "current"
    for wrong in ["", "{}", "[]", "null", '{"generation": {"name": "churn"}, "bytes": 1, "sha256": ""}', "\udcff"]:
        (current / "generation.json").write_text(wrong, errors="surrogateescape")
        with pytest.raises(StoreAway, match="write the block anew"):
            lmdb_store.current("churn")
        with pytest.raises(StoreAway, match="write the block anew"):
            lmdb_store.open("churn")
    shutil.rmtree(current.resolve())
    with pytest.raises(StoreAway, match="write the block anew"):
        lmdb_store.open("churn")
    made = put(lmdb_store, "churn", ROWS.items())
    assert lmdb_store.current("churn") == made
    (current / "rows.mdb").unlink()
    with pytest.raises(StoreAway, match=r"rows\.mdb|read"):
        lmdb_store.open("churn")
    put(lmdb_store, "churn", ROWS.items())
    assert read(lmdb_store.open("churn"), "c0001") == [ROWS["c0001"]]


def test_a_folder_that_cannot_be_made_or_read_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "store"):
        with pytest.raises(StoreAway, match="cannot be written"):
            put(LmdbStore(folder), "churn", [("anna", b"1")])
        with pytest.raises(StoreAway, match="cannot be read"):
            LmdbStore(folder).current("churn")


@linux
def test_a_folder_that_may_not_be_written_is_told_of() -> None:
    with pytest.raises(StoreAway, match=r"cannot be written: .*; see to its rights"):
        put(LmdbStore(Path("/proc/augury")), "churn", [("anna", b"1")])


def test_reading_writes_nothing(lmdb_store: LmdbStore) -> None:
    """So that readers may have no right to write."""
    put(lmdb_store, "churn", ROWS.items())
    before = {each: each.lstat().st_mtime_ns for each in lmdb_store.folder.rglob("*")}
    block = lmdb_store.open("churn")
    assert read(block, "c0001", "nobody") == [ROWS["c0001"], None]
    assert {each: each.lstat().st_mtime_ns for each in lmdb_store.folder.rglob("*")} == before


CLOSED = """
import asyncio, shutil, sys, threading, time
from pathlib import Path
from serving.store.lmdb_store import LmdbStore
from serving.store.store import StoreAway

store, asked = LmdbStore(Path(sys.argv[1])), [f"c{each:04d}" for each in range(3_000)]
for _ in range(30):
    store.write("churn", [(each, b"1" * 1_000) for each in asked], columns=[], about={})
    block = store.open("churn")
    told = []
    def ask():
        try:
            while True:
                assert set(asyncio.run(block.get(asked))) == {b"1" * 1_000}
        except StoreAway as error:
            told.append(str(error))
    threads = [threading.Thread(target=ask) for _ in range(4)]
    for each in threads:
        each.start()
    time.sleep(0.005)
    shutil.rmtree(store.folder / "churn")
    block.close()
    for each in threads:
        each.join()
    assert len(told) == 4 and all("was closed" in each for each in told), told
"""


def test_a_block_may_be_closed_and_its_files_removed_while_threads_read_it(lmdb_store: LmdbStore) -> None:
    python(CLOSED, lmdb_store.folder)


@linux
def test_blocks_of_a_file_share_one_map_which_goes_with_the_last_of_them(lmdb_store: LmdbStore) -> None:
    put(lmdb_store, "churn", ROWS.items())
    blocks = [_opened(lmdb_store), _opened(LmdbStore(lmdb_store.folder)), _opened(lmdb_store)]
    assert _maps(lmdb_store.folder) == 1
    blocks.pop(0).close()
    assert [read(each, "c0001") for each in blocks] == [[ROWS["c0001"]]] * 2
    blocks.clear()
    assert _maps(lmdb_store.folder) == 0
    again = _opened(lmdb_store)
    again.close()
    assert _maps(lmdb_store.folder) == 0


def test_threads_may_open_and_let_go_at_once(lmdb_store: LmdbStore) -> None:
    put(lmdb_store, "churn", ROWS.items())
    wrong: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(2_000):
                assert _opened(lmdb_store).size > 0
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert wrong == []
