"""Provenance: commit, lock file and versions, and what is said where they are not there."""

import hashlib
import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest

from training import provenance


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", "-C", str(folder), *who, *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a repository of one file, and take it for ours."""
    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    git(tmp_path, "init", "--quiet")
    (tmp_path / "a.py").write_text("a = 1\n")
    git(tmp_path, "add", "a.py")
    git(tmp_path, "commit", "--quiet", "-m", "a")
    return tmp_path


def test_a_clean_tree_is_its_commit_and_files_git_does_not_know_do_not_count(checkout: Path) -> None:
    (checkout / "notes.txt").write_text("new")
    assert provenance.commit() == git(checkout, "rev-parse", "HEAD")[:12]


@pytest.mark.parametrize("staged", [False, True])
def test_a_changed_file_is_told(checkout: Path, staged: bool) -> None:
    (checkout / "a.py").write_text("a = 2\n")
    if staged:
        git(checkout, "add", "a.py")
    assert provenance.commit() == git(checkout, "rev-parse", "HEAD")[:12] + "+changes"


def test_what_commands_write_does_not_count(checkout: Path) -> None:
    pages = [checkout / each for each in ("README.md", "docs/features.md", "experiments/studies/small/results.json")]
    for page in pages:
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text("made\n")
    git(checkout, "add", ".")
    git(checkout, "commit", "--quiet", "-m", "made")
    for page in pages:
        page.write_text("made anew\n")
    assert provenance.commit() == git(checkout, "rev-parse", "HEAD")[:12]


def test_without_a_repository_or_without_git_it_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert provenance.commit() == "unknown"
    monkeypatch.setenv("PATH", "")
    assert provenance.commit() == "unknown"


def test_the_lock_file_is_hashed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    assert provenance.lock_hash() == "unknown"
    (tmp_path / "requirements.lock").write_bytes(b"numpy==2.4.6\n")
    assert provenance.lock_hash() == hashlib.sha256(b"numpy==2.4.6\n").hexdigest()[:16]


def test_versions_are_those_installed() -> None:
    found = provenance.versions()
    assert found == {name: version(name) for name in found}
    assert {name.removesuffix("-cpu") for name in found} == {*provenance.WATCHED, "xgboost"}


def test_all_of_it_is_text() -> None:
    found = provenance.provenance()
    assert set(found) == {"commit", "lock", "augury"}
    assert all(isinstance(value, str) and value for value in found.values())
    assert found["lock"] == hashlib.sha256((provenance.ROOT / "requirements.lock").read_bytes()).hexdigest()[:16]
