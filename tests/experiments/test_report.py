"""The report: one page that needs nothing else, and says what it was given."""

import base64
import re
from typing import Any

import pytest

from experiments.report import Section, write_report
from features.library import FEATURES
from serving.drift import Report, drift
from training.plots import plots
from training.task import Split
from training.train import Trained

FOUND: dict[str, Any] = {
    "cutoffs": {"train": ["2024-01-01", "2024-02-01"], "test": ["2024-03-01"]},
    "models": {
        "base_rate": {"roc_auc": {"value": 0.5, "low": None, "high": None}},
        "boosted": {"roc_auc": {"value": 0.8, "low": 0.7, "high": 0.9}},
    },
}


@pytest.fixture(scope="module")
def report(trained: Trained, churn_data: Split) -> Report:
    return drift(trained.artifact, churn_data.test.X, declared=FEATURES)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, trained: Trained, report: Report) -> str:
    drawn = plots(trained.scored, kind="binary")
    sections = [Section("Who <leaves> & why", FOUND, "boosted", drawn), Section("Second", FOUND, "boosted", {})]
    path = tmp_path_factory.mktemp("report") / "deep" / "report.html"
    write_report(path, sections, [report], title="A run", note="by hand")
    assert [each.name for each in path.parent.iterdir()] == ["report.html"]
    return path.read_text(encoding="utf-8")


def test_scoreboards_are_there_with_the_champion_marked(page: str) -> None:
    rows = re.findall(r"<tr( class=\"champion\")?><td>(\w+)</td><td>([^<]+)</td></tr>", page)
    assert rows == [("", "base_rate", "0.500"), (' class="champion"', "boosted", "0.800 [0.700, 0.900]")] * 2
    assert "trained on 2 cutoffs, 2024-01-01 to 2024-02-01; tested on 2024-03-01" in page


def test_what_is_written_in_a_study_is_text_and_no_markup(page: str) -> None:
    assert "Who &lt;leaves&gt; &amp; why" in page
    assert "<leaves>" not in page


def test_plots_are_in_the_page(page: str) -> None:
    images = re.findall(r'<img alt="(\w+)" src="data:image/png;base64,([^"]+)">', page)
    assert [name for name, _ in images] == ["calibration", "gains"]
    assert all(base64.b64decode(png).startswith(b"\x89PNG") for _, png in images)


def test_the_page_needs_nothing_else(page: str) -> None:
    assert re.findall(r"(?:src|href)=\"(?!data:)", page) == []
    assert "<script" not in page
    assert "@import" not in page


def test_drift_is_told_column_by_column(page: str, report: Report) -> None:
    assert f"Drift of small_churn: {report.code.name.lower()}" in page
    for finding in report.findings:
        assert f"<td>{finding.column}</td><td>{finding.psi:.3f}</td>" in page
    assert len(report.findings) > 5
