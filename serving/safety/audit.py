"""Who asked for what: a JSON line for each request, without personal data.

All workers of a machine append to one file, `audit.jsonl`. They take turns by a lock, once for all lines that wait, so
that a line is whole or not there: what a full disk or a killed process left of one is taken away by the next. A thread
writes; answering a request never waits for it. What was noted within the last quarter of a second is lost when a
process is killed, and a little more when the machine is.
"""

import logging
import os
import re
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from serving.safety.locked import locked

logger = logging.getLogger(__name__)

SIZE: Final = 64 * 2**20
"""Bytes at which a file ends."""
_PAUSE: Final = 0.25
_CHUNK: Final = 1_000
_BLOCK: Final = 2**16


class Line(Struct, frozen=True, gc=False):
    """A request: when (UTC), its id, the key's id, the action, the models that were asked, and how it ended.

    `models` are names of served models, never what a request calls a model: that may be anything.
    """

    time: datetime
    request_id: str
    key: str
    action: str
    models: Sequence[str]
    customers: int
    refusals: int
    status: int
    ms: float


class Audit:
    """A log in a folder, of requests or, under another `name`, of what else is told line by line.

    A file ends at `size` bytes; beside it `kept` older ones stay (`audit.1.jsonl` the newest). The oldest is then
    `deleted`, which counts such files, and told once.
    """

    def __init__(
        self, folder: Path, *, name: str = "audit", waiting: int = 20_000, size: int = SIZE, kept: int = 16
    ) -> None:
        """Start the thread. Up to `waiting` lines wait for it."""
        self.path = folder / f"{name}.jsonl"
        self.dropped, self.lost, self.written, self.deleted = 0, 0, 0, 0
        self._waiting, self._size, self._kept = waiting, size, kept
        self._lines: deque[Struct] = deque()
        self._awake, self._closing, self._failing = threading.Event(), False, False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def note(self, line: Struct) -> None:
        """Put a line to those that wait, from one thread. Where too many wait it is `dropped`, which is a counter."""
        waiting = len(self._lines)
        if waiting >= self._waiting or self._closing:
            self.dropped += 1
            return
        self._lines.append(line)
        if waiting == self._waiting // 2:
            self._awake.set()

    def close(self, patience: float = 5.0) -> None:
        """Write what waits, for so many seconds at most; later lines are dropped."""
        self._closing = True
        self._awake.set()
        self._thread.join(patience)

    def _run(self) -> None:
        while not self._closing:
            self._awake.wait(_PAUSE)
            self._awake.clear()
            self._flush()
        self._flush()

    def _flush(self) -> None:
        """Write all that wait now; lines that cannot be written are `lost`, which is a counter, and told once."""
        while self._lines:
            lines = self._encoded([self._lines.popleft() for _ in range(min(len(self._lines), _CHUNK))])
            try:
                self._write(lines)
                self.written += len(lines)
                self._failing = False
            except OSError as error:
                self.lost += len(lines)
                if not self._failing:
                    logger.error("audit lines are lost: %s", error)
                self._failing = True

    def _encoded(self, lines: Sequence[Struct]) -> list[bytes]:
        """Give the lines as JSON, those that can be: no line may end the thread."""
        encoded = []
        for each in lines:
            try:
                encoded.append(msgspec.json.encode(each) + b"\n")
            except (ValueError, TypeError):
                self.lost += 1
        return encoded

    def _write(self, lines: Sequence[bytes]) -> None:
        with locked(self.path.parent):
            self._delete(_turned(self.path, self._size, self._kept))
            _append(self.path, b"".join(lines))

    def _delete(self, files: int) -> None:
        """Count files that were deleted, and tell of the first."""
        if files and not self.deleted:
            told = "the disk that the %s log may take is full: its oldest lines are deleted; keep copies, or allow more"
            logger.warning(f"{told} by AUGURY_AUDIT_GB", self.path.stem)
        self.deleted += files


def kept_on(disk: float) -> int:
    """Give how many older files may stay beside the one that is written, on so many bytes of disk."""
    return max(0, int(disk // SIZE) - 1)


def _append(path: Path, content: bytes) -> None:
    """Append lines, all or none, where nobody else writes."""
    file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        end = _mended(file)
        try:
            while content:
                content = content[os.write(file, content) :]
        except OSError:
            os.ftruncate(file, end)
            raise
    finally:
        os.close(file)


def _mended(file: int) -> int:
    """Take away a line that was begun and never ended; gives where the file ends."""
    end = whole = os.fstat(file).st_size
    while whole and os.pread(file, 1, whole - 1) != b"\n":
        start = max(0, whole - _BLOCK)
        whole = start + os.pread(file, whole - start, start).rfind(b"\n") + 1
    if whole < end:
        os.ftruncate(file, whole)
    return whole


def _turned(path: Path, size: int, kept: int) -> int:
    """Move a file that is full out of the way and the older ones on; gives how many were too many, and deleted."""
    if not path.exists() or path.stat().st_size < size:
        return 0
    files = [path, *_older(path)]
    for place, each in reversed(list(enumerate(files, 1))):
        with suppress(FileNotFoundError):  # somebody took it away
            if place > kept:
                each.unlink()
            else:
                os.replace(each, path.with_name(f"{path.stem}.{place}.jsonl"))
    return max(0, len(files) - kept)


def _older(path: Path) -> list[Path]:
    """List the older files, the newest first."""
    named = re.compile(rf"{path.stem}\.([1-9][0-9]*)\.jsonl")
    found = [(int(told[1]), each) for each in path.parent.iterdir() if (told := named.fullmatch(each.name))]
    return [each for _, each in sorted(found)]
