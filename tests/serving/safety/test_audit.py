"""The audit log: whole lines, none lost, none late for a request; by processes that share it and processes that die."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from serving.safety.audit import Audit, Line, kept_on

AT = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)


def line(number: int = 1, **said: Any) -> Line:
    known = {"time": AT, "request_id": f"r{number}", "key": "Ab3dEf9h", "action": "score", "models": ["churn"]}
    return Line(**{**known, "customers": 3, "refusals": 1, "status": 200, "ms": 1.25, **said})


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert true()


def lines(folder: Path) -> list[dict[str, Any]]:
    """Read all files, the oldest first; each line must parse, and each file end with one."""
    files = sorted(folder.glob("audit*.jsonl"), key=lambda path: -int(path.name.split(".")[1].replace("jsonl", "0")))
    contents = [path.read_text(encoding="utf-8") for path in files]
    assert all(each.endswith("\n") for each in contents)
    return [json.loads(text) for content in contents for text in content.splitlines()]


def test_a_line_says_who_asked_for_what_and_nothing_else(tmp_path: Path) -> None:
    audit = Audit(tmp_path)
    audit.note(line())
    audit.close()
    assert (tmp_path / "audit.jsonl").read_text() == (
        '{"time":"2026-03-01T12:00:00.250000Z","request_id":"r1","key":"Ab3dEf9h","action":"score",'
        '"models":["churn"],"customers":3,"refusals":1,"status":200,"ms":1.25}\n'
    )
    assert (audit.written, audit.dropped, audit.lost) == (1, 0, 0)
    assert (tmp_path / "audit.jsonl").stat().st_mode & 0o777 == 0o600


def test_a_line_is_there_soon_without_a_close(tmp_path: Path) -> None:
    audit = Audit(tmp_path)
    audit.note(line())
    until(lambda: audit.written == 1)
    assert len(lines(tmp_path)) == 1
    audit.close()


def test_what_breaks_lines_stays_within_one(tmp_path: Path) -> None:
    audit = Audit(tmp_path)
    audit.note(line(request_id='a\n{"forged": 1}\r\u2028\0é'))
    audit.close()
    content = (tmp_path / "audit.jsonl").read_bytes()
    assert content.count(b"\n") == 1
    assert json.loads(content)["request_id"] == 'a\n{"forged": 1}\r\u2028\0é'


def test_a_line_that_is_no_text_is_lost_alone(tmp_path: Path) -> None:
    audit = Audit(tmp_path)
    for number, request_id in enumerate(["a", "\ud800", "b"]):
        audit.note(line(number, request_id=request_id))
    audit.close()
    assert [each["request_id"] for each in lines(tmp_path)] == ["a", "b"]
    assert (audit.written, audit.lost) == (2, 1)


def test_a_file_that_is_full_makes_place_and_so_many_are_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Lines of 150 bytes, written one by one into files of 1,000: seven each, and two kept beside the last.

    Of the 14 times that a file turns the first two delete none.
    """
    deleted = 0
    for number in range(100):
        audit = Audit(tmp_path, size=1_000, kept=2)
        audit.note(line(number))
        audit.close()
        deleted += audit.deleted
    assert deleted == 12
    assert len(caplog.records) == 12
    assert caplog.records[0].getMessage() == (
        "the disk that the audit log may take is full: its oldest lines are deleted; keep copies, or allow more by "
        "AUGURY_AUDIT_GB"
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["audit.1.jsonl", "audit.2.jsonl", "audit.jsonl"]
    numbers = [int(each["request_id"][1:]) for each in lines(tmp_path)]
    assert numbers == list(range(numbers[0], 100))
    assert 14 < len(numbers) <= 21


def test_files_that_are_deleted_are_all_counted_and_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    audit = Audit(tmp_path, size=100, kept=1)
    for number in range(6):
        audit.note(line(number))
        until(lambda: audit.written == len(lines(tmp_path)) + audit.deleted)  # a line a file
        time.sleep(0.3)
    audit.close()
    assert (audit.written, audit.deleted, len(lines(tmp_path))) == (6, 4, 2)
    assert [each.levelname for each in caplog.records] == ["WARNING"]


def test_where_less_disk_is_allowed_than_before_all_that_is_too_much_goes(tmp_path: Path) -> None:
    """A file that somebody took away leaves no gap."""
    full = json.dumps({"request_id": "old"}) + "\n"
    for number in (1, 2, 4, 5, 11):
        (tmp_path / f"audit.{number}.jsonl").write_text(full.replace("old", f"r{number}"))
    others = [tmp_path / name for name in ("audit.notes.jsonl", "audit.03.jsonl", "3", "shadow.1.jsonl")]
    for each in others:
        each.write_text("not ours\n")
    (tmp_path / "audit.jsonl").write_text(full)
    audit = Audit(tmp_path, size=1, kept=4)
    audit.note(line(0))
    audit.close()
    assert audit.deleted == 2
    for each in others:
        each.unlink()
    assert [each["request_id"] for each in lines(tmp_path)] == ["r4", "r2", "r1", "old", "r0"]
    assert sorted(path.name for path in tmp_path.iterdir())[:4] == [f"audit.{number}.jsonl" for number in range(1, 5)]


@pytest.mark.parametrize(("gb", "files"), [(0.2, 2), (1.2, 17), (10, 149)])
def test_as_many_files_stay_as_the_disk_takes(gb: float, files: int) -> None:
    assert 1 + kept_on(gb * 1e9) == files
    assert files * 64 * 2**20 <= gb * 1e9


def test_none_may_be_kept(tmp_path: Path) -> None:
    for number in range(20):
        audit = Audit(tmp_path, size=500, kept=0)
        audit.note(line(number))
        audit.close()
    assert [path.name for path in tmp_path.iterdir()] == ["audit.jsonl"]


def test_too_many_that_wait_are_dropped_and_counted_and_nobody_waits(tmp_path: Path) -> None:
    """Another holds the lock: the thread waits with the line that it has, who notes does not."""
    handle = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    audit = Audit(tmp_path, waiting=100)
    audit.note(line(0))
    time.sleep(0.6)
    took = []
    for number in range(1, 1_001):
        start = time.perf_counter()
        audit.note(line(number))
        took.append(time.perf_counter() - start)
    assert sorted(took)[990] < 0.01
    os.close(handle)
    audit.close()
    kept = [int(each["request_id"][1:]) for each in lines(tmp_path)]
    assert kept == list(range(len(kept)))
    assert len(kept) in (100, 101)
    assert (audit.written, audit.dropped, audit.lost) == (len(kept), 1_001 - len(kept), 0)


def test_the_thread_does_not_pause_where_half_of_those_that_may_wait_do(tmp_path: Path) -> None:
    audit, took = Audit(tmp_path, waiting=101), []
    for round_ in range(1, 6):
        start = time.monotonic()
        for number in range(60):
            audit.note(line(number))
        while audit.written < 60 * round_:
            time.sleep(0.001)
        took.append(time.monotonic() - start)
    audit.close()
    assert min(took) < 0.15


def test_a_close_does_not_wait_for_ever_and_later_lines_are_dropped(tmp_path: Path) -> None:
    handle = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    audit = Audit(tmp_path)
    audit.note(line())
    start = time.monotonic()
    audit.close(0.3)
    assert time.monotonic() - start < 2
    audit.note(line(2))
    assert audit.dropped == 1
    os.close(handle)
    audit.close()
    assert len(lines(tmp_path)) == 1


def test_what_cannot_be_written_is_counted_and_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A folder that cannot be: a file has its name. Once it can, lines are written again."""
    folder = tmp_path / "audit"
    folder.write_text("in the way")
    audit = Audit(folder)
    noted = []
    for number in range(3):
        noted.append(number)
        audit.note(line(number))
        until(lambda: audit.lost == len(noted))
    assert (audit.lost, audit.written) == (3, 0)
    folder.unlink()
    audit.note(line(3))
    audit.close()
    assert [each["request_id"] for each in lines(folder)] == ["r3"]
    assert len([each for each in caplog.records if "audit lines are lost" in each.getMessage()]) == 1


FILLING = """
import json, resource, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from serving.safety.audit import Audit, Line
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, resource.RLIM_INFINITY))
def noted(audit, name):
    audit.note(Line(datetime.now(UTC), name, "k", "score", ["churn"], 1, 0, 200, 1.0))
