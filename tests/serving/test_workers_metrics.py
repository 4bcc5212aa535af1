"""Metrics of several workers: those that run are told as one, of the dead stays what counted, and not what was live."""

import math
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from experiments.server import ROOT

DIES = """
import os, signal
from serving.metrics import Metrics
metrics = Metrics()
metrics.live("champion", {"churn": "1"})
metrics.aged({"churn": 60.0})
metrics.scored("churn", "1", 3)
os.kill(os.getpid(), signal.SIGKILL)
"""
COMES = """
from serving.metrics import Metrics
metrics = Metrics()
metrics.bury()
metrics.live("champion", {"churn": "2"})
metrics.aged({"churn": 60.0, "clv": 50.0})
metrics.aged({"churn": 70.0})
metrics.scored("churn", "1", 4)
metrics.bury()
print(metrics.text().decode())
"""
RUNS = """
from serving.metrics import Metrics
metrics = Metrics()
for line in iter(input, ""):
    exec(line)
    print("done", flush=True)
"""


class Running:
    """A worker that does what it is told, line by line."""

    def __init__(self, folder: Path) -> None:
        environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(folder)}
        pipe = subprocess.PIPE
        told = [sys.executable, "-c", RUNS]
        self.process = subprocess.Popen(told, env=environment, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)

    def does(self, line: str) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "done\n"

    def told(self, to: Path) -> dict[tuple[str, ...], float]:
        """Give what it tells of all workers."""
        self.does(f"open({str(to)!r}, 'wb').write(metrics.text())")
        return _found(to.read_text())

    def ends(self) -> None:
        self.process.communicate("\n", timeout=60)


@contextmanager
def _two(folder: Path) -> Iterator[tuple[Running, Running]]:
    folder.mkdir()
    both = Running(folder), Running(folder)
    try:
        yield both
    finally:
        for each in both:
            each.ends()


def _found(text: str) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def _run(program: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(folder)}
    return subprocess.run(
        [sys.executable, "-c", program], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60
    )


def test_a_worker_that_was_killed_is_live_no_more_and_its_counts_stay(tmp_path: Path) -> None:
    assert _run(DIES, tmp_path).returncode == -signal.SIGKILL
    assert _run(DIES, tmp_path).returncode == -signal.SIGKILL
    told = _run(COMES, tmp_path)
    assert told.returncode == 0, told.stderr
    found = _found(told.stdout)
    versions = {key: value for key, value in found.items() if key[0] == "augury_model_version_info"}
    assert versions == {("augury_model_version_info", "2", "champion", "churn"): 1}
    assert found["augury_scores_total", "1", "churn"] == 10
    assert found["augury_feature_age_seconds", "churn"] == 70
    assert found["augury_feature_age_seconds", "clv"] == -math.inf  # of no age


@pytest.mark.parametrize("last", [0, 1])
def test_the_service_is_as_its_worst_worker_whoever_looked_last(tmp_path: Path, last: int) -> None:
    with _two(tmp_path / "counted") as workers:
        behind, ahead = workers
        looks = {
            behind: ["live('champion', {'churn': '1'})", "aged({'churn': 90.0})", "ready.set(0)"],
            ahead: ["live('champion', {'churn': '2'})", "aged({'churn': 60.0, 'clv': 5.0})", "ready.set(1)"],
        }
        behind.does("metrics.aged({'clv': 7.0})")
        for each in (workers[1 - last], workers[last]):
            for look in looks[each]:
                each.does(f"metrics.{look}")
        found = ahead.told(tmp_path / "told")
        assert found["augury_ready",] == 0
        assert found["augury_feature_age_seconds", "churn"] == 90
        assert found["augury_feature_age_seconds", "clv"] == 5  # the other's are of no age
        assert found["augury_model_version_info", "1", "champion", "churn"] == 1
        assert found["augury_model_version_info", "2", "champion", "churn"] == 1
        for look in ("live('champion', {'churn': '2'})", "aged({'churn': 61.0})", "ready.set(1)"):
            behind.does(f"metrics.{look}")
        found = ahead.told(tmp_path / "told")
        assert found["augury_ready",] == 1
        assert found["augury_feature_age_seconds", "churn"] == 61
        assert found["augury_model_version_info", "1", "champion", "churn"] == 0
