"""Postings summed: by customer, by customer and month, and of all together."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import duckdb
import pandas as pd

from configs.costs import CostSheet
from features.engine.ledger.postings import BEGINNING, COUNTS, MONEY_LINES, postings, within
from features.engine.session import connect, fetch, tables_of
from features.engine.views import TABLE
from features.history import History
from features.tables import HistoryError

SCALE: Final = 8
"""Money is summed in units of 1e-8: amounts have four decimals, and so have the shares that they are multiplied by."""
_LEAST: Final = 10**SCALE


@dataclass(frozen=True)
class Sums:
    """What customers bring and cost in a period.

    `customers` has a row for each who has a line, touch or event in it: `MONEY_LINES` in units of 1e-8 as integers,
    `COUNTS`, `active` (1 who bought or returned, else 0), and of their first purchase ever (nothing where there is
    none) `first_time` and `first_channel`.
    `company` are the same sums over all postings, `amount` that of the table itself, whoever its lines belong to.
    """

    customers: pd.DataFrame
    company: Mapping[str, Decimal]
    amount: Decimal

    @property
    def active(self) -> int:
        """Count who bought or returned."""
        return int(self.customers["active"].sum())


def sums(history: History, sheet: CostSheet, *, since: pd.Timestamp, until: pd.Timestamp) -> Sums:
    """Sum the postings of [since, until); ids are merged as they are at its end."""
    with connect(history, at=until) as opened:
        opened.execute(f"CREATE TEMP TABLE postings AS {postings(history, sheet, since=since, until=until)}")
        found = _whole(
            opened,
            f"SELECT * FROM ({_by_customer()}) LEFT JOIN ({_firsts(history)}) USING (customer_id) ORDER BY customer_id",
        )
        company = _company(opened)
        table = f"SELECT coalesce(sum(amount), 0) FROM {TABLE}transactions WHERE {within(since, until)}"
        amount = Decimal(opened.execute(table).fetchall()[0][0])
    return Sums(found, company, amount)


def begins(history: History) -> pd.Timestamp:
    """Give the midnight before the first line. Raises `HistoryError` where there are no transactions."""
    history.require("transactions", set(), by="a statement")
    with tables_of(history) as opened:
        first = opened.execute(f"SELECT min(time) FROM {TABLE}transactions").fetchall()[0][0]
    return pd.Timestamp(first).normalize()


def months(history: History, sheet: CostSheet, *, until: pd.Timestamp) -> pd.DataFrame:
    """Sum what customers who have bought bring, less what they cost, by the months since their first purchase and by
    those before the end.

    A row for each customer, `age` (whole months since the first purchase; −1 before it), `first` (whether it is of that
    day) and `ago` (whole months before `until`): `contribution` in units of 1e-8, as integers, `orders`, and `known`,
    how many whole months of the customer are known. Cost to serve by the year is not in it.
    """
    costs = [name for name in MONEY_LINES if name.endswith("_cost")]
    value = " - ".join(f"coalesce({name}, 0)" for name in ("net_revenue", *costs))
    rows, end = postings(history, sheet, since=BEGINNING, until=until), f"TIMESTAMP '{until}'"
    query = f"""SELECT customer_id,
        CASE WHEN time < first_time THEN -1 ELSE date_sub('month', first_time, time) END AS age,
        CAST(time AS DATE) = CAST(first_time AS DATE) AND time >= first_time AS first,
        date_sub('month', time, {end} - INTERVAL 1 MICROSECOND) AS ago,
        date_sub('month', first_time, {end}) AS known,
        {_integer(f"sum({value})")} AS contribution, CAST(sum(coalesce(orders, 0)) AS BIGINT) AS orders
        FROM ({rows}) JOIN ({_firsts(history)}) USING (customer_id) GROUP BY ALL ORDER BY ALL"""
    with connect(history, at=until) as opened:
        return _whole(opened, query)


def _whole(opened: duckdb.DuckDBPyConnection, query: str) -> pd.DataFrame:
    """Fetch sums of customers. Raises `HistoryError` for one beyond 64 bits."""
    try:
        return fetch(opened, query)
    except duckdb.ConversionException as error:
        most = 2**63 // _LEAST
        raise HistoryError(f"the money of one customer lies beyond {most:,}: state amounts in thousands") from error


def _firsts(history: History) -> str:
    channel = "coalesce(channel, '')" if "channel" in history.columns["transactions"] else "''"
    first = f"min(struct_pack(at := time, through := {channel}))"
    return f"""SELECT customer_id, first['at'] AS first_time, nullif(first['through'], '') AS first_channel
        FROM (SELECT customer_id, {first} AS first FROM purchases GROUP BY customer_id)"""


def _by_customer() -> str:
    money = [f"{_integer(f'coalesce(sum({name}), 0)')} AS {name}" for name in MONEY_LINES]
    counts = [f"CAST(coalesce(sum({name}), 0) AS BIGINT) AS {name}" for name in COUNTS]
    active = "CAST(count(net_revenue) > 0 AS BIGINT) AS active"  # lines alone have it; their order may be an older one
    return f"SELECT customer_id, {', '.join([*money, *counts, active])} FROM postings GROUP BY customer_id"


def _company(opened: duckdb.DuckDBPyConnection) -> dict[str, Decimal]:
    names = (*MONEY_LINES, *COUNTS)
    row = opened.execute(f"SELECT {', '.join(f'coalesce(sum({name}), 0)' for name in names)} FROM postings").fetchall()[
        0
    ]
    return {name: Decimal(value) for name, value in zip(names, row, strict=True)}


def _integer(value: str) -> str:
    """Give exact decimals as integers of their last place; raises where they do not fit into 64 bits."""
    return f"CAST({value} * {_LEAST}::HUGEINT AS BIGINT)"
