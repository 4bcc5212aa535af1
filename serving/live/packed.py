"""A packed copy of models: plain files from which a service starts without the registry."""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Self

from configs.whole import whole_folder
from models.artifact import Artifact, ArtifactError
from models.registry import Registered

PACK: Final = "pack.json"
"""What is in a pack; the file by which a folder is known to be one."""
FORMAT: Final = 1
_ID: Final = re.compile(r"[0-9a-f]{16}")


class PackError(ValueError):
    """A pack that is missing, or is not as it was written; the message says what is wrong and what to do."""


@dataclass(frozen=True)
class Packed:
    """A model of a pack: its name and version, and the SHA-256 of each file of its folder, which is named by its id."""

    name: str
    version: str
    run_id: str
    id: str
    files: dict[str, str]

    @classmethod
    def of(cls, registered: Registered, folder: Path) -> Self:
        """Describe a model whose artifact lies in a folder."""
        artifact = registered.artifact
        return cls(artifact.name, registered.version, registered.run_id, artifact.id, _hashes(folder))


def write_pack(registereds: Sequence[Registered], folder: Path) -> None:
    """Write models into a folder, whole or not at all: `pack.json`, and a folder each.

    The same models make the same files. Takes the place of an older pack, and of nothing else. Raises `ValueError`
    where there is nothing to pack, two models have the same name, or the folder holds other things.
    """
    names = [each.artifact.name for each in registereds]
    if not names:
        raise ValueError("there is no model to pack; train one, or promote one to champion")
    if len(set(names)) < len(names):
        raise ValueError(f"a pack holds one version of each name, and these are {sorted(names)}")
    _check_place(folder)
    with whole_folder(folder) as draft:
        packed = [_write_one(each, draft) for each in sorted(registereds, key=lambda each: each.artifact.name)]
        models = [asdict(each) for each in packed]
        text = {"format": FORMAT, "hash": _digest(models), "models": models}
        (draft / PACK).write_text(json.dumps(text, indent=1) + "\n", encoding="utf-8")


def read_pack(folder: Path) -> list[Registered]:
    """Read the models of a pack, in the order of their names.

    Raises `PackError` where there is no pack, or anything in it is not as it was written.
    """
    return [_read_one(each, folder) for each in contents(folder)]


def _check_place(folder: Path) -> None:
    others = folder.is_dir() and any(folder.iterdir()) and not (folder / PACK).is_file()
    if others or (folder.exists() and not folder.is_dir()):
        raise ValueError(f"{folder} is there and holds no pack, which would take its place: name a new folder")


def _write_one(registered: Registered, draft: Path) -> Packed:
    folder = draft / registered.artifact.id
    registered.artifact.save(folder)
    return Packed.of(registered, folder)


def contents(folder: Path) -> list[Packed]:
    """Read what is in a pack, and hold it against its hash."""
    path = folder / PACK
    if not path.is_file():
        raise PackError(f"there is no pack at {folder}: {PACK} is missing; make one by `augury pack --to FOLDER`")
    try:
        text: Any = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise PackError(f"{path} is not JSON ({error}): copy the pack anew") from error
    if not isinstance(text, dict) or text.get("format") != FORMAT:
        told = text.get("format") if isinstance(text, dict) else None
        raise PackError(f"{path} is of format {told}; this version reads format {FORMAT}: pack the models anew")
    models: Any = text.get("models")
    if _digest(models) != text.get("hash"):
        raise PackError(f"{path} was changed after it was written: copy the pack anew")
    return [Packed(**each) for each in models]


def _read_one(packed: Packed, folder: Path) -> Registered:
    where = f"{packed.name} version {packed.version}"
    place = folder / packed.id
    if not _ID.fullmatch(packed.id) or not place.is_dir():
        raise PackError(f"{folder} lacks the folder {packed.id!r} of {where}: the pack is not whole, copy it anew")
    wrong = _differences(packed.files, _hashes(place))
    if wrong:
        raise PackError(f"{place}, {where}, is not as it was packed ({wrong}): copy the pack anew")
    try:
        artifact = Artifact.load(place)
    except ArtifactError as error:
        raise PackError(f"{where} cannot be read here: {error}") from error
    if (artifact.name, artifact.id) != (packed.name, packed.id):
        raise PackError(f"{place} holds {artifact.name} {artifact.id}, not {where} {packed.id}: pack the models anew")
    return Registered(artifact, packed.version, packed.run_id)


def _differences(written: dict[str, str], found: dict[str, str]) -> str:
    """Say which files are missing, which are changed and which do not belong there; nothing where all is well."""
    told = {
        "missing": sorted(set(written) - set(found)),
        "changed": sorted(name for name in set(written) & set(found) if written[name] != found[name]),
        "not of it": sorted(set(found) - set(written)),
    }
    return "; ".join(f"{what}: {', '.join(names)}" for what, names in told.items() if names)


def _hashes(folder: Path) -> dict[str, str]:
    files = sorted(each for each in folder.rglob("*") if not each.is_dir())
    return {str(each.relative_to(folder)): hashlib.sha256(each.read_bytes()).hexdigest() for each in files}


def _digest(models: Any) -> str:
    return hashlib.sha256(json.dumps(models, sort_keys=True).encode()).hexdigest()
