"""Customers without dates on the command line: checked, built, built again, explained and kept."""

from pathlib import Path

import pandas as pd
import pytest

from experiments.explain import explain
from experiments.frames import Options, build_frame, rebuild_frame
from experiments.kept import keep, tomorrow
from experiments.usability import check, examined
from features.engine.stored import stored

CSV = "id,plan,age,since,churn\n" + "".join(
    f"c{number},{'pro' if number % 3 else 'basic'},{20 + number},2024-01-0{1 + number % 9},{number % 2}\n"
    for number in range(30)
)
NOW = pd.Timestamp("2025-01-01")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "people.csv").write_text(CSV, encoding="utf-8")
    said = 'csv = "people.csv"\ncolumns.customer_id = "id"\nformats.age = "number"\nformats.since = "%Y-%m-%d"\n'
    (tmp_path / "people.toml").write_text(f"[table]\n{said}", encoding="utf-8")
    return tmp_path / "people.toml"


def test_it_is_examined_without_questions(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(str(file), as_json=False, html=file.with_suffix(".html")) == 0
    said = capsys.readouterr().out
    assert "people can be used: 0 errors, 0 warnings, 1 note" in said
    assert "no_attribute" in said
    report = examined(str(file), now=NOW)
    assert (report.tasks, report.tables[0].rows) == ((), 30)
    page = file.with_suffix(".html").read_text(encoding="utf-8")
    assert "transactions" not in page
    assert "customers.since" in page


def test_it_is_built_and_built_again(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    build_frame(str(file), Options(), to=tmp_path / "built")
    assert "30 rows of 3 features at 1 cutoffs" in capsys.readouterr().out
    made = stored(tmp_path / "built")
    assert list(made)[2:] == ["customers.plan", "customers.age", "customers.churn"]
    assert set(made["customers.plan"]) == {"pro", "basic"}
    rebuild_frame(tmp_path / "built")
    assert "byte for byte" in capsys.readouterr().out


def test_it_is_explained(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    explain("c4", dataset=str(file), cutoff=None, features=None, category=None, last=3)
    said = capsys.readouterr().out
    assert said.startswith("c4 at 2000-01-01, UTC time")
    for told in ("customers.plan = 'pro'", "customers.age = 24", "customers.churn = '0'"):
        assert told in said


def test_it_is_kept(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = "customers.*,-customers.since,-customers.churn,customers.churn=1"
    keep(str(file), to=tmp_path / "kept", population=None, features=names)
    assert "3 features of whoever is listed, until 2000-01-01 00:00:00" in capsys.readouterr().out
    tomorrow(tmp_path / "kept", cutoff=None, to=tmp_path / "frame.parquet")
    build_frame(str(file), Options(features=names), to=tmp_path / "built")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "frame.parquet"), stored(tmp_path / "built"))
