"""Which version is the champion, on the record: promotions and roll-backs are written into the versions' tags."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from configs.registry import did_you_mean
from models.registry.store import ModelRegistry, NotRegistered

FORMER: Final = "former_champion"
PROMOTED: Final = "promoted"
ROLLED_BACK: Final = "rolled_back"


@dataclass(frozen=True)
class Move:
    """The champion moved from a version (None: there was none) to another."""

    name: str
    former: str | None
    version: str


def champion_of(registry: ModelRegistry, name: str) -> str | None:
    """Give the version that is a name's champion, None where there is none."""
    if name not in registry.names():
        return None
    version = registry.client.get_registered_model(name).aliases.get("champion")
    return None if version is None else str(version)  # MLflow gives a number


def promote(registry: ModelRegistry, name: str, version: str, *, at: datetime, record: Mapping[str, Any]) -> Move:
    """Make a version the champion; what was judged, and who overrode it why, is written into the version's tags."""
    former = champion_of(registry, name)
    if former == version:
        raise ValueError(f"version {version} of {name} is the champion already")
    _tag(registry, name, version, PROMOTED, {"at": at.isoformat(), "former": former, **record})
    _tag(registry, name, version, FORMER, former)
    registry.client.set_registered_model_alias(name, "champion", version)
    if str(registry.client.get_registered_model(name).aliases.get("challenger")) == version:
        registry.client.delete_registered_model_alias(name, "challenger")
    return Move(name, former, version)


def roll_back(registry: ModelRegistry, name: str, *, at: datetime, reason: str) -> Move:
    """Give the champion's place back to the version that had it before; the artifact is as it was, byte for byte.

    Raises `NotRegistered` where there is no champion, or none before it.
    """
    version = champion_of(registry, name)
    if name not in registry.names():
        raise NotRegistered(did_you_mean("registered model", name, registry.names()))
    if version is None:
        raise NotRegistered(f"model {name!r} has no champion to roll back from")
    former = json.loads(registry.client.get_model_version(name, version).tags.get(FORMER, "null"))
    if former is None:
        raise NotRegistered(f"version {version} of {name} is its first champion: there is none to go back to")
    _tag(registry, name, version, ROLLED_BACK, {"at": at.isoformat(), "to": former, "reason": reason})
    registry.client.set_registered_model_alias(name, "champion", former)
    return Move(name, version, former)


def _tag(registry: ModelRegistry, name: str, version: str, key: str, value: Any) -> None:
    registry.client.set_model_version_tag(name, version, key, json.dumps(value, ensure_ascii=False))
