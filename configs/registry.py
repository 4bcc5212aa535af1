"""One kind of registry for everything that is found by name."""

import difflib
import importlib
import pkgutil
from collections.abc import Iterable
from types import ModuleType
from typing import TypeVar

T = TypeVar("T")


class UnknownName(LookupError):
    """A name that is in no registry; the message names the near ones and what there is."""


def did_you_mean(kind: str, name: str, known: Iterable[str]) -> str:
    """Say that `name` is unknown, which known names are near, and list them all."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=3)
    hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
    return f"unknown {kind} {name!r}{hint} Known: {', '.join(names) or 'none'}"


class Registry(dict[str, T]):
    """Things of one kind by name: `KINDS[name]` raises `UnknownName` with the near names."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind

    def __missing__(self, name: str) -> T:
        """Raise `UnknownName`."""
        raise UnknownName(did_you_mean(self.kind, name, self))

    def add(self, name: str, thing: T) -> None:
        """Register `thing`; a name taken already is a `ValueError`."""
        if name in self:
            raise ValueError(f"two {self.kind}s are called {name!r}; rename one of them")
        self[name] = thing


def import_folder(package: ModuleType | str) -> None:
    """Import every module of a package's folder, so that each file registers what it declares."""
    if isinstance(package, str):
        package = importlib.import_module(package)
    for module in sorted(info.name for info in pkgutil.iter_modules(package.__path__)):
        importlib.import_module(f"{package.__name__}.{module}")
