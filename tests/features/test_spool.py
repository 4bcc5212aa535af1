"""Rows on disk in an order, names of tables, and tables that are written whole."""

import re
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.engine.sink import NotWritten, said_of, write_duckdb
from features.engine.spool import each_once, from_arrow, from_duckdb, ordered
from features.engine.table_name import TableName, table_of
from features.tables import HistoryError


def _write(path: Path, **columns: Any) -> Path:
    pq.write_table(pa.table(columns), path)
    return path


def test_whether_each_comes_once(tmp_path: Path) -> None:
    one, two = _write(tmp_path / "1.parquet", id=["a", "c"]), _write(tmp_path / "2.parquet", id=["b"])
    again = _write(tmp_path / "3.parquet", id=["c"])
    assert each_once([one, two], "id")
    assert not each_once([one, two, again], "id")


def test_rows_are_sorted_whatever_files_they_are_in(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    ids, values = rng.integers(0, 50, 1000).astype(str), rng.random(1000)
    one = _write(tmp_path / "1.parquet", id=ids[:300], value=values[:300])
    two = _write(tmp_path / "2.parquet", value=values[300:], id=ids[300:], more=[1] * 700)
    ordered([one, two], ["id", "value"], to=tmp_path / "sorted.parquet")
    found = pq.read_table(tmp_path / "sorted.parquet")
    pairs = list(zip(found["id"].to_pylist(), found["value"].to_pylist(), strict=True))
    assert pairs == sorted(zip(ids.tolist(), values.tolist(), strict=True))
    assert found["more"].null_count == 300


def test_the_same_rows_are_a_same_file_in_whatever_order_they_come(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    rows = pa.table({"id": rng.integers(0, 3, 300).astype(str), "x": rng.random(300), "y": rng.random(300)})
    for number, table in enumerate([rows, rows.take(rng.permutation(300))]):
        from_arrow(table.to_reader(), order=["id"], to=tmp_path / f"{number}.parquet")
    assert (tmp_path / "0.parquet").read_bytes() == (tmp_path / "1.parquet").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.parquet", "1.parquet"]


def test_some_columns_of_a_table_of_duckdb(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "a.db")) as opened:
        opened.execute("CREATE TABLE t AS SELECT * FROM (VALUES ('b', 1.5, 2), ('a', 2.5, 3)) AS v(id, x, y)")
    from_duckdb(tmp_path / "a.db", "t", ["id", "y", "z"], order=["id", "z"], to=tmp_path / "t.parquet")
    assert pq.read_table(tmp_path / "t.parquet").to_pydict() == {"id": ["a", "b"], "y": [3, 2]}
    with pytest.raises(HistoryError, match=r"the table 'u' of .* cannot be read"):
        from_duckdb(tmp_path / "a.db", "u", ["id"], order=[], to=tmp_path / "u.parquet")


def test_rows_that_stream(tmp_path: Path) -> None:
    rows = pa.table({"id": ["b", "a"], "x": [1, 2]})
    from_arrow(rows.to_reader(max_chunksize=1), order=["id", "cutoff"], to=tmp_path / "a.parquet")
    assert pq.read_table(tmp_path / "a.parquet").to_pydict() == {"id": ["a", "b"], "x": [2, 1]}


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("scores", TableName("scores")),
        ("CRM.Scores", TableName("scores", "crm")),
        ('"A b"."C""d"', TableName('C"d', "A b")),
        ('public."Käse"', TableName("Käse", "public")),
    ],
)
def test_a_name_is_read_as_the_database_reads_it(said: str, name: TableName) -> None:
    assert table_of(said) == name
    assert table_of(name.sql) == name


@pytest.mark.parametrize("said", ["", "x; DROP TABLE y", "a.b.c", "t AS x", "(SELECT 1)", "t, u", "f(1)", "1", "a b"])
def test_anything_else_is_no_name(said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"{said!r} is no name of a table")):
        table_of(said)


def test_a_table_and_what_is_said_of_it_change_together(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "a.db"
    assert said_of(path, "t") is None
    write_duckdb(path, "t", pa.table({"x": [1, 2]}).to_reader(), manifest="one's")
    assert said_of(path, "T") == ("one's", 2)
    assert said_of(path, "u") is None
    write_duckdb(path, "t", pa.table({"y": ["a"]}).to_reader(), manifest="two")
    with duckdb.connect(str(path)) as opened:
        assert opened.execute("SELECT * FROM t").fetchall() == [("a",)]
        assert opened.execute("SELECT * FROM augury_batches").fetchall() == [("t", "two")]
        opened.execute("CREATE TABLE mine AS SELECT 1 AS x")
    with pytest.raises(NotWritten, match="the table 'mine' is there and no batch wrote it"):
        said_of(path, "mine")
    with pytest.raises(NotWritten, match="the table 'mine' is there and no batch wrote it"):
        write_duckdb(path, "mine", pa.table({"x": [1]}).to_reader(), manifest="")


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_text("no database" * 1000)
    with pytest.raises(NotWritten, match="cannot be used"):
        said_of(tmp_path / "a.db", "t")
