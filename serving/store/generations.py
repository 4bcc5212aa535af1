"""Generations as folders: filled aside, made current in one step, taken away when two newer ones are there.

`HOME/NUMBER/` is a generation, the link `HOME/current` points to one of them. What begins with a dot is not finished.
Writers take turns by locks on folders, which a process loses when it dies, however it does.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from serving.store.store import StoreAway, next_number

_CURRENT: Final = "current"
_DRAFT: Final = ".draft."


@contextmanager
def away(place: Path, what: str) -> Iterator[None]:
    """Say of what the system refuses here that the store is away: `place` cannot be `what` ("read", "written")."""
    try:
        yield
    except StoreAway:
        raise
    except OSError as error:
        raise StoreAway(
            f"{place} cannot be {what}: {error.strerror or error}; see to its rights and to the room on its disk"
        ) from error


class Generations:
    """The generations of one block."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def current(self) -> Path | None:
        """Give the folder that is current; None where there is none. Raises `StoreAway`."""
        with away(self.home, "read"):
            try:
                return self.home / os.readlink(self.home / _CURRENT)
            except FileNotFoundError:
                return None

    @contextmanager
    def draft(self) -> Iterator[Path]:
        """Give a new folder to fill, which is taken away unless it is published; so are those of writers who died."""
        with away(self.home, "written"):
            self.home.mkdir(parents=True, exist_ok=True)
            with _alone(self.home):
                self._sweep()
                draft = Path(tempfile.mkdtemp(prefix=_DRAFT, dir=self.home))
                held = _hold(draft)
        try:
            yield draft
        finally:
            shutil.rmtree(draft, ignore_errors=True)
            os.close(held)

    @contextmanager
    def publishing(self, draft: Path) -> Iterator[str]:
        """Give the draft's number, to be written down in it; then it is current, and older ones but one are gone.

        Numbers are nanoseconds of 1970, and always greater than the ones before.
        """
        with away(self.home, "written"), _alone(self.home):
            former = self.current()
            number = self._next()
            yield number
            draft.chmod(0o755)
            _settle(*draft.iterdir(), draft)
            os.rename(draft, self.home / number)
            self._point(number)
            _settle(self.home)
            self._clear({number, former.name if former else number})

    def _numbers(self) -> list[str]:
        return [each.name for each in self.home.iterdir() if each.name.isdigit()]

    def _next(self) -> str:
        return next_number(max(self._numbers(), key=int, default=None))

    def _point(self, number: str) -> None:
        """Turn the link in one step."""
        link = self.home / f".{_CURRENT}"
        link.unlink(missing_ok=True)
        link.symlink_to(number)
        os.replace(link, self.home / _CURRENT)

    def _clear(self, kept: set[str]) -> None:
        for older in set(self._numbers()) - kept:
            shutil.rmtree(self.home / older, ignore_errors=True)

    def _sweep(self) -> None:
        """Take away drafts that nobody holds."""
        for draft in self.home.glob(f"{_DRAFT}*"):
            try:
                held = _hold(draft)
            except OSError:
                continue
            shutil.rmtree(draft, ignore_errors=True)
            os.close(held)


def _hold(folder: Path, *, wait: bool = False) -> int:
    """Lock a folder until the descriptor that is given is closed. Raises `OSError` where another holds it."""
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        os.close(held)
        raise
    return held


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    held = _hold(folder, wait=True)
    try:
        yield
    finally:
        os.close(held)


def _settle(*paths: Path) -> None:
    """Wait until files and folders are on the disk."""
    for path in paths:
        held = os.open(path, os.O_RDONLY)
        try:
            os.fsync(held)
        finally:
            os.close(held)
