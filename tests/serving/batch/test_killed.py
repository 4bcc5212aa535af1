"""Real processes that die by SIGKILL: what is there in the end is to the byte what an undisturbed run writes."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from adbc_driver_postgresql import dbapi

from models.registry import Registered
from serving.batch.draft import DRAFTS, JOURNAL
from serving.batch.place import Place
from tests import postgresql_server

ROOT = Path(__file__).resolve().parents[3]
NAMES = ["shop_churn", "shop_clv", "shop_segments"]
SIZE, BLOCKS = 31, 5
Start = Callable[..., "Started"]


@pytest.fixture(scope="module")
def artifacts(champions: dict[str, Registered], tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("artifacts")
    for name in NAMES:
        champions[name].artifact.save(folder / name)
    return [str(folder / name) for name in NAMES]


@dataclass
class Started:
    """A process that scores; `wait` gives how it ended, below 0 by a signal."""

    server: "subprocess.Popen[str]"
    pid: int
    code: int | None = None

    def wait(self) -> int:
        """Wait until it has ended."""
        if self.code is None:
            self.code = int(_line(self.server))
        return self.code


@pytest.fixture(scope="module")
def server() -> Iterator["subprocess.Popen[str]"]:
    command, pipe = [sys.executable, "-m", "tests.serving.batch.child"], subprocess.PIPE
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, cwd=ROOT, env=env, stdin=pipe, stdout=pipe, text=True) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


def _line(server: "subprocess.Popen[str]") -> str:
    assert server.stdout is not None
    return server.stdout.readline()


@pytest.fixture
def start(server: "subprocess.Popen[str]", artifacts: list[str], ready: Path, tmp_path: Path) -> Start:
    """Start a batch that dies at a point, the n-th time that it is reached; by default at none."""

    def started(to: str, point: str = "", times: int = 1, *, frames: bool = True) -> Started:
        said = {"artifacts": artifacts, "rows": str(ready), "to": to, "work": str(tmp_path / "work"), "size": SIZE}
        assert server.stdin is not None
        server.stdin.write(json.dumps({**said, "point": point, "times": times, "frames": frames}) + "\n")
        server.stdin.flush()
        return Started(server, int(_line(server)))

    return started


def _ends(process: Started, code: int) -> None:
    assert process.wait() == code


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture
def whole(start: Start, tmp_path: Path) -> dict[str, bytes]:
    """Write what a run writes that nothing disturbs."""
    _ends(start(f"{tmp_path}/whole/"), 0)
    files = _files(tmp_path / "whole")
    assert len([name for name in files if name.startswith("shop_clv/scores.parquet/")]) == BLOCKS
    return files


POINTS = [
    ("within a part", 1),
    ("within a part", 2 * 3 * 3 + 1),
    ("before a part has its name", 8),
    ("after a part has its name", 8),
    ("between data and journal", 1),
    ("between data and journal", 8),
    ("within the journal", 8),
    ("after the journal", 7),
    ("after the journal", 3 * BLOCKS),
    ("before another name", 3 + 2 * 3),
    ("after another name", 3 + 2 * 3),
    ("before the workspace goes", 3 + 1),
]


def test_a_run_that_was_killed_anywhere_goes_on(start: Start, whole: dict[str, bytes], tmp_path: Path) -> None:
    for number, (point, times) in enumerate(POINTS):
        to = tmp_path / f"out{number}"
        _ends(start(f"{to}/", point, times), -signal.SIGKILL)
        for name in NAMES:  # readers see a batch whole, or none
            assert not (to / name).exists() or (to / name / "batch.json").exists(), point
        _ends(start(f"{to}/"), 0)
        assert _files(to) == whole, point


def test_a_run_that_is_killed_again_and_again_gets_there(start: Start, whole: dict[str, bytes], tmp_path: Path) -> None:
    """Each run finishes a line of the journal and dies at the next."""
    to, runs = tmp_path / "out", 0
    while (process := start(f"{to}/", "within the journal", 4)).wait() == -signal.SIGKILL:
        runs += 1
    _ends(process, 0)
    assert runs == 3 * BLOCKS // 3 - (3 * BLOCKS % 3 == 0)
    assert _files(to) == whole


def test_a_kill_from_outside_at_any_time(start: Start, whole: dict[str, bytes], tmp_path: Path) -> None:
    to = tmp_path / "out"
    for lines in (1, 3, 5):
        process, journal = start(f"{to}/"), to / f".{NAMES[0]}.batch" / DRAFTS / NAMES[0] / JOURNAL
        while not (journal.exists() and journal.read_bytes().count(b"\n") >= lines):
            time.sleep(0.001)
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait() in (0, -signal.SIGKILL)
    _ends(start(f"{to}/"), 0)
    assert _files(to) == whole


def test_what_was_finished_is_not_done_again(start: Start, whole: dict[str, bytes], tmp_path: Path) -> None:
    to = tmp_path / "out"
    _ends(start(f"{to}/", "between data and journal", 3 * 3 + 1), -signal.SIGKILL)
    parts = sorted((to / f".{NAMES[0]}.batch" / DRAFTS / NAMES[0] / "scores.parquet").glob("part-*"))
    written = {path.name: path.stat().st_ino for path in parts}
    assert len(written) == 4
    _ends(start(f"{to}/"), 0)
    again = {path.name: path.stat().st_ino for path in (to / NAMES[0] / "scores.parquet").iterdir()}
    assert [again[name] == inode for name, inode in sorted(written.items())] == [True, True, True, False]


@pytest.mark.parametrize("name", ["scores.parquet", "scores.csv", "scores.csv.gz"])
def test_a_file_is_the_same_whatever_happened(name: str, start: Start, tmp_path: Path) -> None:
    _ends(start(f"{tmp_path}/whole/{name}", frames=False), 0)
    named = ("before a part has its name", 1) if name.endswith("parquet") else ("before another name", 3 + 2)
    for point, times in (("between data and journal", 8), ("before another name", 3 + 1), named):
        _ends(start(f"{tmp_path}/out/{name}", point, times, frames=False), -signal.SIGKILL)
        assert not (tmp_path / "out" / name).exists(), point
    between = ("before another name", 3 + (2 if name.endswith("parquet") else 3))
    _ends(start(f"{tmp_path}/out/{name}", *between, frames=False), -signal.SIGKILL)
    assert (tmp_path / "out" / name).exists()
    assert not (tmp_path / "out" / f"{name}.batch.json").exists(), "it is told of before it is there"
    gone = ("before the workspace goes", 1)
    _ends(start(f"{tmp_path}/out/{name}", *gone, frames=False), -signal.SIGKILL)
    assert (tmp_path / "out" / name).exists()
    _ends(start(f"{tmp_path}/out/{name}", frames=False), 0)
    assert _files(tmp_path / "out") == _files(tmp_path / "whole")
    read = pd.read_csv if "csv" in name else pd.read_parquet
    found = read(tmp_path / "out" / name)
    assert found.groupby("model")["customer_id"].nunique().to_dict() == dict.fromkeys(NAMES, 150)
    assert len(found) == 450


@pytest.fixture(scope="module")
def uri() -> Iterator[str]:
    with postgresql_server.server() as port:
        yield postgresql_server.uri(port)


def _counted(said: str) -> list[tuple[str, int, int]]:
    """Count rows and customers of each model, in the table itself."""
    query, place = "SELECT model, count(*), count(DISTINCT customer_id) FROM scores GROUP BY 1 ORDER BY 1", said
    if said.startswith("duckdb:"):
        with duckdb.connect(Place.read(said).at) as opened:
            return opened.execute(query).fetchall()
    with dbapi.connect(Place.read(place).at) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        return [tuple(row) for row in cursor.fetchall()]


@pytest.mark.parametrize("kind", ["duckdb", "postgresql"])
def test_a_table_has_each_row_once_whatever_happened(
    kind: str, start: Start, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    to = f"duckdb:{tmp_path}/crm.db#scores" if kind == "duckdb" else f"{request.getfixturevalue('uri')}#scores"
    for point, times in (("between data and journal", 8), ("within the transaction", 1), ("within the transaction", 9)):
        _ends(start(to, point, times, frames=False), -signal.SIGKILL)
    with pytest.raises(Exception, match=r"scores.* does not exist"):
        _counted(to)
    _ends(start(to, "before the workspace goes", 1, frames=False), -signal.SIGKILL)
    expected = [(name, 150, 150) for name in NAMES]
    assert _counted(to) == expected
    _ends(start(to, frames=False), 0)
    assert _counted(to) == expected
    assert not list((tmp_path / "work").iterdir())
