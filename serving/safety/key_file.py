"""The file of API keys: what it says of each, read and written whole."""

import os
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from configs.whole import whole_file
from serving.safety.locked import locked

Action = Literal["score", "explain", "bulk", "offers", "models"]
ACTIONS: Final[tuple[Action, ...]] = ("score", "explain", "bulk", "offers", "models")
ALL: Final = "*"
FORMAT: Final = 1
T = TypeVar("T")

Id = Annotated[str, Meta(pattern=r"^[0-9A-Za-z]{8}\Z")]
Digest = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
Name = Annotated[str, Meta(max_length=100, pattern=r"^[^\x00-\x1f\x7f-\x9f]+\Z")]
Instant = Annotated[datetime, Meta(tz=True)]


class KeyFileFault(ValueError):
    """A file of keys that is not what it should be; nothing of it is used."""


class Key(Struct, frozen=True, forbid_unknown_fields=True):
    """What is kept of a key: everything but its secret.

    `sha256` is that of the secret, in hex. A slow hash (bcrypt, argon2) would add nothing: it makes up for passwords
    that can be guessed, and nobody guesses one of 2^256 random secrets; but each request would pay for it.
    `models` are names, or `*` for all, those of later too; `actions` likewise. `rate` is in requests per second, of
    which `burst` may come at once. `expires` is the first instant at which it is refused; once `revoked` it always is.
    """

    id: Id
    sha256: Digest
    name: Name
    models: Annotated[tuple[Name, ...], Meta(min_length=1)]
    actions: Annotated[tuple[Action | Literal["*"], ...], Meta(min_length=1)]
    rate: Annotated[float, Meta(gt=0, le=1e6)]
    burst: Annotated[float, Meta(ge=1, le=1e6)]
    created: Instant
    expires: Instant | None = None
    revoked: Instant | None = None


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    format: int
    keys: tuple[Key, ...]


@dataclass(frozen=True)
class Stamp:
    """What changes when a file does."""

    modified_ns: int
    size: int
    inode: int

    @classmethod
    def of(cls, seen: os.stat_result) -> "Stamp":
        """Take it from what the system says of a file."""
        return cls(seen.st_mtime_ns, seen.st_size, seen.st_ino)


def read_keys(path: Path) -> tuple[Key, ...]:
    """Read a file of keys. Raises `FileNotFoundError` where there is none, `KeyFileFault` where it is not one."""
    try:
        with path.open("rb") as file:
            _only_ours(path, os.fstat(file.fileno()))
            content = file.read()
    except FileNotFoundError:
        raise FileNotFoundError(f"there is no file of API keys at {path}; make a key by `augury keys add`") from None
    try:
        said = msgspec.json.decode(content, type=_File)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise KeyFileFault(f"{path} is no file of API keys: {error}; write it by `augury keys`") from None
    return _sound(path, said)


def change_keys(path: Path, change: Callable[[tuple[Key, ...]], tuple[Sequence[Key], T]]) -> T:
    """Replace the keys of a file by what `change` makes of them, and give what else it gives.

    Changes of other processes wait, so that none is lost. The file is for its owner alone (mode 0600), and written
    whole or not at all.
    """
    path = path.resolve()
    with locked(path.parent):
        there = path.exists()
        keys, given = change(read_keys(path) if there else ())
        said = msgspec.json.encode(_File(FORMAT, tuple(keys)))
        with whole_file(path) as draft:
            draft.chmod(0o600)
            draft.write_bytes(msgspec.json.format(said, indent=2) + b"\n")
            read_keys(draft)
            if there:
                _keep_owner(path, draft)
    return given


def _keep_owner(path: Path, draft: Path) -> None:
    """Give a draft to whom the file belongs, so that a service can read what root changed. Raises `PermissionError`."""
    owner, ours = path.stat(), draft.stat()
    if (owner.st_uid, owner.st_gid) != (ours.st_uid, ours.st_gid):
        os.chown(draft, owner.st_uid, owner.st_gid)


def _only_ours(path: Path, seen: os.stat_result) -> None:
    if seen.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise KeyFileFault(f"others may write {path} (mode {stat.S_IMODE(seen.st_mode):04o}); `chmod 600` it")


def _sound(path: Path, said: _File) -> tuple[Key, ...]:
    if said.format != FORMAT:
        raise KeyFileFault(f"{path} has format {said.format}, and {FORMAT} is understood; write it by `augury keys`")
    ids = [each.id for each in said.keys]
    twice = sorted({each for each in ids if ids.count(each) > 1}) if len(set(ids)) < len(ids) else []
    if twice:
        raise KeyFileFault(f"{path} has the id {twice[0]} twice; take one of the two out")
    return said.keys
