"""`check` of a dataset file, a dataset in Python and a study: what is printed, written and returned."""

import io
import json
import re
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console

from configs.registry import UnknownName
from configs.study import read_study, study_names
from experiments.usability import USUAL, _asked, check, code, examined, show, write_page
from features.datasets.simulator import simulate
from features.finding import Finding
from features.usability import Question, Report, examine
from features.usability.question import Answer

NOW = pd.Timestamp("2026-01-01")


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return dict(simulate(300, days=420).tables)


@pytest.fixture
def own(tmp_path: Path, tables: dict[str, pd.DataFrame]) -> Path:
    """Write a dataset file over CSV files whose columns are called otherwise."""
    return _dataset(tmp_path, tables["transactions"])


def _dataset(folder: Path, lines: pd.DataFrame, more: str = "") -> Path:
    theirs = lines.rename(columns={"customer_id": "client", "amount": "value"})
    theirs.assign(time=lines["time"].dt.strftime("%d.%m.%Y")).to_csv(folder / "sales.csv", index=False)
    path = folder / "shop.toml"
    path.write_text(
        f"""{more}
[tables.transactions]
csv = "sales.csv"
columns.customer_id = "client"
columns.amount = "value"
formats.time = "%d.%m.%Y"
"""
    )
    return path


def _study(folder: Path, *, dataset: str = "shop.toml", horizon: str = "horizon_days = 28") -> Path:
    path = folder / "study.toml"
    path.write_text(
        f"""
title = "Who leaves"
dataset = "{dataset}"
population = "active_91d"
target = "churned"
{horizon}
features = ["rfm"]
champion = "base_rate"

[cutoffs]
first = 2024-08-01
step_days = 28
test = [2025-01-01]

[models.base_rate]
"""
    )
    return path


def test_a_dataset_file_is_examined_as_it_lies(own: Path, tables: dict[str, pd.DataFrame]) -> None:
    report = examined(str(own), now=NOW)
    assert (report.name, report.ok) == ("shop", True)
    assert [(table.name, table.rows) for table in report.tables] == [("transactions", len(tables["transactions"]))]
    assert {column.type for column in report.tables[0].columns} == {"VARCHAR"}
    assert [task.question for task in report.tasks] == [question.name for question in USUAL]


def test_its_columns_formats_zone_end_and_policy_are_those_of_the_file(
    tmp_path: Path, tables: dict[str, pd.DataFrame]
) -> None:
    lines = tables["transactions"].assign(is_return=False)
    negative = int((lines["amount"] < 0).sum())
    refused = examined(str(_dataset(tmp_path, lines)), now=NOW)
    assert [(each.check, each.rows) for each in refused.of("error")] == [("negative_amount", negative)]
    settled = examined(str(_dataset(tmp_path, lines, "end = 2025-02-01\npolicy.returns = 'net'")), now=NOW)
    assert settled.ok
    assert settled.end == "2025-02-01T00:00:00"
    assert [each.check for each in settled.of("warning")] == ["time_after_end"]


def test_a_dataset_in_python_is_examined_as_it_was_admitted() -> None:
    report = examined("cdnow_sample", now=NOW)
    assert (report.name, report.end, report.ok) == ("cdnow_sample", "1998-07-01T00:00:00", True)
    assert report.tables[0].rows == 6919


def test_a_study_asks_its_own_question(own: Path) -> None:
    report = examined(str(_study(own.parent)), now=NOW)
    (task,) = report.tasks
    assert (report.name, task.question) == ("shop", "study")
    assert task.customers > 0
    assert task.cutoff == "2025-01-27"


@pytest.mark.parametrize("name", ["cdnow_churn", "cdnow_clv"])
def test_the_studies_of_cdnow_have_what_they_need(name: str) -> None:
    report = examined(name, now=NOW)
    (task,) = report.tasks
    assert (report.name, task.question) == ("cdnow", name)
    assert task.verdict in ("yes", "thin")
    assert code(report, asked=True) == 0


def test_the_counts_of_a_study_are_those_of_its_population_and_target() -> None:
    """All 23,570 customers are known 91 days before the end of June 1998, and 3,317 of them buy after that."""
    (task,) = examined("cdnow_churn", now=NOW).tasks
    assert (task.cutoff, task.customers, task.positives) == ("1998-04-01", 23570, 3317)


@pytest.mark.parametrize(
    ("population", "target", "kind", "active_days"),
    [
        ("touched", "churned", "uplift", None),
        ("active_28d", "orders", "count", 28),
        ("subscribers", "churned", "other", None),
        ("known", "subscription_ended", "other", None),
        ("subscribers", "subscription_ended", "ended", None),
        ("members", "lapsed", "lapsed", None),
        ("subscribers", "lapsed", "lapsed", None),
        ("members", "churned", "other", None),
        ("renewing", "lapsed", "other", None),
    ],
)
def test_populations_and_targets_are_put_into_plain_words(
    population: str, target: str, kind: str, active_days: int | None
) -> None:
    study = read_study("cdnow_churn").model_copy(update={"population": population, "target": target})
    assert [(each.kind, each.active_days) for each in _asked("q", study)] == [(kind, active_days)]


