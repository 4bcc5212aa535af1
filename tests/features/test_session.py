"""Sessions of DuckDB: text among numbers is no error of reading, and what does not fit into memory leaves no trace."""

import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from features.engine.door import admit
from features.engine.run import Engine, observe
from features.engine.scan import scan_files
from features.engine.session import session, shared
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


def test_sessions_that_share_an_engine_see_nothing_of_one_another() -> None:
    with shared():
        with session() as first:
            first.execute("CREATE TABLE mine AS SELECT 1 AS i")
            with session() as second, pytest.raises(duckdb.CatalogException):
                second.sql("SELECT * FROM mine")
            assert first.sql("SELECT i FROM mine").fetchall() == [(1,)]
        with session() as third:
            third.execute("CREATE TABLE mine AS SELECT 2 AS i")
            assert third.sql("SELECT i FROM mine").fetchall() == [(2,)]
            assert third.sql("SELECT current_setting('TimeZone')").fetchall() == [("UTC",)]
            catalogues = third.sql("SELECT count(*) FROM duckdb_databases() WHERE NOT internal").fetchall()
        assert catalogues == [(2,)]  # the engine's own and the third's: those of the first two are gone


def test_a_session_that_shares_an_engine_gives_the_same_features_after_an_error() -> None:
    sales = pd.DataFrame({"customer_id": ["a", "a"], "time": pd.to_datetime(["2024-01-01", "2024-01-03"])})
    asked = pd.DataFrame({"customer_id": ["a"], "cutoff": pd.Timestamp("2024-01-04")})
    with shared():
        with pytest.raises(ValueError, match="amount"):
            admit("shop", {"transactions": sales})
        history = admit("shop", {"transactions": sales.assign(amount=[1.5, 3.0])})
        assert observe(history, asked, chosen(["spend"]))["spend"].tolist() == [4.5]
    with session() as alone:
        assert alone.sql("SELECT count(*) FROM duckdb_databases() WHERE NOT internal").fetchall() == [(1,)]


def test_threads_that_share_have_engines_of_their_own() -> None:
    def asked(number: int) -> list[tuple[int, ...]]:
        with shared(), session() as opened:
            opened.execute(f"CREATE TABLE t AS SELECT {number} AS i")
            return opened.sql("SELECT i FROM t").fetchall()

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(asked, range(200))) == [[(number,)] for number in range(200)]
