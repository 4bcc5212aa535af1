"""Frames on disk: Parquet by cutoff, with a manifest of what they are made of, so that they can be made again."""

import platform
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pandas as pd

from configs.registry import UnknownName
from configs.whole import whole_folder
from features.frame import frame
from features.history import History
from features.manifest import MANIFEST, Manifest, hashes
from features.snapshot import Asked, snapshot

Step = Callable[[str], None]

_UNKNOWN: Final = (
    "the manifest knows no reason; sums of doubles differ in their last digits where rows come in another order, "
    "and on the duckdb engine from run to run"
)


def build(history: History, asked: Asked, to: Path, *, dataset: str, step: Step) -> Manifest:
    """Build a frame into a folder, whole or not at all; `step` is told what is being done.

    Raises `ValueError` for a folder that holds something else, and as `spine` and `observe` do.
    """
    _check_folder(to)
    step(f"fingerprint {history.name}")
    taken = snapshot(history, asked)
    with whole_folder(to) as draft:
        step(f"observe {len(asked.features)} features of whoever is {asked.population.name}")
        who = frame(
            history,
            asked.cutoffs,
            population=asked.population,
            features=asked.features,
            categories=asked.categories,
            engine=asked.engine,
            to=draft,
        )
        step("hash the files")
        rows = who.groupby("cutoff", sort=True).size()
        manifest = Manifest(
            dataset=dataset,
            snapshot=taken,
            columns={each.name: each.unit for each in asked.features},
            rows={pd.Timestamp(str(cutoff)).isoformat(): int(count) for cutoff, count in rows.items()},
            files=hashes(draft),
            machine=f"{platform.system()} {platform.machine()}, Python {sys.version.split()[0]}",
        )
        manifest.write(draft)
    return manifest


def rebuild(folder: Path, load: Callable[[str], History], *, step: Step) -> list[str]:
    """Build the frame of a folder again, from the same dataset as it is now, and compare the files byte for byte.

    Gives what stands behind a difference that decides no byte: other data, definitions, code or versions. Raises
    `ValueError` that says what differs, and why, where bytes do.
    """
    before = Manifest.read(folder)
    _check_files(folder, before)
    step(f"load {before.dataset}")
    history = load(before.dataset)
    try:
        asked = before.asked()
    except UnknownName as error:
        raise ValueError(f"{folder} cannot be built again:\n- definitions: {error}") from error
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.resolve().parent) as beside:
        again = Path(beside) / "again"
        reasons = before.snapshot.differences(snapshot(history, asked))
        try:
            now = build(history, asked, again, dataset=before.dataset, step=step)
        except ValueError as error:
            raise ValueError(_told(f"{folder} cannot be built again: {error}", reasons)) from error
        differing = list(_differing(folder, before, again, now))
    if differing:
        made = [] if before.machine == now.machine else [f"machine: was {before.machine}, is {now.machine} now"]
        unknown = [_UNKNOWN]
        raise ValueError(_told(f"{folder} is not what is built now", [*differing, *(reasons + made or unknown)]))
    return reasons


def _check_folder(to: Path) -> None:
    """Refuse to replace what is no frame of ours."""
    if to.exists() and not (to.is_dir() and (not any(to.iterdir()) or (to / MANIFEST).is_file())):
        raise ValueError(f"{to} is there and holds something else than a frame; name another folder, or empty it")


def _check_files(folder: Path, manifest: Manifest) -> None:
    """Refuse a folder whose files are not those that were written."""
    found = hashes(folder)
    wrong = [path for path in sorted({*found, *manifest.files}) if found.get(path) != manifest.files.get(path)]
    if wrong:
        why = {path: "missing" if path not in found else "added" for path in {*found} ^ {*manifest.files}}
        told = [f"files: {path} is {why.get(path, 'changed')}" for path in wrong]
        raise ValueError(_told(f"the files of {folder} are not those that its manifest names", told))


def _differing(folder: Path, before: Manifest, again: Path, now: Manifest) -> Iterator[str]:
    for path in sorted({*before.files, *now.files}):
        if before.files.get(path) != now.files.get(path):
            yield f"files: {path}: {_compared(folder / path, again / path)}"


def _compared(was: Path, now: Path) -> str:
    """Say how two files of a frame differ."""
    if not (was.is_file() and now.is_file()):
        return "is not built any more" if was.is_file() else "was not there"
    one, other = pd.read_parquet(was), pd.read_parquet(now)
    if len(one) != len(other) or list(one) != list(other):
        sizes = [f"{len(frame)} rows of {len(frame.columns)} columns" for frame in (one, other)]
        return f"had {sizes[0]}, has {sizes[1]} now"
    counts = {str(name): int((~_same(one[name], other[name])).sum()) for name in one}
    told = [f"{name} in {count} rows" for name, count in counts.items() if count]
    return ", ".join(told) if told else "the same values, written otherwise"


def _same(one: "pd.Series[Any]", other: "pd.Series[Any]") -> "pd.Series[bool]":
    return (one == other).fillna(False).astype(bool) | (one.isna() & other.isna())


def _told(what: str, reasons: list[str]) -> str:
    return "\n".join([f"{what}{':' if reasons else ''}", *(f"- {each}" for each in reasons)])
