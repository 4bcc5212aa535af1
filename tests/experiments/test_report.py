"""The report: one page that needs nothing else, and says what it was given."""

import base64
import re
from typing import Any

import pytest
from matplotlib.figure import Figure

from experiments.report import Section, write_report
from features.library import FEATURES
from serving.drift import Report, drift
from training.backtest import Backtested
from training.splits import Split

FOUND: dict[str, Any] = {
    "judged": ["2024-03-01", "2024-04-01"],
    "learned": "5 cutoffs up to 2024-02-01",
    "grade": {"letter": "B"},
    "models": {
        "base_rate": {"roc_auc": {"value": 0.5, "low": None, "high": None}},
        "boosted": {"roc_auc": {"value": 0.8, "low": 0.7, "high": 0.9}},
    },
}


@pytest.fixture(scope="module")
def report(trained: Backtested, churn_data: Split) -> Report:
    return drift(trained.artifact, churn_data.test.X, declared=FEATURES)


def drawn(title: str) -> Figure:
    figure = Figure()
    figure.add_subplot().set(xlabel="share of <rows>", ylabel="share of the target")
    figure.axes[0].set_title(title, loc="left")
    return figure


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, report: Report) -> str:
    plots = {"calibration": drawn("Calibration"), "gains": drawn("Gains")}
    sections = [Section("Who <leaves> & why", FOUND, "boosted", plots), Section("Second", FOUND, "boosted", {})]
    path = tmp_path_factory.mktemp("report") / "deep" / "report.html"
    write_report(path, sections, [report], title="A run", note="by hand")
    assert [each.name for each in path.parent.iterdir()] == ["report.html"]
    return path.read_text(encoding="utf-8")


def test_scoreboards_are_there_with_the_champion_marked(page: str) -> None:
    rows = re.findall(r"<tr( class=\"strong\")?><th scope=\"row\">(\w+)</th><td>([^<]+)</td></tr>", page)
    assert rows == [("", "base_rate", "0.500"), (' class="strong"', "boosted", "0.800 [0.700, 0.900]")] * 2
    told = "tested on 2024-03-01, 2024-04-01; the champion, grade B, learned from 5 cutoffs up to 2024-02-01"
    assert page.count(told) == 2


def test_what_is_written_in_a_study_is_text_and_no_markup(page: str) -> None:
    assert "Who &lt;leaves&gt; &amp; why" in page
    assert "<leaves>" not in page


def test_plots_are_in_the_page(page: str) -> None:
    images = re.findall(r'<img alt="([^"]+)" src="data:image/svg\+xml;base64,([^"]+)">', page)
    told = "share of the target by share of &lt;rows&gt;"
    assert [name for name, _ in images] == [f"Calibration: {told}", f"Gains: {told}"]
    assert all(b"<svg" in base64.b64decode(svg) for _, svg in images)


def test_the_page_needs_nothing_else(page: str) -> None:
    assert re.findall(r"(?:src|href)=\"(?!data:)", page) == []
    assert "<script" not in page
    assert "@import" not in page


def test_drift_is_told_column_by_column(page: str, report: Report) -> None:
    assert f"Drift of small_churn: {report.code.name.lower()}" in page
    for finding in report.findings:
        assert f'<th scope="row">{finding.column}</th><td>{finding.psi:.3f}</td>' in page
    assert len(report.findings) > 5
