"""What is told of customers in their table, or in a file beside it."""

from pathlib import Path

import duckdb
import pandas as pd

from configs.registry import did_you_mean
from features.engine.render import identifier, text
from features.engine.session import connect, fetch, session
from features.history import History
from features.tables import HistoryError


def attribute_of(history: History, column: str, *, at: pd.Timestamp) -> pd.Series:
    """Give a column of the customers as text, by customer_id. Raises `HistoryError` where there is none."""
    history.require("customers", set(), by=f"a segment by {column!r}")
    known = sorted(set(history.columns["customers"]) - {"customer_id"})
    if column not in known:
        raise HistoryError(f"{history.name}: {did_you_mean('column of the customers', column, known)}")
    with connect(history, at=at) as opened:
        query = f"SELECT customer_id, CAST({identifier(column)} AS VARCHAR) AS segment FROM customers"
        return _by_customer(fetch(opened, query))


def segments_in(path: Path) -> pd.Series:
    """Give the segments of a CSV or Parquet file of customer_id and segment, as text by customer_id.

    Raises `HistoryError` for other columns, and for customers who are there twice.
    """
    if not path.is_file():
        raise HistoryError(f"{path} is not there: segments are a CSV or Parquet file of customer_id and segment")
    try:
        found = _read(path)
    except duckdb.Error as error:
        raise HistoryError(f"{path} cannot be read: {str(error).splitlines()[0]}") from error
    twice = found["customer_id"][found["customer_id"].duplicated()]
    if len(twice):
        raise HistoryError(
            f"{path}: {len(twice)} rows are of customers who are there already, such as {twice.iloc[0]!r}"
        )
    return _by_customer(found)


def _read(path: Path) -> pd.DataFrame:
    reader = "read_parquet" if path.suffix == ".parquet" else "read_csv"
    options = "" if path.suffix == ".parquet" else ", all_varchar = true"
    with session() as opened:
        rows = f"{reader}({text(str(path))}{options})"
        have = [str(row[0]) for row in opened.execute(f"DESCRIBE SELECT * FROM {rows}").fetchall()]
        if not {"customer_id", "segment"} <= set(have):
            raise HistoryError(f"{path} has the columns {have}; segments need customer_id and segment")
        read = f"SELECT CAST(customer_id AS VARCHAR) AS customer_id, CAST(segment AS VARCHAR) AS segment FROM {rows}"
        return fetch(opened, read)


def _by_customer(found: pd.DataFrame) -> pd.Series:
    return found.set_index("customer_id")["segment"]