def test_every_study_that_we_ship_is_turned_into_a_question() -> None:
    asked = {name: list(_asked(name, read_study(name))) for name in study_names()}
    assert {name: [(each.kind, each.horizon_days, each.active_days) for each in of] for name, of in asked.items()} == {
        "cdnow_churn": [("binary", 91, None)],
        "cdnow_churn_half_year": [("binary", 182, None)],
        "cdnow_clv": [("amount", 273, None)],
        "cdnow_clv_half_year": [("amount", 182, None)],
        "complete_journey_campaign": [("other", 42, None)],
        "complete_journey_churn": [("binary", 28, 84)],
        "complete_journey_clv": [("amount", 91, None)],
        "complete_journey_clv_half_year": [("amount", 182, None)],
        "complete_journey_contribution": [("amount", 91, None)],
        "complete_journey_cross_sell": [("pairs", 28, 182)],
        "complete_journey_price_tier": [("other", 28, 84)],
        "complete_journey_segments": [],
        "complete_journey_spend_fall": [("other", 28, 84)],
        "complete_journey_upsell": [("other", 28, 84)],
        "simulated_lapse": [("lapsed", 56, None)],
        "telco_churn": [],
    }


def _made(*severities: str, verdict: str = "yes") -> Report:
    findings = tuple(
        Finding("c", severity, "transactions", "x", 1, "is <odd>", "{'x': '[red]'}", "mend it")  # type: ignore[arg-type]
        for severity in severities
    )
    task = Answer("q", verdict, ("because",), "2024-01-01", 1, 1, 1, 1.0)  # type: ignore[arg-type]
    return Report("made", "", (), findings, (task,))


@pytest.mark.parametrize(
    ("report", "asked", "expected"),
    [
        (_made(), True, 0),
        (_made("note"), True, 0),
        (_made("note", "warning"), True, 10),
        (_made("warning", "error"), True, 40),
        (_made(verdict="thin"), True, 0),
        (_made(verdict="no"), True, 10),
        (_made(verdict="no"), False, 0),
        (_made("error", verdict="no"), True, 40),
    ],
)
def test_the_exit_code_is_the_worst_of_it(report: Report, asked: bool, expected: int) -> None:
    assert code(report, asked=asked) == expected


def test_the_print_names_everything(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(str(own), as_json=False, html=None) == 0
    out = re.sub(r"\s+", " ", capsys.readouterr().out)
    assert "shop can be used: 0 errors, 0 warnings" in out
    assert "only_midnights" in out
    assert "transactions: " in out
    assert all(question.name in out for question in USUAL)


def test_what_tables_hold_is_no_markup() -> None:
    console = Console(record=True, width=200, file=io.StringIO())
    show(_made("error"), console)
    assert "transactions.x is <odd>: 1 rows, such as {'x': '[red]'}; mend it" in console.export_text()


def test_json_is_the_report(
    tmp_path: Path, tables: dict[str, pd.DataFrame], capsys: pytest.CaptureFixture[str]
) -> None:
    path = _dataset(tmp_path, tables["transactions"].assign(is_return=False))
    assert check(str(path), as_json=True, html=None) == 40
    plain = json.loads(capsys.readouterr().out)
    assert (plain["ok"], plain["findings"][0]["check"]) == (False, "negative_amount")


def test_a_page_is_written_that_needs_nothing_else(
    tmp_path: Path, tables: dict[str, pd.DataFrame], capsys: pytest.CaptureFixture[str]
) -> None:
    path = _dataset(tmp_path, tables["transactions"].assign(is_return=False))
    page = tmp_path / "deep" / "page.html"
    assert check(str(path), as_json=False, html=page) == 40
    capsys.readouterr()
    text = page.read_text(encoding="utf-8")
    assert "shop cannot be used as it is: 1 error" in text
    assert "is negative but not marked as a return" in text
    assert "customer_id" in text
    assert re.findall(r"(?:src|href)=", text) == []
    assert "<script" not in text
    assert [each.name for each in page.parent.iterdir()] == ["page.html"]


def test_what_tables_hold_is_text_on_the_page(tmp_path: Path) -> None:
    write_page(_made("warning"), tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "is &lt;odd&gt;" in text
    assert "<odd>" not in text
    assert '<td class="yes">yes</td>' in text


def test_a_name_that_is_nothing_is_unknown() -> None:
    with pytest.raises(UnknownName, match="unknown dataset 'cdnov'; did you mean 'cdnow'"):
        examined("cdnov", now=NOW)


def test_what_lies_after_now_is_an_error(own: Path) -> None:
    report = examined(str(own), now=pd.Timestamp("2025-01-01"))
    assert [each.check for each in report.of("error")] == ["future_time"]


def test_the_usual_questions_are_answered_by_the_simulated_shop() -> None:
    report = examine("large", simulate(9000, days=730, seed=5).tables, tasks=USUAL)
    assert {task.question: task.verdict for task in report.tasks} == {question.name: "yes" for question in USUAL}
    assert all(isinstance(question, Question) for question in USUAL)
