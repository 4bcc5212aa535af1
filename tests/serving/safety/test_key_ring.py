"""Keys that change under a running service: who reads when, what is kept, and no answer by half a file."""

import logging
import os
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from serving.safety.issue import add_key, revoke_key, rotate_key
from serving.safety.key_file import KeyFileFault
from serving.safety.key_ring import KeyRing
from serving.safety.keys import NotAllowed

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


def why(who: Callable[[str, datetime], object], presented: str) -> str | None:
    try:
        who(presented, AT)
    except NotAllowed as told:
        return told.why
    return None


def id_of(presented: str) -> str:
    return presented.split("_")[1]


def test_a_service_does_not_start_without_its_keys(path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="augury keys add"):
        KeyRing(path)
    path.write_text("{")
    with pytest.raises(KeyFileFault):
        KeyRing(path)


def test_a_file_is_looked_at_once_a_second_and_not_before(path: Path) -> None:
    clock, first = Clock(), add_key(path, "CRM", at=AT)
    ring = KeyRing(path, clock=clock)
    second = add_key(path, "shop", at=AT)
    revoke_key(path, id_of(first), at=AT)
    clock.now += 0.999
    assert (why(ring.who, first), why(ring.who, second)) == (None, "unknown")
    clock.now += 0.001
    assert (why(ring.who, first), why(ring.who, second)) == ("revoked", None)
    assert (ring.reloads, ring.faults, ring.fault, len(ring)) == (1, 0, None, 2)


def test_a_file_that_did_not_change_is_not_read_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, key = Clock(), add_key(path, "CRM", at=AT)
    ring = KeyRing(path, clock=clock)
    looked: list[float] = []
    stat = os.stat

    def counting(*arguments: Any, **more: Any) -> os.stat_result:
        if arguments == (path,):
            looked.append(clock.now)
        return stat(*arguments, **more)

    monkeypatch.setattr(os, "stat", counting)
    for _ in range(1_000):
        clock.now += 0.01
        ring.who(key, AT)
    assert len(looked) == pytest.approx(10, abs=1)
    assert ring.reloads == 0


@pytest.mark.parametrize("content", [b"", b"{", b'{"format": 1, "keys": [{}]}', None])
def test_a_broken_file_leaves_the_old_keys_and_is_told_once(
    content: bytes | None, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock, key = Clock(), add_key(path, "CRM", at=AT)
    whole = path.read_bytes()
    ring = KeyRing(path, clock=clock)
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    with caplog.at_level(logging.INFO, logger="serving"):
        for _ in range(5):
            clock.now += 1
            assert why(ring.who, key) is None
        assert (ring.faults, ring.reloads) == (1, 0)
        fault = str(ring.fault)
        assert str(path) in fault
        path.write_bytes(whole)
        path.chmod(0o600)
        clock.now += 1
        assert why(ring.who, key) is None
    assert [ring.faults, ring.reloads, ring.fault] == [1, 1, None]
    assert [each.levelname for each in caplog.records] == ["ERROR", "INFO"]
    assert caplog.records[0].getMessage() == f"the API keys stay as they were: {fault}"


def test_a_key_expires_without_a_look_at_the_file(path: Path) -> None:
    key = add_key(path, "CRM", at=AT, expires=AT + timedelta(seconds=1))
    ring = KeyRing(path, clock=Clock())
    ring.who(key, AT)
    with pytest.raises(NotAllowed, match="expired"):
        ring.who(key, AT + timedelta(seconds=1))


def test_a_link_that_turns_to_another_file_is_seen(path: Path, tmp_path: Path) -> None:
    """As Kubernetes does it with a mounted secret."""
    clock = Clock()
    old, new = add_key(tmp_path / "1.json", "CRM", at=AT), add_key(tmp_path / "2.json", "CRM", at=AT)
    path.symlink_to("1.json")
    ring = KeyRing(path, clock=clock)
    (tmp_path / "draft").symlink_to("2.json")
    os.replace(tmp_path / "draft", path)
    clock.now += 1
    assert (why(ring.who, old), why(ring.who, new)) == ("unknown", None)


class Asking:
    """Threads that ask all the time, and keep what they were told with the time at which they asked."""

    def __init__(self, ring: KeyRing, presented: str) -> None:
        self.ring, self.presented = ring, presented
        self.told: list[tuple[float, str | None]] = []
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=self._ask) for _ in range(4)]

    def _ask(self) -> None:
        while not self.stop.is_set():
            at = time.monotonic()
            self.told.append((at, why(self.ring.who, self.presented)))
            time.sleep(0.0005)

    def __enter__(self) -> "Asking":
        for each in self.threads:
            each.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        for each in self.threads:
            each.join()


def test_a_revoked_key_is_refused_within_a_second(path: Path) -> None:
    key = add_key(path, "CRM", at=AT)
    with Asking(KeyRing(path), key) as asking:
        time.sleep(0.2)
        revoke_key(path, id_of(key), at=AT)
        revoked = time.monotonic()
        time.sleep(1.3)
    before = [why for at, why in asking.told if at < revoked - 0.1]
    after = [why for at, why in asking.told if at >= revoked + 1.0]
    assert set(before) == {None}
    assert set(after) == {"revoked"}
    assert min(len(before), len(after)) > 50


def test_a_rotation_under_load_refuses_nobody(path: Path) -> None:
    """The file is rewritten all the time, and looked at all the time: no half of one is ever seen."""
    key = add_key(path, "CRM", at=AT)
    other = add_key(path, "shop", at=AT)
    ring = KeyRing(path, every=0)
    with Asking(ring, key) as asking:
        for _ in range(60):
            other, _ = rotate_key(path, id_of(other), at=AT, overlap=timedelta(0))
            assert why(ring.who, other) is None
    assert {why for _, why in asking.told} == {None}
    assert len(asking.told) > 100
    assert (ring.faults, len(ring)) == (0, 62)
    assert ring.reloads >= 60
