"""What a batch says of itself: by whom, of what, how much, and the hash of every file."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from configs.whole import whole_file
from models.registry import Registered
from serving.batch.draft import Draft, Written, hash_of
from serving.batch.observed import asked

MANIFEST: Final = "batch.json"
SCORES, REASONS, TERMS, FRAME = "scores.parquet", "reasons.parquet", "terms.parquet", "frame.parquet"
AUGURY: Final = version("augury")
Manifest = dict[str, Any]
"""Of one model; of several in one place `models` holds each one's, and `files` those that they share."""


def of_model(
    registered: Registered,
    draft: Draft,
    *,
    dataset: str,
    data: str,
    finished: datetime,
) -> Manifest:
    """Say what a draft holds. The cutoff is that of its rows, the latest where they have several."""
    artifact, blocks = registered.artifact, draft.finished.values()
    left_out: dict[str, int] = {}
    for reason, count in (each for block in blocks for each in block.left_out.items()):
        left_out[reason] = left_out.get(reason, 0) + count
    return {
        "model": artifact.name,
        "version": registered.version,
        "artifact": artifact.id,
        "asked": asked(artifact),
        "dataset": dataset,
        "data": data,
        "cutoff": max(block.cutoff for block in blocks),
        "rows": draft.rows(SCORES),
        "customers": sum(block.customers for block in blocks),
        "suppressed": dict(sorted(left_out.items())),
        "question": draft.question,
        "content": short_hash(*(each.sha256 for each in draft.files.values())),
        "files": plain(draft.files),
        "started": draft.started,
        "finished": finished.isoformat(timespec="seconds"),
        "augury": AUGURY,
    }


def of_several(models: Sequence[Manifest], files: Mapping[str, Written]) -> Manifest:
    """Say what a place holds that several models share: the files are then of all."""
    return {"models": [{key: told[key] for key in told if key != "files"} for told in models], "files": plain(files)}


def by_model(told: Manifest | None, asked: Mapping[str, str]) -> dict[str, Manifest]:
    """Give what is said of each model of several, if it is just these questions that are answered; else nothing."""
    models = {} if told is None else {each["model"]: each for each in told["models"]}
    return models if {name: each["question"] for name, each in models.items()} == asked else {}


def plain(files: Mapping[str, Written]) -> dict[str, Any]:
    """Give files as plain data."""
    return {name: asdict(each) for name, each in files.items()}


def text(told: Manifest) -> str:
    """Write a manifest as JSON."""
    return json.dumps(told, indent=1) + "\n"


def write(told: Manifest, path: Path) -> None:
    """Write a manifest, whole."""
    with whole_file(path) as draft:
        draft.write_text(text(told), encoding="utf-8")


def read(path: Path) -> Manifest | None:
    """Read a manifest; None where there is none."""
    if not path.is_file():
        return None
    told: Manifest = json.loads(path.read_text(encoding="utf-8"))
    return told


def holds(folder: Path, told: Manifest) -> bool:
    """Whether the files that a manifest names are there as it says."""
    files: dict[str, Any] = told.get("files", {})
    return all((folder / name).is_file() and hash_of(folder / name) == each["sha256"] for name, each in files.items())


def parsed(said: str) -> Manifest:
    """Read a manifest's JSON."""
    told: Manifest = json.loads(said)
    return told


def short_hash(*parts: object) -> str:
    """Hash what is said, to sixteen digits."""
    return hashlib.sha256(json.dumps([str(part) for part in parts]).encode()).hexdigest()[:16]
