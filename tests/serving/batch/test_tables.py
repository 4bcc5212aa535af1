"""Scores as tables of DuckDB and of a real PostgreSQL server, and rows from there."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pytest
from adbc_driver_postgresql import dbapi

from features.engine import postgresql, sink
from features.engine.sink import LEDGER, NotWritten
from models.registry import Registered
from serving.batch.destinations import destination
from serving.batch.groups import of_rows
from serving.batch.manifest import Manifest, parsed
from serving.batch.place import Place
from serving.batch.question import Asked
from serving.batch.run import run
from serving.suppression import Suppressions
from tests import postgresql_server
from tests.serving.batch.conftest import CUTOFF, Clock

NAMES = ["shop_churn", "shop_clv", "shop_segments"]
Query = Callable[[str], pd.DataFrame]


@pytest.fixture(scope="module")
def uri() -> Iterator[str]:
    with postgresql_server.server() as port:
        yield postgresql_server.uri(port)


@pytest.fixture
def scored(ready: Path, champions: dict[str, Registered], clock: Clock, tmp_path: Path) -> Any:
    def made(to: str, *names: str, rows: str = "", size: int = 40, **said: Any) -> list[Manifest]:
        models = [champions[name] for name in names or NAMES]
        where = destination(to, names=NAMES, folder=tmp_path / "batches")
        copied = where.workspace(models[0].artifact.name) / "copied"
        groups = of_rows(Place.read(rows or str(ready)), models, folder=copied, keeps_frame=False)
        return run(groups, Asked(size=size, **said), to=where, clock=clock)

    return made


@pytest.fixture(params=["duckdb", "postgresql"])
def table(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Name a table of each kind of database."""
    if request.param == "duckdb":
        return f"duckdb:{tmp_path}/crm.db#scores"
    name = re.sub(r"\W", "_", request.node.name)[:50]
    return f"{request.getfixturevalue('uri')}#{name}"


def _query(place: Place, query: str) -> pd.DataFrame:
    if place.kind == "duckdb":
        with duckdb.connect(place.at) as opened:
            return opened.sql(query).to_arrow_table().to_pandas()  # type: ignore[no-any-return]
    with dbapi.connect(place.at) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        found: pd.DataFrame = cursor.fetch_arrow_table().to_pandas()
        connection.commit()
        return found


def _rows(said: str, name: str) -> pd.DataFrame:
    place = Place.read(said)
    return _query(place, f"SELECT * FROM {place.table} WHERE model = '{name}' ORDER BY customer_id")


def _is(said: str, expected: dict[str, pd.DataFrame], names: list[str]) -> None:
    place = Place.read(said)
    assert _query(place, f"SELECT count(*) AS n FROM {place.table}")["n"].tolist() == [150 * len(names)]
    for name in names:
        found, scores = _rows(said, name), expected[name]
        times = dict.fromkeys(scores.select_dtypes("datetime"), "datetime64[us]")
        assert list(found.columns)[-2:] == ["model", "version"]
        pd.testing.assert_frame_equal(
            found[list(scores.columns)].astype(times), scores.astype(times), check_dtype=False
        )
        assert found["score"].tolist() == scores["score"].tolist()


def test_all_models_are_rows_of_one_table(scored: Any, table: str, expected: dict[str, pd.DataFrame]) -> None:
    told = scored(table)
    assert [each["rows"] for each in told] == [150] * 3
    _is(table, expected, NAMES)
    place = Place.read(table)
    (said,) = _query(place, f"SELECT manifest FROM {LEDGER} WHERE name = '{place.table}'")["manifest"]
    assert [each["model"] for each in parsed(said)["models"]] == NAMES
    assert [each["content"] for each in parsed(said)["models"]] == [each["content"] for each in told]
    assert "files" not in told[0] or "gehe" not in said


