"""Environments of peers that cannot live in ours."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path


def python(name: str, requirements: Sequence[str], *, var: Path) -> Path:
    """Give the interpreter of an environment that is made for a peer under `var`, or was.

    Raises `RuntimeError` with the end of what pip said where it cannot be made.
    """
    folder, told = var / name, "\n".join(requirements)
    made, inside = folder / "made", folder / "bin" / "python"
    if not made.is_file() or made.read_text(encoding="utf-8") != told:
        pip = [str(inside), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements]
        for command in ([sys.executable, "-m", "venv", "--clear", str(folder)], pip):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise RuntimeError(f"{name} needs an environment of its own, and gets none:\n{done.stderr[-2000:]}")
        made.write_text(told, encoding="utf-8")
    return inside
