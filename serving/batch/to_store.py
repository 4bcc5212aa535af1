"""A batch as the service reads it: its rows by customer id, in the store."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from models.artifact import Artifact
from models.registry import Registered
from serving.batch import manifest
from serving.batch.manifest import FRAME, MANIFEST, SCORES, TERMS, Manifest
from serving.batch.workspace import InUse
from serving.block import row_frame, write_rows
from serving.store.layout import Column, Layout
from serving.store.store import Store


def to_store(store: Store, registered: Registered, folder: Path, told: Manifest) -> None:
    """Write the batch in a folder to the store, unless it is there; the service then answers from it.

    Raises what the store raises, `ValueError` for a batch without its frame, and `InUse` where another takes its place
    in the folder meanwhile; the store then keeps what it has.
    """
    current = store.current(registered.artifact.name)
    if current is not None and current.about.get("question") == told["question"]:
        return
    if told["rows"] and not any(name.startswith(f"{FRAME}/") for name in told["files"]):
        raise ValueError(
            f"the batch in {folder} holds no rows that the service could answer from: its frame is not there"
        )
    about = {key: each for key, each in told.items() if key != "files"}
    layout = _layout(_parts(registered, folder, told))
    write_rows(store, registered, layout, _parts(registered, folder, told), about=about)


def _parts(registered: Registered, folder: Path, told: Manifest) -> Iterator[pd.DataFrame]:
    """Give features and answers side by side, block by block, all of the very batch that is told of. Raises `InUse`."""
    if not told["rows"]:
        yield _nobody(registered.artifact)
    try:
        for name in [each for each in told["files"] if each.startswith(f"{FRAME}/")]:
            scores, terms = (f"{each}/{Path(name).name}" for each in (SCORES, TERMS))
            frame, said = (pd.read_parquet(folder / each) for each in (name, scores))
            why = pd.read_parquet(folder / terms) if terms in told["files"] else None
            yield row_frame(registered.artifact, frame, said, why)
        same = manifest.read(folder / MANIFEST) == told
    except FileNotFoundError:
        same = False
    if not same:
        raise InUse(f"another process has put another batch into {folder}; the store gets that one from there")


def _nobody(artifact: Artifact) -> pd.DataFrame:
    """Give the columns of a batch that scored nobody."""
    numbers = pd.DataFrame(columns=[*artifact.features], dtype="float64")
    texts = pd.DataFrame(columns=["customer_id", *(["category"] if artifact.categories else [])], dtype="str")
    frame = texts.join(numbers).assign(cutoff=pd.Series(dtype="datetime64[us]"))
    return row_frame(artifact, frame, pd.DataFrame({"score": pd.Series(dtype="float64")}))


def _layout(parts: Iterator[pd.DataFrame]) -> Layout:
    """Tell the columns of all parts: texts are those of any."""
    found: dict[str, Column] = {}
    for column in (each for part in parts for each in Layout.of(part).columns):
        before = found.get(column.name, column)
        found[column.name] = Column(column.name, column.kind, tuple(sorted({*before.texts, *column.texts})))
    return Layout(tuple(found.values()))
