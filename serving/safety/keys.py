"""API keys: who it is that asks, and what they may ask for.

A key reads `aug_ID_SECRET`: 8 letters and digits that are public and may be logged, and 43 that hold 256 random bits.
"""

import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Final, Literal

from serving.safety.key_file import ALL, Action, Key, read_keys

Why = Literal["missing", "malformed", "unknown", "expired", "revoked"]

_KEY: Final = re.compile(rb"aug_([0-9A-Za-z]{8})_([0-9A-Za-z]{43})").fullmatch
_NOBODYS: Final = bytes(32)
"""What a secret of an unknown id is compared with; no secret is known to have this digest."""


class NotAllowed(Exception):
    """A request without a key that counts. The message may go out; `why` is for our own counters.

    An unknown id and a wrong secret are told alike. Only who has the secret learns that a key expired or was revoked.
    """

    def __init__(self, why: Why, message: str, *, key_id: str | None = None) -> None:
        super().__init__(message)
        self.why, self.key_id = why, key_id


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the key's id and its owner, the models and actions (None: all of them), and how often (per second)."""

    id: str
    name: str
    models: frozenset[str] | None
    actions: frozenset[str] | None
    rate: float
    burst: float

    def may(self, model: str) -> bool:
        """Tell whether a model of this name may answer."""
        return self.models is None or model in self.models

    def may_do(self, action: Action) -> bool:
        """Tell whether an action is allowed."""
        return self.actions is None or action in self.actions


ANYONE: Final = Caller("-", "anyone", None, None, float("inf"), float("inf"))
"""Who asks where no keys are needed: a service that listens on the loopback address alone."""


@dataclass(frozen=True, slots=True)
class _Known:
    digest: bytes
    caller: Caller
    expires: datetime | None
    revoked: datetime | None


_NOBODY: Final = _Known(_NOBODYS, ANYONE, None, None)


class Keys:
    """The keys of a file, as they were when it was read."""

    def __init__(self, keys: Iterable[Key]) -> None:
        self._known = {each.id.encode(): _known(each) for each in keys}

    @classmethod
    def read(cls, path: Path) -> "Keys":
        """Read a file of keys. Raises `FileNotFoundError` and `KeyFileFault`."""
        return cls(read_keys(path))

    def __len__(self) -> int:
        """Count the keys, those that no longer count too."""
        return len(self._known)

    def who(self, presented: str | bytes | None, at: datetime) -> Caller:
        """Tell whose key this is at an instant (with a time zone). Raises `NotAllowed`.

        The same is done for an id that is unknown as for one that is known, and secrets' digests are compared in
        constant time: neither tells how near a guess was.
        """
        key_id, secret = _parts(presented)
        known = self._known.get(key_id, _NOBODY)
        same = hmac.compare_digest(known.digest, sha256(secret).digest())
        if not same or known is _NOBODY:
            raise NotAllowed("unknown", "this API key is not known; ask for one of this service")
        if known.revoked is not None:
            raise _over("revoked", known)
        if known.expires is not None and at >= known.expires:
            raise _over("expired", known)
        return known.caller


def _parts(presented: str | bytes | None) -> tuple[bytes, bytes]:
    if not presented:
        raise NotAllowed("missing", "there is no API key; send it as `Authorization: Bearer aug_…`")
    found = _KEY(presented if isinstance(presented, bytes) else presented.encode("ascii", "replace"))
    if found is None:
        raise NotAllowed("malformed", "this is no API key: they read aug_ID_SECRET")
    return found[1], found[2]


def _over(why: Literal["expired", "revoked"], known: _Known) -> NotAllowed:
    key_id = known.caller.id
    told = "has expired" if why == "expired" else "was revoked"
    return NotAllowed(why, f"the API key {key_id} {told}; ask for a new one", key_id=key_id)


def _known(key: Key) -> _Known:
    caller = Caller(key.id, key.name, _scope(key.models), _scope(key.actions), key.rate, key.burst)
    return _Known(bytes.fromhex(key.sha256), caller, key.expires, key.revoked)


def _scope(names: tuple[str, ...]) -> frozenset[str] | None:
    return None if ALL in names else frozenset(names)
