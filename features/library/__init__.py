"""One file a family of features; targets and populations have a file each. The folder's files fill the registries."""

from collections.abc import Sequence

from configs.registry import UnknownName, did_you_mean, import_folder
from features.declaration import FEATURES, POPULATIONS, TARGETS, Declaration
from features.engine.views import lacks
from features.history import History
from features.library import anchor, attributes

import_folder(__name__)

__all__ = ["FEATURES", "POPULATIONS", "TARGETS", "available", "chosen", "named"]


def named(name: str, fingerprint: str = "") -> Declaration:
    """Look a feature up, such as `spend_91d`, `customers.age`, `customers.region=north` or `anchor.channel`.

    An attribute may be a number or a text: of the two it is the one with the `fingerprint`, else the number. Raises
    `UnknownName` with the near names.
    """
    if name.startswith(anchor.PREFIX):
        return anchor.anchor(name)
    if not name.startswith(attributes.PREFIX):
        return FEATURES[name]
    meant = attributes.meanings(name)
    return next((each for each in meant if each.fingerprint == fingerprint), meant[0])


def chosen(names: Sequence[str], history: History | None = None) -> list[Declaration]:
    """Look features up by their own name or by their family's (the file they are declared in), each once, in order.

    `customers.*` are all columns of the history's table of customers but the key. What stands behind a minus is taken
    out again: `["customers.*", "-customers.churned"]`. Attributes are numbers or texts as the history's columns are;
    without one they are numbers. Raises `UnknownName` with the near names, also for what is taken out and was not
    chosen before, and `HistoryError` for attributes of which no feature can be made.
    """
    picked: dict[str, None] = {}
    for name in names:
        meant = _meant(name.removeprefix("-"), history)
        if not name.startswith("-"):
            picked.update(dict.fromkeys(meant))
        elif not picked.keys() & set(meant):
            raise UnknownName(did_you_mean("feature to take out", name.removeprefix("-"), picked))
        else:
            picked = {each: None for each in picked if each not in meant}
    own = [name for name in picked if name.startswith(attributes.PREFIX)]
    found = attributes.declared(history, own) if history is not None else {}
    return [found.get(name) or named(name) for name in picked]


def available(history: History) -> list[Declaration]:
    """List the features whose tables and columns a history has; of customers alone, their attributes."""
    if not history.dated:
        return attributes.features(history)
    return [each for each in FEATURES.values() if lacks(history, each) is None]


def _meant(name: str, history: History | None) -> list[str]:
    """Name the features that a name means: those of a family, all attributes, or one."""
    if name != attributes.EVERY:
        return [each.name for each in FEATURES.values() if each.family == name] or [name]
    if history is None:
        raise ValueError(f"{attributes.EVERY} are columns of a history: say of which")
    return attributes.columns(history)
