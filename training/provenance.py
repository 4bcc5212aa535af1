"""Where a result comes from: the code, the lock file and the versions that made it."""

import hashlib
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Final

from models.booster import distribution

ROOT: Final = Path(__file__).resolve().parent.parent
RESULTS: Final = (
    ":!experiments/studies",
    ":!experiments/benchmarks/*.json",
    ":!experiments/benchmarks/*.png",
    ":!README.md",
    ":!docs/features.md",
)
"""What commands write into the tree: it decides no number."""
WATCHED: Final = ("duckdb", "lifetimes", "mlflow", "numpy", "pandas", "scikit-learn", "sqlglot")


def provenance() -> dict[str, str]:
    """Give the commit (with `+changes` where files differ from it), the lock file's hash and Augury's version."""
    return {"commit": commit(), "lock": lock_hash(), "augury": version("augury")}


def versions() -> dict[str, str]:
    """Give the versions of what decides numbers."""
    return {name: version(name) for name in (*WATCHED, distribution())}


def commit() -> str:
    """Name the commit of the working tree; `unknown` outside of git."""
    head = _git("rev-parse", "--short=12", "HEAD")
    if not head:
        return "unknown"
    return head + ("+changes" if _git("status", "--porcelain", "--untracked-files=no", "--", ".", *RESULTS) else "")


def lock_hash() -> str:
    """Hash the lock file; `unknown` where there is none."""
    lock = ROOT / "requirements.lock"
    return hashlib.sha256(lock.read_bytes()).hexdigest()[:16] if lock.is_file() else "unknown"


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