def test_the_same_again_writes_nothing(scored: Any, table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first = scored(table)
    monkeypatch.setattr("serving.batch.destinations.Table.publish", lambda *_: pytest.fail("it was there"))
    again = scored(table)
    assert [each["question"] for each in again] == [each["question"] for each in first]


def test_rows_that_somebody_took_away_are_written_again(
    scored: Any, table: str, expected: dict[str, pd.DataFrame]
) -> None:
    scored(table)
    place = Place.read(table)
    _query(place, f"DELETE FROM {place.table} WHERE model = 'shop_clv'")
    scored(table)
    _is(table, expected, NAMES)


def test_nobody_left_is_a_table_of_no_rows(scored: Any, table: str, expected: dict[str, pd.DataFrame]) -> None:
    scored(table, left_out=Suppressions(dict.fromkeys(expected["shop_churn"]["customer_id"], "erased")))
    place = Place.read(table)
    assert list(_query(place, f"SELECT * FROM {place.table}")) == ["customer_id", "cutoff", "score", "model", "version"]
    _is(table, {}, [])


def test_another_batch_takes_the_place_of_the_old(scored: Any, table: str, expected: dict[str, pd.DataFrame]) -> None:
    scored(table)
    gone = expected["shop_churn"]["customer_id"].iloc[:10]
    scored(table, left_out=Suppressions(dict.fromkeys(gone, "erased")))
    place = Place.read(table)
    assert _query(place, f"SELECT count(*) AS n FROM {place.table}")["n"].tolist() == [140 * 3]
    scored(table, "shop_churn")
    assert list(_rows(table, "shop_churn").columns) == ["customer_id", "cutoff", "score", "model", "version"]
    _is(table, expected, ["shop_churn"])


def test_a_table_that_no_batch_wrote_is_left_alone(scored: Any, table: str) -> None:
    place = Place.read(table)
    _query(place, f"CREATE TABLE {place.table} AS SELECT 1 AS x")
    with pytest.raises(NotWritten, match="is there and no batch wrote it; name another table, or drop it"):
        scored(table)
    assert _query(place, f"SELECT x FROM {place.table}")["x"].tolist() == [1]


def test_a_transaction_that_fails_leaves_the_old_batch_and_the_next_try_writes_once(
    scored: Any, table: str, expected: dict[str, pd.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    scored(table, "shop_churn")

    def breaks(rows: pa.RecordBatchReader) -> pa.RecordBatchReader:
        def batches() -> Iterator[pa.RecordBatch]:
            yield rows.read_next_batch()
            raise OSError("the disk is gone")

        return pa.RecordBatchReader.from_batches(rows.schema, batches())

    with monkeypatch.context() as patch:
        for door, name in ((sink, "write_duckdb"), (postgresql, "write_postgresql")):
            write = getattr(door, name)
            patch.setattr(
                f"serving.batch.destinations.{name}",
                lambda at, to, rows, write=write, **said: write(at, to, breaks(rows), **said),
            )
        with pytest.raises(OSError, match=r"."):
            scored(table)
    _is(table, expected, ["shop_churn"])
    scored(table)
    _is(table, expected, NAMES)


def test_rights_and_views_of_a_table_of_postgresql_stay(
    scored: Any, uri: str, expected: dict[str, pd.DataFrame]
) -> None:
    place = Place.read(f"{uri}#kept")
    scored(f"{uri}#kept", "shop_churn")
    _query(place, "CREATE VIEW best AS SELECT customer_id FROM kept WHERE score > 0; ")
    scored(
        f"{uri}#kept", "shop_churn", left_out=Suppressions({expected["shop_churn"]["customer_id"].iloc[0]: "erased"})
    )
    assert _query(place, "SELECT count(*) AS n FROM best")["n"].tolist() == [149]


def test_a_schema_of_its_own(scored: Any, uri: str, expected: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    _query(Place.read(f"{uri}#x"), 'CREATE SCHEMA "My CRM"')
    for said in (f'{uri}#"My CRM"."The Scores"', f'duckdb:{tmp_path}/crm.db#marketing."The Scores"'):
        scored(said, "shop_churn")
        scored(said, "shop_churn", size=41)
        _is(said, expected, ["shop_churn"])


@pytest.mark.parametrize("name", ["x; DROP TABLE y", "a b", "SELECT 1", "a.b.c"])
def test_what_is_no_name_is_refused(name: str, scored: Any, uri: str, tmp_path: Path) -> None:
    for said in (f"{uri}#{name}", f"duckdb:{tmp_path}/crm.db#{name}"):
        with pytest.raises(ValueError, match="is no name of a table"):
            scored(said, "shop_churn")


def test_reasons_do_not_fit_into_a_table(scored: Any, table: str) -> None:
    with pytest.raises(ValueError, match="reasons go to a folder"):
        scored(table, "shop_churn", reasons={"shop_churn": 1})


def test_rows_from_postgresql(
    scored: Any, uri: str, ready: Path, expected: dict[str, pd.DataFrame], tmp_path: Path
) -> None:
    with dbapi.connect(uri) as connection, connection.cursor() as cursor:
        cursor.adbc_ingest("features", pa.Table.from_pandas(pd.read_parquet(ready), preserve_index=False))
        cursor.execute("ALTER TABLE features ALTER purchase_days TYPE numeric, ALTER frequency TYPE integer")
        cursor.execute("ALTER TABLE features ADD more inet, ALTER purchase_days_28d TYPE numeric(12, 2)")
        connection.commit()
    told = scored(f"{tmp_path}/out/", rows=f"{uri}#features")
    for name in NAMES:
        found = pd.read_parquet(tmp_path / "out" / name / "scores.parquet").sort_values("customer_id")
        assert found["score"].tolist() == expected[name]["score"].tolist()
    assert {each["dataset"] for each in told} == {"the PostgreSQL table features"}
    assert {each["cutoff"] for each in told} == {CUTOFF.isoformat()}
    assert scored(f"{tmp_path}/out/", rows=f"{uri}#features") == told


def test_a_password_is_nowhere(scored: Any, uri: str, tmp_path: Path) -> None:
    wrong = uri.replace(postgresql_server.QUOTED, "hunter2")
    for said in ({"to": f"{wrong}#x"}, {"to": f"{tmp_path}/out/", "rows": f"{wrong}#x"}):
        with pytest.raises((ValueError, OSError), match="PostgreSQL cannot be reached") as caught:
            scored(**said)
        assert "hunter2" not in str(caught.value)
