"""What a batch of one model has written so far: parts of blocks, and a journal of those that are finished.

A block's files are written beside their names and renamed, and then the journal gets its line: a process that is killed
between the two writes the same files again. So every block is there once, whatever happens.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Self

import pyarrow.parquet as pq

from configs.whole import whole_file
from serving.batch.files import repeated

JOURNAL: Final = "journal.jsonl"
DRAFTS: Final = "drafts"
"""The folder of drafts in a workspace, in which other things lie too."""


@dataclass(frozen=True)
class Written:
    """A file's rows and hash."""

    rows: int
    sha256: str


@dataclass(frozen=True)
class Finished:
    """A block that is whole: its files, how many customers it scored, and how many were left out, by the reason.

    `cutoff` is its rows' latest.
    """

    block: int
    cutoff: str
    customers: int
    left_out: Mapping[str, int]
    files: Mapping[str, Written]

    @classmethod
    def restore(cls, plain: Mapping[str, Any]) -> Self:
        """Take it back from plain data."""
        files = {name: Written(**each) for name, each in plain["files"].items()}
        return cls(**{**plain, "files": files})


@dataclass
class Draft:
    """A folder that becomes the batch of a model. `question` is a hash of all that decides its bytes."""

    folder: Path
    question: str
    started: str
    finished: dict[int, Finished]

    @classmethod
    def at(cls, folder: Path, question: str, *, now: datetime) -> Self:
        """Go on with what is there of the very same question, or begin anew."""
        head, lines = _read(folder / JOURNAL)
        if head.get("question") == question:
            found = [each for each in map(Finished.restore, lines) if _intact(folder, each)]
            made = cls(folder, question, head["started"], {each.block: each for each in found})
        else:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            made = cls(folder, question, now.isoformat(timespec="seconds"), {})
        made._write_journal()
        return made

    def write(self, name: str, block: int, content: Any) -> tuple[str, Written]:
        """Write a block's part of a name; gives its path in the folder, and what was written.

        The content is a table, or a file that holds the rows already.
        """
        path = f"{name}/part-{block:05d}.parquet"
        return path, _put(content, self.folder / path)

    def finish(self, finished: Finished) -> None:
        """Write the journal's line of a block whose files are there."""
        with (self.folder / JOURNAL).open("a", encoding="utf-8") as journal:
            journal.write(_line(finished))
            journal.flush()
            os.fsync(journal.fileno())
        self.finished[finished.block] = finished

    @property
    def files(self) -> dict[str, Written]:
        """All parts, by path, in the order of blocks."""
        return {name: each for _, block in sorted(self.finished.items()) for name, each in sorted(block.files.items())}

    def parts(self, name: str) -> list[Path]:
        """List the parts of a name, in the order of blocks."""
        return [self.folder / each for each in self.files if each.startswith(f"{name}/")]

    def rows(self, name: str) -> int:
        """Count the rows of a name."""
        return sum(each.rows for path, each in self.files.items() if path.startswith(f"{name}/"))

    def _write_journal(self) -> None:
        """Write the journal anew, without a line that was cut off."""
        with whole_file(self.folder / JOURNAL) as draft:
            head = json.dumps({"question": self.question, "started": self.started}) + "\n"
            lines = [_line(each) for _, each in sorted(self.finished.items())]
            draft.write_text(head + "".join(lines), encoding="utf-8")


def begun(folder: Path) -> bool:
    """Whether a folder holds drafts with blocks that are finished."""
    return any(_read(journal)[1] for journal in folder.glob(f"{DRAFTS}/*/{JOURNAL}"))


def _line(finished: Finished) -> str:
    return json.dumps(asdict(finished), sort_keys=True) + "\n"


def _read(journal: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Read a journal's head and its whole lines."""
    read: list[dict[str, Any]] = []
    with suppress(OSError, ValueError):
        for line in journal.read_text(encoding="utf-8").splitlines(keepends=True):
            if not line.endswith("\n"):
                break
            read.append(json.loads(line))
    return (read[0], read[1:]) if read else ({}, [])


def _intact(folder: Path, finished: Finished) -> bool:
    with suppress(OSError):
        return all(hash_of(folder / name) == each.sha256 for name, each in finished.files.items())
    return False


def _put(content: Any, path: Path) -> Written:
    """Write a part whole: a table, or a file that holds the rows already."""
    path.parent.mkdir(exist_ok=True)
    draft = path.with_name(f".{path.name}")
    if isinstance(content, Path):
        draft.unlink(missing_ok=True)
        _link(content, draft)
    else:
        pq.write_table(content, draft, use_dictionary=repeated(content.schema), store_schema=False)
        settled(draft)
    os.replace(draft, path)
    draft.unlink(missing_ok=True)  # two names of one file stay two
    return Written(pq.read_metadata(path).num_rows, hash_of(path))


def settled(file: Path) -> None:
    """Wait until a file is on the disk."""
    with file.open("rb") as opened:
        os.fsync(opened.fileno())


def _link(file: Path, name: Path) -> None:
    try:
        os.link(file, name)
    except OSError:
        shutil.copyfile(file, name)


def hash_of(file: Path) -> str:
    """Hash a file's bytes."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