def session(*names):
    audit = Audit(Path(sys.argv[1]))
    for name in names:
        noted(audit, name)
    audit.close()
    return [audit.written, audit.lost]
first, over = session("a", "b"), session(*"cdefghijkl")
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(json.dumps([first, over, session("m")]))
"""


def test_a_full_disk_leaves_whole_lines(tmp_path: Path) -> None:
    """Files may have 1,000 bytes: ten lines do not fit after two. What was begun of them goes, and later ones come."""
    done = subprocess.run(
        [sys.executable, "-c", FILLING, str(tmp_path)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [[2, 0], [0, 10], [1, 0]]
    assert [each["request_id"] for each in lines(tmp_path)] == ["a", "b", "m"]


def test_a_line_that_a_dead_process_left_half_is_taken_away(tmp_path: Path) -> None:
    (tmp_path / "audit.jsonl").write_bytes(b'{"request_id":"whole"}\n{"request_id":"ha')
    audit = Audit(tmp_path)
    audit.note(line())
    audit.close()
    assert [each["request_id"] for each in lines(tmp_path)] == ["whole", "r1"]


@pytest.mark.parametrize("left", [b"{", b"x" * 300_000])
def test_a_file_that_is_one_half_line_is_mended_too(left: bytes, tmp_path: Path) -> None:
    (tmp_path / "audit.jsonl").write_bytes(left)
    audit = Audit(tmp_path)
    audit.note(line())
    audit.close()
    assert [each["request_id"] for each in lines(tmp_path)] == ["r1"]


NOTING = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from serving.safety.audit import Audit, Line
audit = Audit(Path(sys.argv[1]), size=100_000, kept=1_000)
number = 0
while number < int(sys.argv[3]):
    for _ in range(500):
        models = ["m" * (number % 90)]
        audit.note(Line(datetime.now(UTC), f"{sys.argv[2]}-{number}", "key", "score", models, 1, 0, 200, 1.0))
        number += 1
    if number == 500:
        while not audit.written:
            time.sleep(0.01)
        print("writing", flush=True)
    time.sleep(0.01)
audit.close(60)
print(audit.written, audit.dropped, audit.lost)
"""


