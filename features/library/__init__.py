"""One file a family of features; targets and populations have a file each. The folder's files fill the registries."""

from collections.abc import Sequence

from configs.registry import import_folder
from features.declaration import FEATURES, POPULATIONS, TARGETS, Declaration
from features.engine.views import lacks
from features.history import History
from features.library.attributes import PREFIX, attribute

import_folder(__name__)

__all__ = ["FEATURES", "POPULATIONS", "TARGETS", "available", "chosen", "named"]


def named(name: str) -> Declaration:
    """Look a feature up, such as `spend_91d`, `customers.age` or `customers.region=north`.

    Raises `UnknownName` with the near names.
    """
    return attribute(name) if name.startswith(PREFIX) else FEATURES[name]


def chosen(names: Sequence[str]) -> list[Declaration]:
    """Look features up by their own name or by their family's (the file they are declared in), each once, in order."""
    families: dict[str, list[Declaration]] = {}
    for each in FEATURES.values():
        families.setdefault(each.family, []).append(each)
    picked = [each for name in names for each in families.get(name) or [named(name)]]
    return list(dict.fromkeys(picked))


def available(history: History) -> list[Declaration]:
    """List the features whose tables and columns a history has."""
    return [each for each in FEATURES.values() if lacks(history, each) is None]
