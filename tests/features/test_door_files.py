"""Tables that stay where they lie come in as the same tables in memory do."""

from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pytest

from features.cutoffs import spine
from features.engine.door import admit
from features.engine.run import observe
from features.history import History, Scan
from features.library import FEATURES, POPULATIONS, available
from features.tables import HistoryError


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
    assert len(features) == len([each for each in FEATURES.values() if not each.by])
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
