"""Feature rows that are ready made: Parquet files, or a table of DuckDB or PostgreSQL."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from glob import glob
from pathlib import Path

import pyarrow as pa

from features.engine.postgresql import streamed
from features.engine.spool import from_arrow, from_duckdb
from models.artifact import Artifact
from serving.batch.observed import texts_of
from serving.batch.place import Place
from serving.batch.rows import ORDER, Part, Rows


@dataclass(frozen=True)
class Ready:
    """Rows of customer_id, cutoff (local time of the data) and a column a feature, for some artifacts.

    Their features are taken to be what they are called. `folder` is for what must be copied, a table's rows say.
    """

    place: Place
    artifacts: Sequence[Artifact]
    folder: Path
    keeps_frame: bool = False

    @property
    def name(self) -> str:
        """Say where the rows are."""
        return str(self.place)

    @property
    def cutoff(self) -> str:
        """Rows bring their own."""
        return ""

    @cached_property
    def fingerprint(self) -> str:
        """Hash the files."""
        digest = hashlib.sha256()
        for path in self._files:
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        return digest.hexdigest()

    def check(self) -> None:
        """Raise `ValueError` that names every column that is missing or of a wrong type, and for whom."""
        kinds = dict(zip(self._rows.schema.names, self._rows.schema.types, strict=True))
        told = [line for artifact in self.artifacts for line in _wrong(artifact, kinds)]
        told += _wrong_keys(self._rows.parts)
        told += [] if self._rows.count else ["there is no row"]
        if told:
            raise ValueError(f"the rows of {self.name} cannot be scored:\n" + "\n".join(f"- {line}" for line in told))

    def rows(self, folder: Path) -> Rows:
        """Give the rows, each customer's together."""
        folder.mkdir(parents=True, exist_ok=True)
        return self._rows.together(folder)

    @cached_property
    def _rows(self) -> Rows:
        texts = frozenset[str]().union(*(texts_of(each) for each in self.artifacts))
        return Rows.of([Part(path) for path in self._files], texts=texts)

    @cached_property
    def _files(self) -> list[Path]:
        if self.place.kind in ("parquet", "folder"):
            return _found(self.place)
        if self.place.kind == "csv":
            raise ValueError("rows come from Parquet, DuckDB or PostgreSQL; a CSV says no types: write it as Parquet")
        self.folder.mkdir(parents=True, exist_ok=True)
        copied, order = self.folder / "copied.parquet", list(ORDER)
        names = {*ORDER, "eligible", *(name for each in self.artifacts for name in each.features)}
        if self.place.kind == "duckdb":
            from_duckdb(self.place.path, self.place.table, sorted(names), order=order, to=copied)
        else:
            with streamed(self.place.at, self.place.table, sorted(names)) as batches:
                from_arrow(batches, order=order, to=copied)
        return [copied]


def _found(place: Place) -> list[Path]:
    pattern = f"{place.at.rstrip('/')}/**/*.parquet" if place.kind == "folder" else place.at
    found = [Path(each) for each in sorted(glob(pattern, recursive=True)) if Path(each).is_file()]
    if not found:
        raise ValueError(f"there is no Parquet file at {place}; say --rows FILE.parquet, a folder or a glob")
    return found


def _wrong(artifact: Artifact, kinds: dict[str, pa.DataType]) -> Iterator[str]:
    """Say what an artifact needs that is not there, or is of another type."""
    needed = [*artifact.features, *(["category"] if artifact.categories else [])]
    missing, texts = [name for name in needed if name not in kinds], texts_of(artifact)
    if missing:
        yield f"{artifact.name} needs the columns {missing}"
    for name in needed:
        expected = pa.string() if name in texts else pa.float64()
        if name in kinds and kinds[name] != expected:
            yield f"{artifact.name} needs {name} as {'text' if name in texts else 'numbers'}, and it is {kinds[name]}"


def _wrong_keys(parts: Sequence[Part]) -> Iterator[str]:
    for part in parts:
        kinds = dict(zip(part.schema.names, part.schema.types, strict=True))
        missing = [name for name in ("customer_id", "cutoff") if name not in kinds]
        if missing:
            yield f"every row needs the columns {missing}; there are {list(kinds)[:20]}"
        ids, cutoff = kinds.get("customer_id", pa.string()), kinds.get("cutoff", pa.date32())
        if pa.types.is_floating(ids) or pa.types.is_decimal(ids) or pa.types.is_temporal(ids):
            yield f"customer_id is {ids}; ids are text or whole numbers"
        if not (pa.types.is_date(cutoff) or (pa.types.is_timestamp(cutoff) and cutoff.tz is None)):
            yield f"cutoff is {cutoff}; cutoffs are days or times without an offset, local to the data"
