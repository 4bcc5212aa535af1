"""Batches in processes of their own, which die by SIGKILL at a point that is named.

What is imported is imported once: each batch is a fork of a process that does nothing else. It reads a line of JSON,
tells the fork's id, and how it ended.
"""

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from models.artifact import Artifact
from models.registry import Registered
from serving.batch import destinations, draft
from serving.batch.destinations import destination
from serving.batch.draft import Draft
from serving.batch.groups import of_rows
from serving.batch.place import Place
from serving.batch.question import Asked
from serving.batch.run import run


class At:
    """Counts how often a point is reached, and dies there at the time that is asked for."""

    def __init__(self, point: str, times: int) -> None:
        self.point = point
        self.left = times

    def reached(self, point: str) -> None:
        """Die, or go on."""
        if point == self.point:
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


def watched(at: At) -> None:
    """Let the draft tell of the points that it passes."""
    replace, finish, write = os.replace, Draft.finish, pq.write_table

    def half_written(table: Any, path: Path, **said: Any) -> None:
        if at.point == "within a part" and at.left == 1:
            write(table.slice(0, len(table) // 2), path, **said)
            path.write_bytes(path.read_bytes()[:-100])
        at.reached("within a part")
        write(table, path, **said)

    def renamed(source: Any, target: Any) -> None:
        part = str(target).endswith(".parquet")
        at.reached("before a part has its name" if part else "before another name")
        replace(source, target)
        at.reached("after a part has its name" if part else "after another name")

    def finished(self: Draft, block: draft.Finished) -> None:
        at.reached("between data and journal")
        if at.point == "within the journal" and at.left == 1:
            line = json.dumps({"block": block.block, "customers": block.customers})
            with (self.folder / draft.JOURNAL).open("a") as journal:
                journal.write(line[:-7])
        at.reached("within the journal")
        finish(self, block)
        at.reached("after the journal")

    shared = destinations.shared  # type: ignore[attr-defined]  # as that module names it

    def streamed(drafts: Any) -> pa.RecordBatchReader:
        rows = shared(drafts)

        def batches() -> Iterator[pa.RecordBatch]:
            for batch in rows:
                yield batch
                at.reached("within the transaction")

        return pa.RecordBatchReader.from_batches(rows.schema, batches())

    rmtree: Callable[..., None] = shutil.rmtree

    def removed(path: Any, **said: Any) -> None:
        at.reached("before the workspace goes")
        rmtree(path, **said)

    changed = [(pq, "write_table", half_written), (Draft, "finish", finished), (os, "replace", renamed)]
    for owner, name, other in [*changed, (destinations, "shared", streamed), (shutil, "rmtree", removed)]:
        setattr(owner, name, other)  # the process is ours


def main(asked: dict[str, Any]) -> None:
    """Score ready rows by saved artifacts."""
    watched(At(asked["point"], asked["times"]))
    models = [Registered(Artifact.load(Path(each)), "1") for each in asked["artifacts"]]
    names = [each.artifact.name for each in models]
    to = destination(asked["to"], names=names, folder=Path(asked["work"]))
    groups = of_rows(
        Place.read(asked["rows"]), models, folder=to.workspace(names[0]) / "copied", keeps_frame=asked["frames"]
    )
    run(groups, Asked(size=asked["size"]), to=to, clock=lambda: datetime(2025, 10, 2, tzinfo=UTC))


def serve() -> None:
    """Fork for each line, and tell how the fork ended: below 0 by a signal."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            main(json.loads(line))
            os._exit(0)
        _say(child)
        _say(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def _say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    serve()
