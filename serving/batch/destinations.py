"""Where batches go: a folder a model, or one file or table of all models."""

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from features.engine.postgresql import said_of_table, write_postgresql
from features.engine.sink import said_of, write_duckdb
from serving.batch import manifest
from serving.batch.draft import Draft, Written, hash_of
from serving.batch.files import write_csv, write_parquet
from serving.batch.manifest import MANIFEST, Manifest
from serving.batch.place import Place
from serving.batch.shared import shared


class Taken(ValueError):
    """A destination at which something lies that no batch wrote."""


class Destination(Protocol):
    """Where the scores of some models go; readers see a batch whole, or the one before."""

    holds_frames: bool
    """Whether frames and reasons go there too."""

    def workspace(self, model: str) -> Path:
        """Give the folder to make a model's batch in; the draft is the folder of the model's name therein."""

    def held(self, asked: Mapping[str, str]) -> dict[str, Manifest]:
        """Give what is said of those models whose very question, by model, the destination answers now, and whole.

        Raises `Taken`, and what a database raises.
        """

    def publish(self, drafts: Mapping[str, Draft], told: Mapping[str, Manifest]) -> None:
        """Let readers see finished drafts, by model, with what is said of each."""


@dataclass(frozen=True)
class Folders:
    """A folder a model: scores.parquet, reasons.parquet and frame.parquet as folders of parts, batch.json, journal."""

    of: Callable[[str], Path]

    holds_frames = True

    def workspace(self, model: str) -> Path:
        """Give a hidden folder beside the model's."""
        folder = self.of(model)
        return folder.with_name(f".{folder.name}.batch")

    def held(self, asked: Mapping[str, str]) -> dict[str, Manifest]:
        """Read each batch.json, and hold the files against it."""
        read = {model: self._read(self.of(model)) for model in asked}
        return {
            model: told
            for model, told in read.items()
            if told and told["question"] == asked[model] and manifest.holds(self.of(model), told)
        }

    def _read(self, folder: Path) -> Manifest | None:
        told = manifest.read(folder / MANIFEST)
        if told is None and folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise Taken(f"{folder} is there and holds no batch; name another folder, or remove it")
        return told

    def publish(self, drafts: Mapping[str, Draft], told: Mapping[str, Manifest]) -> None:
        """Give each draft its name, in the place of an older batch."""
        for model, draft in drafts.items():
            manifest.write(told[model], draft.folder / MANIFEST)
            folder = self.of(model)
            if folder.exists():
                older = draft.folder.with_name("older")
                shutil.rmtree(older, ignore_errors=True)
                os.replace(folder, older)
            os.replace(draft.folder, folder)


@dataclass(frozen=True)
class File:
    """One Parquet or CSV file of all models' scores; what is said of it lies beside it, as FILE.batch.json."""

    place: Place

    holds_frames = False

    def workspace(self, model: str) -> Path:
        """Give a hidden folder beside the file, of all models."""
        return self.place.path.with_name(f".{self.place.path.name}.batch")

    def held(self, asked: Mapping[str, str]) -> dict[str, Manifest]:
        """Read FILE.batch.json, and hold the file against it."""
        told = manifest.read(self._manifest)
        if told is None and self.place.path.exists():
            raise Taken(f"{self.place.path} is there and no batch wrote it; name another file, or remove it")
        found = manifest.by_model(told, asked)
        return found if told and found and manifest.holds(self.place.path.parent, told) else {}

    def publish(self, drafts: Mapping[str, Draft], told: Mapping[str, Manifest]) -> None:
        """Put the parts into one file, which gets its name when it is whole.

        What is said of it is there before it: a file without that would be somebody else's.
        """
        write = write_csv if self.place.kind == "csv" else write_parquet
        made = self.workspace("") / self.place.path.name
        files = {made.name: Written(write(shared(list(drafts.values())), made), hash_of(made))}
        said = made.with_name(MANIFEST)
        said.write_text(manifest.text(manifest.of_several(list(told.values()), files)), encoding="utf-8")
        os.replace(said, self._manifest)
        os.replace(made, self.place.path)

    @property
    def _manifest(self) -> Path:
        return self.place.path.with_name(f"{self.place.path.name}.{MANIFEST}")


@dataclass(frozen=True)
class Table:
    """A table of DuckDB or PostgreSQL; what is said of it lies in the table augury_batches of the same schema.

    `folder` is where batches for databases are made.
    """

    place: Place
    folder: Path

    holds_frames = False

    def workspace(self, model: str) -> Path:
        """Give a folder of all models."""
        return self.folder / manifest.short_hash(self.place.at, self.place.table)

    def held(self, asked: Mapping[str, str]) -> dict[str, Manifest]:
        """Ask the ledger."""
        if self.place.kind == "duckdb":
            said = said_of(self.place.path, self.place.table)
        else:
            said = said_of_table(self.place.at, self.place.table)
        return {} if said is None else manifest.by_model(manifest.parsed(said), asked)

    def publish(self, drafts: Mapping[str, Draft], told: Mapping[str, Manifest]) -> None:
        """Write rows and manifest in one transaction."""
        several = manifest.text(manifest.of_several(list(told.values()), {}))
        rows = shared(list(drafts.values()))
        if self.place.kind == "duckdb":
            write_duckdb(self.place.path, self.place.table, rows, manifest=several)
        else:
            write_postgresql(self.place.at, self.place.table, rows, manifest=several)


def destination(said: str, *, names: list[str], folder: Path) -> Destination:
    """Understand where scores are to go; `folder` is for what is made before it goes to a database.

    Into a folder one named model goes as it is, several (or no names at all) each into a folder of its name.
    """
    place = Place.read(said)
    if place.kind == "folder":
        only = names[0] if len(names) == 1 else None
        return Folders(lambda model: place.path if model == only else place.path / model)
    return File(place) if place.kind in ("parquet", "csv") else Table(place, folder)
