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
from serving.batch.draft import Draft, Written, hash_of, settled
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
        """Give the folder to make a model's batch in; drafts lie in it as `drafts/MODEL`."""

    def held(self, asked: Mapping[str, str]) -> dict[str, Manifest]:
        """Give what is said of those models whose very question, by model, the destination answers now, and whole.

        Raises `Taken`, and what a database raises.
        """

    def publish(self, drafts: Mapping[str, Draft], told: Mapping[str, Manifest]) -> None:
        """Let readers see finished drafts, by model, with what is said of each."""


@dataclass(frozen=True)
class Folders:
    """A folder a model: scores.parquet, reasons.parquet, … as folders of parts, batch.json, journal."""

    of: Callable[[str], Path]

    holds_frames = True

    def workspace(self, model: str) -> Path:
        """Give a hidden folder beside the model's."""
        folder = self.of(model)
        return folder.with_name(f".{folder.name}.batch")

    def held(self, asked: Mapping[str, str]) -> dict[str, Manifest]:
        """Read each batch.json, and hold the files against it."""
        for model in asked:
            self._recover(model)
        read = {model: self._read(self.of(model)) for model in asked}
        return {
            model: told
            for model, told in read.items()
            if told and told["question"] == asked[model] and manifest.holds(self.of(model), told)
        }

    def _recover(self, model: str) -> None:
        """Give an older batch its name back, where a process was killed before the new one had it."""
        if self._older(model).exists() and not self.of(model).exists():
            os.replace(self._older(model), self.of(model))

    def _older(self, model: str) -> Path:
        return self.workspace(model) / "older"

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
                shutil.rmtree(self._older(model), ignore_errors=True)
                os.replace(folder, self._older(model))
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
        self._recover()
        told = manifest.read(self._manifest)
        if told is None and self.place.path.exists():
            raise Taken(f"{self.place.path} is there and no batch wrote it; name another file, or remove it")
        found = manifest.by_model(told, asked)
        return found if told and found and manifest.holds(self.place.path.parent, told) else {}

    def publish(self, drafts: Mapping[str, Draft], told: Mapping[str, Manifest]) -> None:
        """Put the parts into one file, which gets its name when it is whole, and then say what it is."""
        write = write_csv if self.place.kind == "csv" else write_parquet
        made = self.workspace("") / self.place.path.name
        files = {made.name: Written(write(shared(list(drafts.values())), made), hash_of(made))}
        manifest.write(manifest.of_several(list(told.values()), files), self._said)
        settled(made)
        settled(self._said)
        os.replace(made, self.place.path)
        os.replace(self._said, self._manifest)

    def _recover(self) -> None:
        """Put what is said of the file beside it, where a process was killed between the two."""
        said = manifest.read(self._said)
        if said is not None and manifest.holds(self.place.path.parent, said):
            os.replace(self._said, self._manifest)

    @property
    def _said(self) -> Path:
        return self.workspace("") / MANIFEST

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
        """Ask the ledger, and count the rows: others may take some away."""
        if self.place.kind == "duckdb":
            found = said_of(self.place.path, self.place.table)
        else:
            found = said_of_table(self.place.at, self.place.table)
        if found is None:
            return {}
        said, rows = found
        models = manifest.by_model(manifest.parsed(said), asked)
        return models if rows == sum(told["rows"] for told in models.values()) else {}

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
