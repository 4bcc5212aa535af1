"""Tables that stay where they lie come in as the same tables in memory do."""

from dataclasses import replace
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pytest

from features.cutoffs import spine
from features.engine.door import admit
from features.engine.run import observe
from features.history import History, Scan
from features.library import POPULATIONS, available
from features.tables import HistoryError


@pytest.fixture(scope="module")
def history(purchases: pd.DataFrame) -> History:
    """Admit the drawn purchases alone."""
    return admit("drawn", {"transactions": purchases})


@pytest.fixture(params=["parquet", "csv", "duckdb", "arrow"])
def scanned(request: pytest.FixtureRequest, tmp_path: Path, purchases: pd.DataFrame) -> History:
    """Admit the drawn rows from a file, from a DuckDB file, or as an Arrow table."""
    path = tmp_path / f"it's purchases.{request.param}"
    quoted = str(path).replace("'", "''")
    match request.param:
        case "parquet":
            purchases.to_parquet(path)
            source: Scan | pa.Table = Scan(f"SELECT * FROM read_parquet('{quoted}')")
        case "csv":
            purchases.to_csv(path, index=False)
            source = Scan(f"SELECT * FROM read_csv('{quoted}', all_varchar = true)")
        case "duckdb":
            with duckdb.connect(str(path)) as connection:
                connection.register("drawn", pa.Table.from_pandas(purchases))
                connection.execute("CREATE TABLE sales AS SELECT * FROM drawn")
            source = Scan("SELECT * FROM source.sales", str(path))
        case _:
            source = pa.Table.from_pandas(purchases)
    return admit("elsewhere", {"transactions": source})


def test_a_table_that_stays_where_it_lies_gives_the_same_frame(
    scanned: History, history: History, midnights: pd.DatetimeIndex
) -> None:
    assert scanned.fingerprint == history.fingerprint
    assert scanned.end == history.end
    asked = spine(scanned, POPULATIONS["known"], midnights)
    pd.testing.assert_frame_equal(asked, spine(history, POPULATIONS["known"], midnights))
    features = [each for each in available(scanned) if not each.by]
    assert features == [each for each in available(history) if not each.by]
    assert len(features) > 50
    pd.testing.assert_frame_equal(
        observe(scanned, asked, features), observe(history, asked, features), check_exact=True
    )


def test_a_file_is_checked_like_a_table(tmp_path: Path) -> None:
    sales = pd.DataFrame({"customer_id": ["a", "b"], "time": ["2024-01-01", "2024-01-02"], "amount": [1.0, -2.0]})
    sales.to_parquet(tmp_path / "sales.parquet")
    with pytest.raises(HistoryError, match=r"transactions\.amount is negative"):
        admit("shop", {"transactions": Scan(f"SELECT * FROM '{tmp_path / 'sales.parquet'}'")})


def test_a_history_lies_in_one_duckdb_file(tmp_path: Path) -> None:
    scans = []
    for name in ("here", "there"):
        with duckdb.connect(str(tmp_path / name)) as connection:
            connection.execute("CREATE TABLE sales AS SELECT 'a' customer_id, now()::TIMESTAMP time, 1 amount")
        scans.append(Scan("SELECT * FROM source.sales", str(tmp_path / name)))
    with pytest.raises(HistoryError, match=r"tables lie in two DuckDB files, .*here and .*there; put those of a"):
        admit("shop", {"transactions": scans[0], "customers": scans[1]})
    both = admit("shop", {"transactions": scans[0], "customers": scans[0]})
    assert both.columns["customers"] == ("customer_id", "time", "amount")


def test_the_fingerprint_is_read_at_its_first_use_and_once(tmp_path: Path) -> None:
    sales = pd.DataFrame({"customer_id": ["a"], "time": ["2024-01-01"], "amount": [1.0]})
    path = tmp_path / "sales.parquet"

    def admitted() -> History:
        sales.to_parquet(path)
        return admit("shop", {"transactions": Scan(f"SELECT * FROM read_parquet('{path}')")})

    used, unused = admitted(), admitted()
    first = used.fingerprint
    path.unlink()
    assert used.fingerprint == first == admit("shop", {"transactions": sales}).fingerprint
    with pytest.raises(duckdb.IOException, match=r"sales\.parquet"):
        _ = unused.fingerprint


def test_a_history_can_be_made_of_another() -> None:
    """Its fingerprint is then its own."""
    sales = pd.DataFrame({"customer_id": ["a", "b"], "time": "2024-01-01", "amount": 1.0})
    one, two = (admit("shop", {"transactions": rows}) for rows in (sales.iloc[:1], sales))
    assert one.fingerprint != two.fingerprint
    assert replace(one, tables=two.tables).fingerprint == two.fingerprint
    made = History("made", two.tables, two.columns, two.end, two.hashed)
    assert (made.fingerprint, made.zone, made.findings) == (two.fingerprint, "UTC", ())
