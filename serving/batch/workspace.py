"""Where a batch is made before it is there: by one process at a time, and what a killed one finished is found again."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from serving.batch.draft import begun


class InUse(OSError):
    """Another process writes the same batch."""


@contextmanager
def workspace(folder: Path, *, of: str) -> Iterator[Path]:
    """Hold a folder until the block ends; it goes when all went well, and stays for the next try where not.

    A process that is killed lets go of it. Raises `InUse`, which says what the folder is `of`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        _hold(handle, folder, of)
        try:
            yield folder
        except BaseException:
            if not begun(folder):
                shutil.rmtree(folder)
            raise
        shutil.rmtree(folder)
    finally:
        os.close(handle)


def _hold(handle: int, folder: Path, of: str) -> None:
    told = f"another process writes {of} now; wait until it has ended"
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not os.path.samestat(os.fstat(handle), folder.stat()):
            raise InUse(told)
    except (BlockingIOError, FileNotFoundError) as error:
        raise InUse(told) from error
