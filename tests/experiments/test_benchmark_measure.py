"""What a benchmark measures: all of the work's CPU and memory, and nothing of what was before."""

import subprocess
import sys
from pathlib import Path

import pytest

from experiments.benchmarks.measure import STATUS, measured
from experiments.benchmarks.record import fresh

SPIN = "import time\nwhile time.process_time() < 0.3: pass"


def test_the_cpu_of_child_processes_counts() -> None:
    made, cost = measured(lambda: subprocess.run([sys.executable, "-c", SPIN], check=True).returncode)
    assert made == 0
    assert cost["cpu_s"] >= 0.3


@pytest.mark.skipif(not STATUS.exists(), reason="only Linux can start a peak anew")
def test_the_peak_is_that_of_the_work_and_not_of_what_was_before() -> None:
    before = bytes(bytearray(range(256)) * 800_000)
    assert len(before) == 204_800_000
    del before
    _, small = measured(lambda: None)
    _, large = measured(lambda: bytearray(range(256)) * 400_000)
    assert large["peak_mb"] - small["peak_mb"] == pytest.approx(98, abs=20)


def test_a_process_that_fails_is_told_with_what_it_said() -> None:
    with pytest.raises(RuntimeError, match=r"(?s)experiments.benchmarks.features.worker ended with 1 .*KeyError"):
        fresh("experiments.benchmarks.features.worker", {"nothing": 1}, python=Path(sys.executable))
