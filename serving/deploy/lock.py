"""The packages that a deployment needs, at the versions and hashes of the whole project's lock.

`python -m serving.deploy.lock` writes `requirements.lock` beside this file.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from configs.whole import whole_file

ROOT: Final = Path(__file__).resolve().parent.parent.parent
LOCK: Final = Path(__file__).with_name("requirements.lock")
PYTHONS: Final = ("3.11.0", "3.11.20", "3.12.0", "3.12.20", "3.13.0", "3.13.20")
_HEAD: Final = re.compile(r"(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ ;\\]+)( ; (?P<marker>[^\\]+?))? \\")


def deployed(lock: str, roots: Iterable[str]) -> str:
    """Restrict a lock to some requirements and all that they need on Linux, as the installed packages tell.

    Raises `ValueError` for a package that is needed and not locked.
    """
    entries = list(_entries(lock))
    known = {name for name, _, _ in entries}
    needed = _closure(roots)
    missing = sorted(needed - known)
    if missing:
        raise ValueError(f"the lock lacks {', '.join(missing)}; make it anew by `make lock`")
    return "".join(text for name, marker, text in entries if name in needed and _on_linux(marker))


def _entries(lock: str) -> Iterator[tuple[str, str | None, str]]:
    """Give each package's canonical name, its marker and its lines."""
    for text in re.split(r"(?m)^(?=[A-Za-z0-9])", lock):
        head = _HEAD.match(text)
        if head:
            yield canonicalize_name(head["name"]), head["marker"], text


def _closure(roots: Iterable[str]) -> set[str]:
    found: set[tuple[str, str]] = set()
    waiting = [Requirement(root) for root in roots]
    while waiting:
        asked = waiting.pop()
        if not _applies(asked, extra=""):
            continue
        name = canonicalize_name(asked.name)
        for extra in {"", *asked.extras}:
            if (name, extra) not in found:
                found.add((name, extra))
                waiting += [_plain(each) for each in _needs(name) if _applies(each, extra=extra)]
    return {name for name, _ in found}


def _needs(name: str) -> list[Requirement]:
    try:
        return [Requirement(each) for each in requires(name) or []]
    except PackageNotFoundError:
        return []  # for other interpreters than this one; it is locked, or an error


def _plain(requirement: Requirement) -> Requirement:
    """Forget for whom a requirement that applies is."""
    requirement.marker = None
    return requirement


def _applies(requirement: Requirement, *, extra: str) -> bool:
    return requirement.marker is None or any(
        requirement.marker.evaluate({**each, "extra": extra}) for each in _environments()
    )


def _on_linux(marker: str | None) -> bool:
    return marker is None or _applies(Requirement(f"any ; {marker}"), extra="")


def _environments() -> list[dict[str, str]]:
    linux = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"}
    cpython = {"implementation_name": "cpython", "platform_python_implementation": "CPython"}
    return [
        {
            **linux,
            **cpython,
            "platform_machine": machine,
            "python_version": each.rpartition(".")[0],
            "python_full_version": each,
        }
        for each in PYTHONS
        for machine in ("x86_64", "aarch64")
    ]


def made() -> str:
    """Make the lock of a deployment from the project's."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return deployed((ROOT / "requirements.lock").read_text(encoding="utf-8"), project["dependencies"])


if __name__ == "__main__":
    with whole_file(LOCK) as draft:
        draft.write_text(made(), encoding="utf-8")
