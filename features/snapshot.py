"""What decides a frame: its data, its definitions, its cutoffs, and the code and versions that compute it."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import pandas as pd

from features.declaration import Declaration
from features.engine.run import Engine
from features.history import History

FEATURES: Final = Path(__file__).parent
ELSEWHERE: Final = ("catalogue.py", "datasets", "explain.py", "library", "readable.py", "usability")
"""What lies in the folder and computes no frame: of data and definitions it is the fingerprints that count."""
LIBRARIES: Final = ("duckdb", "numba", "numpy", "pandas", "pyarrow", "sqlglot")


@dataclass(frozen=True)
class Asked:
    """What a frame is asked for: a population at some cutoffs, its features, and the engine that computes them.

    `categories` are those of a population of pairs.
    """

    population: Declaration
    features: Sequence[Declaration]
    cutoffs: Sequence[pd.Timestamp]
    categories: Sequence[str] = ()
    engine: Engine = "kernel"


@dataclass(frozen=True)
class Snapshot:
    """All that decides a frame, as plain data. Two frames of one snapshot are the same, byte for byte.

    (But for last digits of doubles: where a table's rows come in another order, and, on the duckdb engine, in sums of
    doubles that are no columns of money, such as amount / quantity.)
    `data` is the history's fingerprint, its end and its zone; `definitions` are fingerprints by name, in the order of
    the frame's columns; `code` is a hash of the files under `features/` that compute frames.
    """

    data: Mapping[str, str]
    population: Mapping[str, str]
    definitions: Mapping[str, str]
    cutoffs: Sequence[str]
    categories: Sequence[str]
    engine: str
    code: str
    versions: Mapping[str, str]

    @property
    def id(self) -> str:
        """The hash of all of it (SHA-256)."""
        return hashlib.sha256(json.dumps(self.plain()).encode()).hexdigest()

    def plain(self) -> dict[str, Any]:
        """Give plain data for JSON."""
        return asdict(self)

    def differences(self, now: "Snapshot") -> list[str]:
        """Say in what another snapshot differs: data, definitions, question, code or versions."""
        return [
            *_changed("data", self.data, now.data),
            *_changed("definitions: population", self.population, now.population),
            *_changed("definitions: feature", self.definitions, now.definitions),
            *(["definitions: the features come in another order"] if _reordered(self, now) else []),
            *_changed("question", self._question(), now._question()),
            *(["code: the files of features/ that compute frames have changed"] if self.code != now.code else []),
            *_changed("versions", self.versions, now.versions),
        ]

    def _question(self) -> dict[str, str]:
        question = {"cutoffs": self.cutoffs, "categories": self.categories}
        return {"engine": self.engine, **{name: ", ".join(each) for name, each in question.items()}}


def snapshot(history: History, asked: Asked) -> Snapshot:
    """Take the snapshot of a frame; reads all of the history, unless its fingerprint is known already."""
    return Snapshot(
        data={"fingerprint": history.fingerprint, "end": history.end.isoformat(), "zone": history.zone},
        population={asked.population.name: asked.population.fingerprint},
        definitions={each.name: each.fingerprint for each in asked.features},
        cutoffs=[cutoff.isoformat() for cutoff in asked.cutoffs],
        categories=list(asked.categories),
        engine=asked.engine,
        code=code(),
        versions={name: version(name) for name in LIBRARIES},
    )


def snapshot_id(history: History, asked: Asked) -> str:
    """Hash all that decides a frame: the same id is the same frame."""
    return snapshot(history, asked).id


def code(folder: Path = FEATURES) -> str:
    """Hash the source files that compute frames, by their path and content."""
    hashed = hashlib.sha256()
    for path in sorted(_sources(folder), key=lambda path: path.as_posix()):
        hashed.update(f"{path.relative_to(folder).as_posix()}\0".encode() + path.read_bytes() + b"\0")
    return hashed.hexdigest()


def _sources(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*.py") if path.relative_to(folder).parts[0] not in ELSEWHERE)


def _changed(sort: str, before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    for name in dict.fromkeys([*before, *now]):
        if before.get(name) != now.get(name):
            yield f"{sort} {name} was {before.get(name) or 'not there'}, is {now.get(name) or 'not there'} now"


def _reordered(before: Snapshot, now: Snapshot) -> bool:
    return set(before.definitions) == set(now.definitions) and list(before.definitions) != list(now.definitions)
