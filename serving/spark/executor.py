"""What executors do: restore the artifact once per Python worker, and score batch after batch by it."""

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from models.artifact import Artifact

if TYPE_CHECKING:
    from pyspark import Broadcast

Files = dict[str, bytes]
"""The files of an artifact's folder by name."""


@dataclass(frozen=True)
class Job:
    """What is to be done: by which artifact, as which version, without whom, and what comes out.

    `mark` names the column that is true where a customer is left out. `whole`: a customer's rows come one after the
    other, and are scored together.
    """

    id: str
    version: str
    files: "Broadcast[Files]"
    suppressed: "Broadcast[frozenset[str]] | None"
    mark: str | None
    whole: bool
    schema: pa.Schema


def files_of(artifact: Artifact) -> Files:
    """Give the files that `Artifact.save` writes."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "artifact"
        artifact.save(folder)
        return {each.name: each.read_bytes() for each in sorted(folder.iterdir())}


def restored(files: Files) -> Artifact:
    """Take an artifact back from its files. Raises `ArtifactError` where they are not as they were written."""
    with tempfile.TemporaryDirectory() as scratch:
        for name, content in files.items():
            (Path(scratch) / name).write_bytes(content)
        return Artifact.load(Path(scratch))


@dataclass(frozen=True)
class _Key:
    """Files that are told apart by their artifact's id alone."""

    id: str
    files: "Broadcast[Files]" = field(compare=False)


@lru_cache(maxsize=8)
def _restored(key: _Key) -> Artifact:
    return restored(key.files.value)


def score_batches(job: Job, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Score the batches of a partition. Raises `ValueError` for rows without an id, a cutoff or a mark."""
    artifact = _restored(_Key(job.id, job.files))
    for batch in of_whole_customers(batches) if job.whole else batches:
        _check_keys(batch, ["customer_id", "cutoff", "eligible", job.mark, "category" if artifact.categories else None])
        left = batch.filter(pa.array(_kept(batch, job)))
        if left.num_rows == 0:
            continue
        scores = artifact.score(left.to_pandas(), version=job.version)
        yield pa.RecordBatch.from_pandas(scores, schema=job.schema, preserve_index=False)


def of_whole_customers(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Cut batches anew, so that each has all rows of its customers; a customer's rows come one after the other."""
    held: list[pa.RecordBatch] = []
    for batch in batches:
        if batch.num_rows == 0:
            continue
        last = _last_begins(batch)
        if last > 0 or (held and held[-1]["customer_id"][-1] != batch["customer_id"][0]):
            yield from _joined([*held, batch.slice(0, last)])
            held = []
        held.append(batch.slice(last))
    yield from _joined(held)


def _last_begins(batch: pa.RecordBatch) -> int:
    """Find the first row of the last customer."""
    ids = batch["customer_id"]
    changes = np.flatnonzero(np.asarray(pc.fill_null(pc.not_equal(ids[1:], ids[:-1]), True)))
    return int(changes[-1]) + 1 if len(changes) else 0


def _joined(held: list[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    rows = [each for each in held if each.num_rows]
    if rows:
        yield pa.concat_batches(rows)


def _kept(batch: pa.RecordBatch, job: Job) -> NDArray[np.bool_]:
    """Mark the rows of those who may be scored."""
    barred = job.suppressed.value if job.suppressed is not None else frozenset[str]()
    ids, marked = batch["customer_id"], set[str]()
    if job.mark is not None:
        marked = set(ids.filter(batch[job.mark]).to_pylist())
    return np.array([each not in barred and each not in marked for each in ids.to_pylist()], dtype=bool)


def _check_keys(batch: pa.RecordBatch, names: Iterable[str | None]) -> None:
    for name in names:
        empty = batch[name].null_count if name in batch.schema.names else 0
        if empty:
            raise ValueError(f"{name} is empty in {empty} of {batch.num_rows} rows; fill it or drop them")
