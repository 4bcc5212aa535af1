"""The embedded store: a folder of LMDB files, one a generation, mapped once for all workers of a machine.

`FOLDER/NAME/NUMBER/rows.mdb` holds a generation's rows, `generation.json` beside it what it is, how many bytes the rows
have and their SHA-256. The folder must be of a disk of this machine: no network file system can share pages.
"""

import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar, cast
from weakref import WeakValueDictionary

import lmdb

from serving.store.generations import Generations, away
from serving.store.rows import TWICE, Pair, batches, id_bytes
from serving.store.store import Block, Generation, NotAsWritten, StoreAway, check_name

LONGEST: Final = 511
"""Bytes of a key, LMDB's own limit."""
_ROWS: Final = "rows.mdb"
_ABOUT: Final = "generation.json"
_BATCH_BYTES: Final = 1 << 24
_BATCH_ROWS: Final = 50_000
_SPARE: Final = 1 << 26
_KEPT: Final = LONGEST - 1 - hashlib.sha256().digest_size
_maps: Final = WeakValueDictionary[tuple[int, int], lmdb.Environment]()
_mapping: Final = threading.Lock()
T = TypeVar("T")
Get = Callable[[bytes], bytes | None]


class LmdbBlock:
    """A generation's file, mapped: pages are shared by all processes that read it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.generation, self.size, self.sha256 = _read(folder)
        self._rows: lmdb.Environment | None = _mapped(folder / _ROWS, self.size)

    async def get(self, customer_ids: Sequence[str]) -> list[bytes | None]:
        """Give each customer's bytes."""
        rows = self._rows
        if rows is None:
            raise StoreAway(f"the block at {self.folder} was closed; open the current one")
        try:
            with rows.begin() as reading:
                get = cast(Get, reading.get)
                return [_found(get, each) for each in customer_ids]
        except lmdb.Error as error:
            raise _unable(self.folder, "read", error) from error

    def verify(self) -> None:
        """Read the file and compare its hash; .2 s for 400 MB in memory. What is read is in memory afterwards."""
        with away(self.folder, "read"), (self.folder / _ROWS).open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        if sha256 != self.sha256:
            raise NotAsWritten(f"the rows at {self.folder} are not those that were written; write the block anew")

    def close(self) -> None:
        """Let go of the map, which goes with the last reader: unmapped under one, it would end the process."""
        self._rows = None


