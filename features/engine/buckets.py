"""Customers in buckets by a hash of their id: so many at a time that the rows read for them fit in memory."""

from collections.abc import Iterator
from math import ceil

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd

from features.engine import views
from features.engine.identities import turns
from features.engine.session import define_views, lend
from features.history import DATED, History

ROWS = 12_500_000
"""About so many rows of a view are read at a time."""


def buckets(
    session: duckdb.DuckDBPyConnection, history: History, spine: pd.DataFrame
) -> Iterator[npt.NDArray[np.int64]]:
    """Give the spine's rows of one bucket after the other; the session's views then show that bucket's customers.

    Where ids are merged over time, those for whom the same map is right come together (`features.engine.identities`).
    """
    count = _count(session, history)
    for turn in turns(session, history, spine):
        asked = spine.iloc[turn]
        whole = len(turn) == len(spine)
        if count > 1 or not whole:
            lend(session, "asked_ids", asked[["customer_id"]])
        define_views(session, history, where="TRUE" if whole else "customer_id IN (FROM asked_ids)")
        for rows in _buckets(session, history, asked, count):
            yield turn[rows]


def shares(session: duckdb.DuckDBPyConnection, history: History) -> Iterator[None]:
    """Let the session's views show all customers, a bucket after the other."""
    count = _count(session, history)
    for number in range(count):
        define_views(session, history, where="TRUE" if count == 1 else f"hash(customer_id) % {count} = {number}")
        yield


def _buckets(
    session: duckdb.DuckDBPyConnection, history: History, spine: pd.DataFrame, count: int
) -> Iterator[npt.NDArray[np.int64]]:
    if count == 1 or spine.empty:
        yield np.arange(len(spine))
        return
    table = session.sql(f"SELECT hash(customer_id) % {count} AS bucket FROM asked_ids").to_arrow_table()
    bucket = table["bucket"].to_numpy()
    for number in range(count):
        define_views(session, history, where=f"hash(customer_id) % {count} = {number}")
        rows = np.flatnonzero(bucket == number)
        if len(rows):
            yield rows


def _count(session: duckdb.DuckDBPyConnection, history: History) -> int:
    """Say how many buckets there are: as many as the largest table of events, or of customers, needs."""
    counted = [
        int(session.execute(f"SELECT count(*) FROM {views.TABLE}{name}").fetchall()[0][0])
        for name in (*DATED, "customers")
        if name in history.tables
    ]
    return ceil(max([*counted, 1]) / ROWS)
