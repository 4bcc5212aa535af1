"""Metrics of several workers, some of which are dead: what counted stays, what was live is no more."""

import os
import signal
import subprocess
import sys
from pathlib import Path

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
    found = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(told.stdout)
        for sample in family.samples
    }
    versions = {key: value for key, value in found.items() if key[0] == "augury_model_version_info"}
    assert versions == {("augury_model_version_info", "2", "champion", "churn"): 1}
    assert found["augury_scores_total", "1", "churn"] == 10
    assert found["augury_feature_age_seconds", "churn"] == 70
    age = found["augury_feature_age_seconds", "clv"]
    assert age != age  # NaN: of no age
