"""What a cost sheet does not cover of a history, and what a reader of its statement should know."""

from collections.abc import Iterator

import duckdb
import pandas as pd

from configs.costs import CostSheet
from features.engine.ledger.lines import TOO_LARGE, with_optional
from features.engine.ledger.postings import BEGINNING, within
from features.engine.session import connect
from features.engine.views import has
from features.history import History
from features.tables import HistoryError

COSTED = "own_cost"
"""A column that `costed` adds: its lines carry costs of a sheet already."""


def check_covered(history: History, sheet: CostSheet, *, since: pd.Timestamp, until: pd.Timestamp) -> None:
    """Raise `HistoryError` that lists what a sheet says no cost of, and `ValueError` for a period that is none."""
    history.require("transactions", set(), by="a statement")
    if COSTED in history.columns["transactions"]:
        raise HistoryError(f"the lines of {history.name} carry the costs of a sheet already: take the dataset without")
    if not since < until:
        raise ValueError(f"the period ends ({until}) before it begins ({since})")
    if until > history.end:
        raise ValueError(
            f"the period ends {until}, and nothing is known of {history.name} from {history.end} on: say an earlier end"
        )
    with connect(history, at=until) as opened:
        opened.execute(f"CREATE VIEW period AS SELECT * FROM ({_rows(history)}) WHERE {within(since, until)}")
        lacking = list(_lacking(opened, history, sheet, within(BEGINNING, until)))
    if lacking:
        raise HistoryError("\n- ".join([f"the cost sheet {sheet.title!r} does not cover {history.name}:", *lacking]))


def odd_lines(history: History, *, since: pd.Timestamp, until: pd.Timestamp) -> tuple[int, int, int]:
    """Count returns of a positive amount, returns of a positive cost, and purchases of a coupon above the discount."""
    odd = ("is_return AND amount > 0", "is_return AND cost > 0", TOO_LARGE)
    counted = ", ".join(f"count(*) FILTER (WHERE {each})" for each in odd)
    with connect(history, at=until) as opened:
        query = f"SELECT {counted} FROM ({_rows(history)}) WHERE {within(since, until)}"
        amounts, costs, coupons = opened.execute(query).fetchall()[0]
        return int(amounts), int(costs), int(coupons)


def _rows(history: History) -> str:
    return with_optional(history.columns["transactions"], "transactions")


def _lacking(opened: duckdb.DuckDBPyConnection, history: History, sheet: CostSheet, ever: str) -> Iterator[str]:
    """Say what lines of the period have no cost, and what channels no rate: of touches ever, for they won customers."""
    if sheet.product.share is None:
        rows, amount = opened.execute("SELECT count(*), sum(amount) FROM period WHERE cost IS NULL").fetchall()[0]
        if rows:
            yield f"{rows:,} lines of {amount:,.2f} have no cost of their own: say product.share"
    for name, where, counted in (
        ("order", "NOT is_return", "count(DISTINCT order_key)"),
        ("payment", "NOT is_return", "count(*)"),
        ("returned", "is_return", "count(DISTINCT order_key)"),
    ):
        yield from _channels(opened, sheet, name, f"SELECT channel, {counted} FROM period WHERE {where} GROUP BY 1")
    if has(history, "touches"):
        yield from _channels(opened, sheet, "contact", _uncosted(history, ever))


def _uncosted(history: History, period: str) -> str:
    """Write the query of touches that have no cost of their own, by channel."""
    columns = history.columns["touches"]
    channel = "channel" if "channel" in columns else "CAST(NULL AS VARCHAR)"
    own = "AND cost IS NULL" if "cost" in columns else ""
    return f"SELECT {channel}, count(*) FROM touches WHERE treatment {own} AND {period} GROUP BY 1"


def _channels(opened: duckdb.DuckDBPyConnection, sheet: CostSheet, name: str, query: str) -> Iterator[str]:
    """Say which channels a rate of the sheet leaves out."""
    rates = sheet.rates[name]
    if rates.default is not None:
        return
    for channel, count in sorted(opened.execute(query).fetchall(), key=str):
        if channel not in rates.channels:
            through = "no channel" if channel is None else f"the channel {channel!r}"
            yield f"{name} says nothing of {through} ({count:,} rows): name it, or say {name}.default"
