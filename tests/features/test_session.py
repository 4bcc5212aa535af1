"""Sessions of DuckDB: text among numbers is no error of reading, and what does not fit into memory leaves no trace."""

import tempfile
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from features.engine.door import admit
from features.engine.run import Engine, observe
from features.engine.scan import scan_files
from features.engine.session import session
from features.library import chosen
from features.policy import Policy
from features.usability import examine

ROWS = "customer_id,time,amount\na,2024-01-01,1.5\nb,2024-01-02,oops\na,2024-01-03,3\n"
MUCH = "CREATE TEMP TABLE held AS SELECT i, md5(i::VARCHAR) AS text FROM range(3000000) AS r(i)"


@pytest.fixture
def sales(tmp_path: Path) -> Path:
    (tmp_path / "sales.csv").write_text(ROWS, encoding="utf-8")
    return tmp_path / "sales.csv"


def test_text_among_the_amounts_of_a_csv_is_a_finding(sales: Path) -> None:
    report = examine("shop", {"transactions": scan_files("transactions", "read_csv", str(sales), {})})
    (found,) = report.of("error")
    assert (found.check, found.column, found.rows) == ("text_for_number", "amount", 1)
    assert "oops" in found.example


@pytest.mark.parametrize("engine", ["kernel", "duckdb"])
def test_a_csv_whose_text_among_amounts_is_left_out_gives_numbers(sales: Path, tmp_path: Path, engine: Engine) -> None:
    tables = {"transactions": scan_files("transactions", "read_csv", str(sales), {})}
    history = admit("shop", tables, policy=Policy(rejects="keep"), rejected=tmp_path / "rejected")
    asked = pd.DataFrame({"customer_id": ["a", "b"], "cutoff": pd.Timestamp("2024-01-04")})
    assert observe(history, asked, chosen(["spend"]), engine=engine)["spend"].tolist() == [4.5, 0.0]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in an empty folder, with another as the system's temporary one."""
    (tmp_path / "here").mkdir()
    (tmp_path / "temporary").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    return tmp_path


def test_a_session_that_spills_leaves_nothing_behind(place: Path) -> None:
    with session() as opened:
        opened.execute("SET memory_limit = '100MB'")
        opened.execute(MUCH)
        (folder,) = (place / "temporary").iterdir()
        assert folder.name.startswith("augury-")
        assert list(folder.iterdir())
        assert list((place / "here").iterdir()) == []
    assert list((place / "temporary").iterdir()) == []


def test_a_session_that_spills_and_fails_leaves_nothing_behind(place: Path) -> None:
    def fail() -> None:
        with session() as opened:
            opened.execute("SET memory_limit = '100MB'")
            opened.execute(MUCH)
            assert list((place / "temporary").iterdir())
            opened.execute("SELECT error('stop')")

    with pytest.raises(duckdb.Error, match="stop"):
        fail()
    assert list((place / "temporary").iterdir()) == []


def test_a_session_that_does_not_spill_makes_no_folder(place: Path) -> None:
    with session() as opened:
        assert opened.execute("SELECT 1").fetchall() == [(1,)]
        assert [*(place / "temporary").iterdir(), *(place / "here").iterdir()] == []
