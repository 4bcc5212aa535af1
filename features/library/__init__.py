"""One file a family of features; targets and populations have a file each. The folder's files fill the registries."""

from configs.registry import import_folder
from features.declaration import FEATURES, POPULATIONS, TARGETS, Declaration
from features.history import History
from features.tables import VIEWS

import_folder(__name__)

__all__ = ["FEATURES", "POPULATIONS", "TARGETS", "available", "chosen"]


def chosen(names: list[str]) -> list[Declaration]:
    """Look features up by their own name or by their family's (the file they are declared in), each once, in order."""
    families: dict[str, list[Declaration]] = {}
    for each in FEATURES.values():
        families.setdefault(each.family, []).append(each)
    picked = [each for name in names for each in families.get(name) or [FEATURES[name]]]
    return list(dict.fromkeys(picked))


def available(history: History) -> list[Declaration]:
    """List the features whose table and columns a history has."""
    return [
        each
        for each in FEATURES.values()
        if each.columns <= set(history.columns.get(VIEWS[each.of].table, ())) and VIEWS[each.of].table in history.tables
    ]
