"""A feature's own meaning as plain words, for where a concept has no better sentence."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

from configs.registry import UnknownName
from features.library import named

_WINDOW: Final = re.compile(r"_(\d+)d$")
_UNIT: Final = re.compile(r"\s*Unit: .+?\.(?=\s|$)")


@dataclass(frozen=True)
class Plain:
    """A feature in words: a phrase to put before its value, and its unit (empty where it is not known)."""

    phrase: str
    unit: str


@cache
def plain(feature: str) -> Plain:
    """Put a feature in words: the first clause of its docstring, with its window for `the window`.

    A feature that is declared nowhere has its name for a phrase.
    """
    try:
        declared = named(feature)
    except (UnknownName, ValueError):
        return Plain(feature.replace("_", " "), "")
    clause = re.split(r"[.;:,](?:\s|$)| \(", _UNIT.sub("", declared.meaning))[0]
    found = _WINDOW.search(feature)
    if found:
        clause = clause.replace("the window", f"the last {found.group(1)} days")
    clause = clause.removeprefix("Whether ").replace("`", "")
    return Plain(clause[:1].lower() + clause[1:], declared.unit)
