"""Postings: what each line, order, return, touch and event of a period brings or costs, one row each, to be summed."""

from decimal import Decimal
from typing import Final

import pandas as pd

from configs.costs import CostSheet
from features.engine.ledger.lines import by_channel, by_name, valued, with_optional
from features.engine.views import has
from features.history import History

BEGINNING: Final = pd.Timestamp("0001-01-01")
"""Before anything that a history may hold."""
MONEY_LINES: Final = (
    "net_revenue",
    "discounts",
    "coupons",
    "returns",
    "product_cost",
    "order_cost",
    "payment_cost",
    "return_cost",
    "contact_cost",
    "service_cost",
    "assumed",
)
"""What postings say in currency."""
COUNTS: Final = ("lines", "orders", "returned_orders", "contacts")
"""What postings count. A line is bought; an order is of a customer, and so is one that comes back."""


def lines(history: History, sheet: CostSheet, *, since: pd.Timestamp, until: pd.Timestamp) -> str:
    """Write the lines of a period, valued."""
    source = f"transactions WHERE {within(since, until)}"
    return valued(sheet, with_optional(history.columns["transactions"], source))


def postings(history: History, sheet: CostSheet, *, since: pd.Timestamp, until: pd.Timestamp) -> str:
    """Write the postings of [since, until), of the columns customer_id, time, `MONEY_LINES` and `COUNTS`."""
    of_lines = lines(history, sheet, since=since, until=until)
    parts = [
        _nothing(),
        """SELECT customer_id, time, amount AS net_revenue, discounts, coupons, returns, product_cost, payment_cost,
            assumed, CASE WHEN is_return THEN 0 ELSE 1 END AS lines FROM lines""",
        _orders("NOT is_return", by_channel(sheet.order), since, cost="order_cost", count="orders"),
        _orders("is_return", by_channel(sheet.returned), since, cost="return_cost", count="returned_orders"),
    ]
    every = with_optional(history.columns["transactions"], f"transactions WHERE {within(BEGINNING, until)}")
    if has(history, "touches"):
        parts.append(_contacts(history, sheet, within(since, until)))
    if has(history, "events") and sheet.service.events:
        cost = by_name("kind", sheet.service.events.items(), Decimal(0))
        parts.append(f"SELECT customer_id, time, {cost} AS service_cost FROM events WHERE {within(since, until)}")
    return f"WITH lines AS ({of_lines}), every AS ({every}) {' UNION ALL BY NAME '.join(parts)}"


def within(since: pd.Timestamp, until: pd.Timestamp) -> str:
    """Write the condition that a row's time lies in [since, until)."""
    return f"time >= TIMESTAMP '{since}' AND time < TIMESTAMP '{until}'"


def _nothing() -> str:
    """Write no postings, of every column that there may be."""
    money = [f"CAST(NULL AS DECIMAL(38, 8)) AS {name}" for name in MONEY_LINES]
    counts = [f"CAST(NULL AS INTEGER) AS {name}" for name in COUNTS]
    keys = ["CAST(NULL AS VARCHAR) AS customer_id", "CAST(NULL AS TIMESTAMP) AS time"]
    return f"SELECT {', '.join([*keys, *money, *counts])} WHERE FALSE"


def _orders(which: str, rate: str, since: pd.Timestamp, *, cost: str, count: str) -> str:
    """Write a posting for each order that began since, at its first line; of several channels it takes the first name.

    Lines that an order begun before has within the period cost nothing more.
    """
    return f"""SELECT customer_id, time, {rate} AS {cost}, 1 AS {count} FROM (
        SELECT customer_id, min(time) AS time, min(channel) AS channel FROM every WHERE {which}
        GROUP BY customer_id, order_key HAVING min(time) >= TIMESTAMP '{since}')"""


def _contacts(history: History, sheet: CostSheet, where: str) -> str:
    """Write a posting for each touch: its own cost, else the sheet's; who was left out on purpose costs nothing."""
    columns = history.columns["touches"]
    own = "cost" if "cost" in columns else "NULL"
    channel = "channel" if "channel" in columns else "CAST(NULL AS VARCHAR) AS channel"
    cost = f"coalesce(own, CASE WHEN treatment THEN {by_channel(sheet.contact)} ELSE 0 END)"
    return f"""SELECT customer_id, time, {cost} AS contact_cost, CASE WHEN treatment THEN 1 ELSE 0 END AS contacts
        FROM (SELECT customer_id, time, treatment, {channel}, {own} AS own FROM touches WHERE {where})"""
