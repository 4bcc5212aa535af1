"""The manifest of a frame on disk: what its folder holds, and what that is made of."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from features.library import POPULATIONS, named
from features.snapshot import Asked, Snapshot

MANIFEST: Final = "manifest.json"


@dataclass(frozen=True)
class Manifest:
    """What a folder holds and what that is made of.

    `dataset` is where its data come from, `columns` its features' units, `rows` its rows by cutoff, `files` the SHA-256
    of each file, `machine` what it was made on.
    """

    dataset: str
    snapshot: Snapshot
    columns: Mapping[str, str]
    rows: Mapping[str, int]
    files: Mapping[str, str]
    machine: str

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """Read the manifest of a folder. Raises `ValueError` where there is none that can be read."""
        path = folder / MANIFEST
        if not path.is_file():
            raise ValueError(f"there is no {MANIFEST} in {folder}; `augury features build` writes frames that have one")
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
            made = cls(
                **{key: said[key] for key in ("dataset", "columns", "rows", "files", "machine")},
                snapshot=Snapshot(**said["of"]),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path} is no manifest of a frame: {error!r}") from error
        if made.snapshot.id != said.get("snapshot"):
            raise ValueError(f"{path} was changed: its snapshot is not the hash of what it says it is made of")
        return made

    def write(self, folder: Path) -> None:
        """Write it into a folder."""
        said = {
            "snapshot": self.snapshot.id,
            "dataset": self.dataset,
            "of": self.snapshot.plain(),
            "columns": self.columns,
            "rows": self.rows,
            "files": self.files,
            "machine": self.machine,
        }
        (folder / MANIFEST).write_text(json.dumps(said, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    def asked(self) -> Asked:
        """Give what the frame was asked for, in the declarations of now. Raises `UnknownName` for one that is gone."""
        of = self.snapshot
        return Asked(
            POPULATIONS[next(iter(of.population))],
            [named(name, fingerprint) for name, fingerprint in of.definitions.items()],
            [pd.Timestamp(cutoff) for cutoff in of.cutoffs],
            of.categories,
            "duckdb" if of.engine == "duckdb" else "kernel",
        )


def hashes(folder: Path) -> dict[str, str]:
    """Hash the files of a frame (SHA-256), by their path in its folder."""
    paths = sorted(folder.glob("*/*.parquet"), key=lambda path: path.as_posix())
    return {path.relative_to(folder).as_posix(): _hash(path) for path in paths}


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
