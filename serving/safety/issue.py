"""Making, replacing and revoking keys in a file."""

import secrets
import string
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

from configs.registry import did_you_mean
from serving.safety.key_file import ACTIONS, ALL, Key, change_keys

Random = Callable[[int], int]
ALPHABET: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
_ID, _SECRET, _BITS = 8, 43, 256
RATE, BURST = 50.0, 100.0


def add_key(
    path: Path,
    name: str,
    *,
    at: datetime,
    models: Sequence[str] = (ALL,),
    actions: Sequence[str] = (ALL,),
    rate: float = RATE,
    burst: float = BURST,
    expires: datetime | None = None,
    random: Random = secrets.randbits,
) -> str:
    """Make a key, and give it: its secret is nowhere else. Raises `ValueError` for what a key cannot be."""
    if expires is not None and expires <= at:
        raise ValueError(f"the key would have expired at {expires.isoformat()} already; name a later time")
    if not name.strip() or not name.isprintable():
        raise ValueError(f"a key's name tells who uses it, in printable characters; {name!r} does not")
    odd = [each for each in actions if each not in (*ACTIONS, ALL)]
    if odd:
        raise ValueError(did_you_mean("action", odd[0], (*ACTIONS, ALL)))
    said = {"name": name, "models": models, "actions": actions, "rate": rate, "burst": burst}

    def change(keys: tuple[Key, ...]) -> tuple[list[Key], str]:
        made, presented = _issued(keys, {**said, "created": at, "expires": expires}, random)
        return [*keys, made], presented

    return change_keys(path, change)


def rotate_key(
    path: Path, key_id: str, *, at: datetime, overlap: timedelta, random: Random = secrets.randbits
) -> tuple[str, datetime]:
    """Make a key of the same name and scopes, and let the old one expire after the overlap.

    Where the old one was to expire, the new one lives as long as that was to. Gives the new key, and when the old one
    ends. Raises `LookupError` for an unknown id, and `ValueError` for a key that was revoked.
    """
    if overlap < timedelta(0):
        raise ValueError(f"an overlap of {overlap.days} days is in the past; 0 ends the old key at once")

    def change(keys: tuple[Key, ...]) -> tuple[list[Key], tuple[str, datetime]]:
        old = _of(keys, key_id)
        if old.revoked is not None:
            raise ValueError(f"the key {key_id} was revoked on {old.revoked:%Y-%m-%d}; add a new one")
        ends = min(_later(at, overlap), old.expires or _later(at, timedelta.max))
        expires = None if old.expires is None else _later(at, old.expires - old.created)
        said = {**msgspec.structs.asdict(old), "created": at, "expires": expires}
        made, presented = _issued(keys, said, random)
        ending = msgspec.structs.replace(old, expires=ends)
        return [*(ending if each is old else each for each in keys), made], (presented, ends)

    return change_keys(path, change)


def revoke_key(path: Path, key_id: str, *, at: datetime) -> datetime:
    """Revoke a key, for good; gives since when, which is earlier where it was revoked before. Raises `LookupError`."""

    def change(keys: tuple[Key, ...]) -> tuple[list[Key], datetime]:
        old = _of(keys, key_id)
        since = old.revoked or at
        over = msgspec.structs.replace(old, revoked=since)
        return [over if each is old else each for each in keys], since

    return change_keys(path, change)


def _issued(keys: Sequence[Key], said: dict[str, object], random: Random) -> tuple[Key, str]:
    """Make a key under an id that is free, and what its owner presents."""
    taken = {each.id for each in keys}
    key_id = next(each for each in iter(lambda: _text(random(_ID * 5), _ID), None) if each not in taken)
    secret = _text(random(_BITS), _SECRET)
    told = {**said, "id": key_id, "sha256": sha256(secret.encode()).hexdigest()}
    try:
        return msgspec.convert(told, Key), f"aug_{key_id}_{secret}"
    except msgspec.ValidationError as error:
        raise ValueError(f"no key can be like this: {error}") from None


def _of(keys: Sequence[Key], key_id: str) -> Key:
    for each in keys:
        if each.id == key_id:
            return each
    raise LookupError(did_you_mean("key", key_id, (each.id for each in keys)))


def _later(at: datetime, by: timedelta) -> datetime:
    """Add, up to the end of all years."""
    try:
        return at + by
    except OverflowError:
        return datetime.max.replace(tzinfo=at.tzinfo)


def _text(number: int, length: int) -> str:
    """Write a number in base 62, so that nothing needs quoting and a double click takes all of it."""
    digits = []
    for _ in range(length):
        number, digit = divmod(number, len(ALPHABET))
        digits.append(ALPHABET[digit])
    return "".join(digits)