def started(folder: Path, who: int, count: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", NOTING, str(folder), str(who), str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_eight_processes_lose_nothing_and_each_keeps_its_order(tmp_path: Path) -> None:
    """5,000 lines each, into files that turn some thirty times."""
    running = [started(tmp_path, each, 5_000) for each in range(8)]
    said = [each.communicate(timeout=120)[0].split() for each in running]
    assert said == [["writing", "5000", "0", "0"]] * 8
    found = [each["request_id"].split("-") for each in lines(tmp_path)]
    orders = {who: [int(number) for one, number in found if one == who] for who in map(str, range(8))}
    assert orders == {who: list(range(5_000)) for who in map(str, range(8))}
    assert len(list(tmp_path.iterdir())) > 20


def test_processes_that_are_killed_leave_whole_lines(tmp_path: Path) -> None:
    """Sixteen are killed while they write; what is there of each is a beginning of what it said."""
    for round_ in range(4):
        running = [started(tmp_path, 4 * round_ + each, 10_000_000) for each in range(4)]
        assert [each.stdout.readline() for each in running if each.stdout] == ["writing\n"] * 4
        time.sleep(0.1 * round_)
        for each in running:
            each.send_signal(signal.SIGKILL)
            each.communicate()
    audit = Audit(tmp_path, size=100_000, kept=1_000)
    audit.note(line(request_id="last-0"))
    audit.close()
    found = [each["request_id"].split("-") for each in lines(tmp_path)]
    assert found[-1] == ["last", "0"]
    counted = Counter(who for who, _ in found)
    assert len(counted) == 17
    for who, count in counted.items():
        assert [int(number) for one, number in found if one == who] == list(range(count))
