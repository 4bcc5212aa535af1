"""Words for places."""

import re
from pathlib import Path

import pytest

from serving.batch.place import Place

SECRET = "hunter2"


@pytest.mark.parametrize(
    ("said", "kind", "at", "table"),
    [
        ("out", "folder", "out", ""),
        ("out.v1/", "folder", "out.v1/", ""),
        ("scores.parquet", "parquet", "scores.parquet", ""),
        ("day=*/rows-*.parquet", "parquet", "day=*/rows-*.parquet", ""),
        ("a/Scores.CSV", "csv", "a/Scores.CSV", ""),
        ("a/scores.csv.gz", "csv", "a/scores.csv.gz", ""),
        ("duckdb:crm.duckdb#scores", "duckdb", "crm.duckdb", "scores"),
        ('duckdb:crm.db#"My Scores"', "duckdb", "crm.db", '"My Scores"'),
        ("postgresql://u:p@h/d#crm.scores", "postgresql", "postgresql://u:p@h/d", "crm.scores"),
        ("postgres://h/d#scores", "postgresql", "postgres://h/d", "scores"),
        ("$CRM#scores", "postgresql", f"postgresql://u:{SECRET}@h/d", "scores"),
        ("duckdb:$CRM_FILE#scores", "duckdb", "/data/crm.db", "scores"),
    ],
)
def test_a_word_is_a_place(said: str, kind: str, at: str, table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRM", f"postgresql://u:{SECRET}@h/d")
    monkeypatch.setenv("CRM_FILE", "/data/crm.db")
    place = Place.read(said)
    assert (place.kind, place.at, place.table) == (kind, at, table)
    assert SECRET not in f"{place} {place!r}"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("scores.xlsx", "'scores.xlsx' ends like no file that is written here; say a folder, FILE.parquet"),
        ("duckdb:crm.db", "a database needs the name of a table: write duckdb:FILE#TABLE"),
        ("postgresql://u:hunter2@h/d", "a database needs the name of a table: write postgresql://user:password@"),
        ("$NOWHERE#x", "the environment variable 'NOWHERE', which says where a table lies, is not set"),
        ("scores.csv#x", "'scores.csv' has no tables"),
        ("s3://u:hunter2@bucket/scores.parquet", "s3:// is no place that can be read or written; say a folder, FILE"),
        ("mysql://u:hunter2@h/d#scores", "mysql:// is no place that can be read or written"),
        ("duckdb:s3://bucket/crm.db#scores", "s3:// is no place that can be read or written"),
    ],
)
def test_what_is_no_place_is_told(said: str, told: str) -> None:
    with pytest.raises(ValueError, match=re.escape(told)) as caught:
        Place.read(said)
    assert SECRET not in str(caught.value)


def test_a_folder_that_is_there_is_one_whatever_its_name(tmp_path: Path) -> None:
    (tmp_path / "out.csv").mkdir()
    assert Place.read(str(tmp_path / "out.csv")).kind == "folder"
