"""The file of keys: what it may say, and what is refused."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from serving.safety.issue import add_key
from serving.safety.key_file import KeyFileFault, change_keys, read_keys

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = {
    "id": "Ab3dEf9h",
    "sha256": "0" * 64,
    "name": "CRM",
    "models": ["*"],
    "actions": ["*"],
    "rate": 5,
    "burst": 10,
    "created": "2026-03-01T12:00:00Z",
}


def written(path: Path, content: Any) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    path.chmod(0o600)
    return path


def test_what_is_left_out_never_ends(tmp_path: Path) -> None:
    [key] = read_keys(written(tmp_path / "keys.json", {"format": 1, "keys": [KEY]}))
    assert (key.created, key.expires, key.revoked, key.rate) == (AT, None, None, 5.0)


def test_a_file_that_is_not_there_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no file of API keys at .*; make a key by `augury keys add`"):
        read_keys(tmp_path / "keys.json")


BROKEN = {
    "empty": b"",
    "half": json.dumps({"format": 1, "keys": [KEY]}).encode()[:-20],
    "no UTF-8": b"\xff\xfe{}",
    "no object": [],
    "no keys": {"format": 1},
    "another format": {"format": 2, "keys": []},
    "more": {"format": 1, "keys": [], "more": 1},
    "more of a key": {"format": 1, "keys": [{**KEY, "scope": "*"}]},
    "twice": {"format": 1, "keys": [KEY, KEY]},
    "no digest": {"format": 1, "keys": [{name: value for name, value in KEY.items() if name != "sha256"}]},
    **{
        f"{name} {value!r}": {"format": 1, "keys": [{**KEY, name: value}]}
        for name, value in [
            ("id", "short"),
            ("id", "Ab3dEf9h\n"),
            ("id", "Ab3dEf9_"),
            ("sha256", "0" * 63),
            ("sha256", "G" * 64),
            ("sha256", "0" * 64 + "\n"),
            ("name", ""),
            ("name", "a\x1b[2J"),
            ("name", "a\n"),
            ("name", "a" * 101),
            ("models", []),
            ("models", "*"),
            ("models", [1]),
            ("actions", []),
            ("actions", ["scor"]),
            ("rate", 0),
            ("rate", -1),
            ("rate", 1e7),
            ("rate", None),
            ("rate", "5"),
            ("burst", 0.5),
            ("created", "2026-03-01T12:00:00"),
            ("expires", "2026-03-01"),
            ("expires", "tomorrow"),
            ("revoked", True),
        ]
    },
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_no_file_of_keys_is_refused_whole(case: str, tmp_path: Path) -> None:
    path = written(tmp_path / "keys.json", BROKEN[case])
    with pytest.raises(KeyFileFault) as told:
        read_keys(path)
    assert str(path) in str(told.value)
    before = path.read_bytes()
    with pytest.raises(KeyFileFault):
        add_key(path, "CRM", at=AT)
    assert path.read_bytes() == before


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_may_write_is_refused(mode: int, tmp_path: Path) -> None:
    path = written(tmp_path / "keys.json", {"format": 1, "keys": []})
    path.chmod(mode)
    with pytest.raises(KeyFileFault, match=rf"others may write .* \(mode {mode:04o}\); `chmod 600` it"):
        read_keys(path)
    path.chmod(0o444)
    assert read_keys(path) == ()


def test_what_is_written_is_for_its_owner_alone_and_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "keys.json"
    add_key(path, "CRM", at=AT)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["keys.json"]
    before = path.read_bytes()

    def failing(keys: Any) -> Any:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        change_keys(path, failing)
    assert (path.read_bytes(), len(list(path.parent.iterdir()))) == (before, 1)


def test_a_link_stays_one(tmp_path: Path) -> None:
    link = tmp_path / "keys.json"
    link.symlink_to(tmp_path / "there.json")
    add_key(link, "CRM", at=AT)
    assert link.is_symlink()
    assert len(read_keys(tmp_path / "there.json")) == 1


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file to somebody else")
def test_a_file_that_root_changes_stays_its_owners(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    add_key(path, "CRM", at=AT)
    os.chown(path, 1234, 2345)
    add_key(path, "shop", at=AT)
    seen = path.stat()
    assert (seen.st_uid, seen.st_gid, seen.st_mode & 0o777) == (1234, 2345, 0o600)
