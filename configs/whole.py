"""Files and folders that appear whole or not at all."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Fill a folder beside `path`; it takes that name (and the place of an older one) only when all went well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        yield draft
        draft.chmod(0o755)
        if path.exists():
            older = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
            os.replace(path, older / "was")
            os.replace(draft, path)
            shutil.rmtree(older)
        else:
            os.replace(draft, path)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Write a file beside `path`; it takes that name only when all went well."""
    with _draft(path) as draft:
        yield draft
        os.replace(draft, path)


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Make a file beside `path`, which is not there yet; it takes that name only when all went well.

    Where another process was faster, its file stays.
    """
    with _draft(path) as draft:
        yield draft
        with suppress(FileExistsError):
            os.link(draft, path)


@contextmanager
def _draft(path: Path) -> Iterator[Path]:
    """Make an empty file beside `path` that everybody may read, and take it away in the end."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    draft = Path(name)
    draft.chmod(0o644)
    try:
        yield draft
    finally:
        draft.unlink(missing_ok=True)
