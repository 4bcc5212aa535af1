"""The embedded store: a folder of LMDB files, one a generation, mapped once for all workers of a machine."""

import json
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import lmdb

from configs.whole import whole_folder
from serving.store.store import Block, Generation, StoreAway

LONGEST: Final = 511
"""Bytes of a key, LMDB's own limit."""
_CURRENT: Final = "current"
_ABOUT: Final = "generation.json"
_BATCH: Final = 50_000
_KEPT: Final = 2
_FIRST: Final = 1 << 26


class LmdbBlock:
    """A generation's file, mapped: pages are shared by all processes that read it."""

    def __init__(self, folder: Path) -> None:
        self.generation = _read(folder)
        self.mapped = lmdb.open(str(folder / "rows"), readonly=True, lock=False, readahead=False, max_readers=1)

    async def get(self, customer_ids: Sequence[str]) -> list[bytes | None]:
        """Give each customer's bytes."""
        with self.mapped.begin() as reading:
            return [reading.get(each.encode()) if _fits(each) else None for each in customer_ids]

    def close(self) -> None:
        """Unmap the file."""
        self.mapped.close()


class LmdbStore:
    """Blocks in a folder: `NAME/NUMBER/` holds a generation, the link `NAME/current` points to one of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def current(self, name: str) -> Generation | None:
        """Read what the link points to."""
        place = self._place(name)
        return None if place is None else _read(place)

    def open(self, name: str) -> Block | None:
        """Map what the link points to."""
        place = self._place(name)
        if place is None:
            return None
        try:
            return LmdbBlock(place)
        except lmdb.Error as error:
            raise StoreAway(f"the block {name!r} at {place} cannot be read: {error}; write it anew") from error

    def write(
        self,
        name: str,
        rows: Iterable[tuple[str, bytes]],
        *,
        columns: Sequence[str],
        about: Mapping[str, Any],
    ) -> Generation:
        """Write a folder beside the others, then turn the link; older generations but one are taken away."""
        home = self.folder / name
        number = _next(home)
        with whole_folder(home / number) as draft:
            customers = _write(draft / "rows", rows)
            made = Generation(name, number, tuple(columns), customers, dict(about))
            (draft / _ABOUT).write_text(json.dumps(made.plain(), indent=1) + "\n", encoding="utf-8")
        _point(home, number)
        for older in _numbers(home)[:-_KEPT]:
            shutil.rmtree(home / older, ignore_errors=True)
        return made

    def _place(self, name: str) -> Path | None:
        link = self.folder / name / _CURRENT
        try:
            return link.parent / os.readlink(link)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreAway(f"the store at {self.folder} cannot be read: {error}") from error


def _read(folder: Path) -> Generation:
    try:
        return Generation.restore(json.loads((folder / _ABOUT).read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreAway(f"the generation at {folder} cannot be read: {error}; write it anew") from error


def _write(path: Path, rows: Iterable[tuple[str, bytes]]) -> int:
    """Put rows into a new file, which grows as it must; gives how many there were."""
    count, batch = 0, list[tuple[bytes, bytes]]()
    made = lmdb.open(str(path), map_size=_FIRST, sync=False, lock=False, writemap=False)
    try:
        for customer_id, row in rows:
            batch.append((_key(customer_id), row))
            if len(batch) == _BATCH:
                count += _put(made, batch)
                batch.clear()
        count += _put(made, batch)
        made.sync(True)
    finally:
        made.close()
    return count


def _put(made: lmdb.Environment, batch: list[tuple[bytes, bytes]]) -> int:
    needed = 2 * sum(len(key) + len(row) + 64 for key, row in batch) + _FIRST
    made.set_mapsize(made.info()["last_pgno"] * 4096 + needed)
    with made.begin(write=True) as writing:
        for key, row in batch:
            if not writing.put(key, row, overwrite=False):
                raise ValueError("a customer comes twice in the rows of a block; give each customer's rows as one")
    return len(batch)


def _key(customer_id: str) -> bytes:
    if not _fits(customer_id):
        raise ValueError(
            f"an id of {len(customer_id.encode())} bytes cannot be a key; ids have 1 to {LONGEST} bytes of UTF-8"
        )
    return customer_id.encode()


def _fits(customer_id: str) -> bool:
    return 0 < len(customer_id.encode()) <= LONGEST


def _numbers(home: Path) -> list[str]:
    return sorted(each.name for each in home.iterdir() if each.name.isdigit()) if home.is_dir() else []


def _next(home: Path) -> str:
    return f"{int((_numbers(home) or ['0'])[-1]) + 1:08d}"


def _point(home: Path, number: str) -> None:
    """Turn the link in one step."""
    draft = home / f".{_CURRENT}.{number}.{os.getpid()}"
    with suppress(FileNotFoundError):
        draft.unlink()
    draft.symlink_to(number)
    os.replace(draft, home / _CURRENT)
