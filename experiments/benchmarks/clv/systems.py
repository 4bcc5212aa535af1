"""The systems that are measured: a module each, and the Python that runs it."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

OURS: Final = "augury"
PEER: Final = "lifetimes"
"""Whom the bars are about: as its users call it."""
GROUPED: Final = "lifetimes, grouped by hand"
MAP: Final = "pymc-marketing MAP"
SYSTEMS: Final[Mapping[str, str]] = {
    OURS: "augury",
    PEER: "lifetimes_plain",
    GROUPED: "lifetimes_grouped",
    MAP: "pymc_map",
}
SUMMARY: Final = ("augury kernel", "augury's door", PEER)
"""Who makes frequency, recency, T and monetary value of transactions; the door is passed once, whatever is asked."""
VERSION: Final = "from importlib.metadata import version; print(version('pymc-marketing'))"


def pythons(pymc: Path) -> dict[str, Path]:
    """Give each system's interpreter: this one, and for pymc-marketing one that has it; without it none."""
    own = {each: Path(sys.executable) for each in SYSTEMS if each != MAP}
    return own | ({MAP: pymc} if pymc_version(pymc) else {})


def pymc_version(python: Path) -> str:
    """Give the version of pymc-marketing that an interpreter has; empty where it has none."""
    done = subprocess.run([str(python), "-c", VERSION], capture_output=True, text=True, check=False)
    return "" if done.returncode else done.stdout.strip()