class LmdbStore:
    """Blocks in a folder, which is made by the first that is written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def current(self, name: str) -> Generation | None:
        """Read what the link points to."""
        found = self._try(name, _read)
        return None if found is None else found[0]

    def open(self, name: str) -> Block | None:
        """Map what the link points to."""
        return self._try(name, LmdbBlock)

    def write(
        self,
        name: str,
        rows: Iterable[tuple[str, bytes]],
        *,
        columns: Sequence[str],
        about: Mapping[str, Any],
    ) -> Generation:
        """Write a folder beside the others, then turn the link; ids in order take a third of the time."""
        generations = self._of(name)
        with generations.draft() as draft:
            customers = _write(draft / _ROWS, rows)
            told = _told(draft / _ROWS)
            with generations.publishing(draft) as number:
                made = Generation.made(name, number, columns=columns, customers=customers, about=about)
                plain = {"generation": made.plain(), **told}
                (draft / _ABOUT).write_text(json.dumps(plain, indent=1) + "\n", encoding="utf-8")
        return made

    def _of(self, name: str) -> Generations:
        check_name(name)
        return Generations(self.folder / name)

    def _try(self, name: str, opened: Callable[[Path], T]) -> T | None:
        """Read what is current; once more where it was taken away meanwhile, since newer ones were written."""
        generations = self._of(name)
        place = generations.current()
        try:
            return None if place is None else opened(place)
        except StoreAway:
            newer = generations.current()
            if newer is None or newer == place:
                raise
            return opened(newer)


@contextmanager
def _telling(place: Path, what: str) -> Iterator[None]:
    """Say of what LMDB cannot do that the store is away."""
    try:
        yield
    except lmdb.Error as error:
        raise _unable(place, what, error) from error


def _unable(place: Path, what: str, error: lmdb.Error) -> StoreAway:
    return StoreAway(f"{place} cannot be {what}: {error}; see to the room on its disk, then write the block anew")


def _read(folder: Path) -> tuple[Generation, int, str]:
    """Read what a generation is, how many bytes its rows have and their hash."""
    try:
        told = json.loads((folder / _ABOUT).read_text(encoding="utf-8"))
        return Generation.restore(told["generation"]), int(told["bytes"]), str(told["sha256"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreAway(f"the generation at {folder} cannot be read: {error}; write the block anew") from error


def _told(path: Path) -> dict[str, Any]:
    with away(path.parent, "read"), path.open("rb") as file:
        return {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def _mapped(path: Path, size: int) -> lmdb.Environment:
    """Map a file of a known size; LMDB wants it mapped once a process, so that all blocks of a file share the map."""
    with away(path, "read"):
        found = path.stat()
    if found.st_size != size:
        raise StoreAway(f"{path} has {found.st_size} bytes, not the {size} written; write the block anew")
    key = found.st_dev, found.st_ino
    with _mapping:
        shared = _maps.get(key)
        if shared is None:
            shared = _maps[key] = _map(path, size)
        return shared


def _map(path: Path, size: int) -> lmdb.Environment:
    with _telling(path, "read"):
        rows = _opened(path, patience=1.0)
        if (rows.info()["last_pgno"] + 1) * rows.stat()["psize"] > size:
            raise StoreAway(f"{path} speaks of pages that it has not; write the block anew")
    return rows


def _opened(path: Path, *, patience: float) -> lmdb.Environment:
    """Open a file for reading; the last to let go of it may need a moment, in seconds, to be done."""
    end = time.monotonic() + patience
    while True:
        try:
            return lmdb.open(str(path), subdir=False, readonly=True, lock=False, readahead=False)
        except lmdb.Error as error:
            if "already open" not in str(error) or time.monotonic() > end:
                raise
            time.sleep(0.001)


def _write(path: Path, rows: Iterable[tuple[str, bytes]]) -> int:
    """Put rows into a new file; gives how many there were."""
    with _telling(path.parent, "written"):
        made = lmdb.open(str(path), subdir=False, lock=False, sync=False)
    try:
        count, last = 0, b""
        for batch in batches(rows, size=_BATCH_BYTES, most=_BATCH_ROWS):
            pairs = sorted(_pair(*each) for each in batch)
            with _telling(path.parent, "written"):
                _put(made, pairs, append=pairs[0][0] > last)
            count, last = count + len(pairs), max(last, pairs[-1][0])
        with _telling(path.parent, "written"):
            made.sync(True)
    finally:
        made.close()
    return count


def _put(made: lmdb.Environment, pairs: list[Pair], *, append: bool) -> None:
    """Put sorted pairs, behind all others where `append`; the map grows by what they may need in the worst order."""
    page = made.stat()["psize"]
    needed = sum(len(key) + len(row) + page for key, row in pairs)
    made.set_mapsize((made.info()["last_pgno"] + 1) * page + 2 * needed + _SPARE)
    with made.begin(write=True) as writing, writing.cursor() as cursor:
        _, added = cursor.putmulti(pairs, overwrite=False, append=append)
        if added != len(pairs):
            raise ValueError(TWICE)


def _pair(key: bytes, row: bytes) -> Pair:
    """Give what is stored: a key that is too long is cut and hashed, and stands whole before its row."""
    return (key, row) if len(key) <= LONGEST else (_cut(key), _head(key) + row)


def _found(get: Get, customer_id: str) -> bytes | None:
    key = id_bytes(customer_id)
    if 0 < len(key) <= LONGEST:
        return get(key)
    row, head = get(_cut(key)), _head(key)
    return row[len(head) :] if row is not None and row.startswith(head) else None


def _cut(key: bytes) -> bytes:
    """Shorten a key to what LMDB takes, in nearly the same order; no id is like it, since 255 is no byte of UTF-8."""
    return key[:_KEPT] + b"\xff" + hashlib.sha256(key).digest()


def _head(key: bytes) -> bytes:
    return len(key).to_bytes(4, "big") + key
