"""A batch as the service reads it: its rows by customer id, in the store."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from models.registry import Registered
from serving.batch.manifest import FRAME, SCORES, Manifest
from serving.block import row_frame, write_rows
from serving.store.layout import Column, Layout
from serving.store.store import Store


def to_store(store: Store, registered: Registered, folder: Path, told: Manifest) -> None:
    """Write the batch in a folder to the store, unless it is there; the service then answers from it.

    Raises what the store raises, and `ValueError` for a batch without its frame.
    """
    current = store.current(registered.artifact.name)
    if current is not None and current.about.get("question") == told["question"]:
        return
    if not any(name.startswith(FRAME) for name in told["files"]):
        raise ValueError(f"the batch in {folder} holds no rows that the service could answer from: nobody was scored")
    about = {key: each for key, each in told.items() if key != "files"}
    write_rows(store, registered, _layout(_parts(registered, folder)), _parts(registered, folder), about=about)


def _parts(registered: Registered, folder: Path) -> Iterator[pd.DataFrame]:
    """Give features and answers side by side, block by block."""
    for frame in sorted((folder / FRAME).glob("part-*.parquet")):
        scores = folder / SCORES / frame.name
        yield row_frame(registered.artifact, pd.read_parquet(frame), pd.read_parquet(scores))


def _layout(parts: Iterator[pd.DataFrame]) -> Layout:
    """Tell the columns of all parts: texts are those of any."""
    found: dict[str, Column] = {}
    for column in (each for part in parts for each in Layout.of(part).columns):
        before = found.get(column.name, column)
        found[column.name] = Column(column.name, column.kind, tuple(sorted({*before.texts, *column.texts})))
    return Layout(tuple(found.values()))
