"""A history whose lines carry what they cost by a cost sheet: margin then means contribution."""

from dataclasses import replace
from typing import Final

import pyarrow as pa

from configs.costs import CostSheet
from features.engine.ledger.checks import COSTED, check_covered
from features.engine.ledger.lines import by_channel, valued, with_optional
from features.engine.ledger.postings import BEGINNING
from features.engine.render import identifier
from features.engine.session import place, session
from features.history import History, Scan
from features.tables import MONEY

_WHOLE: Final = 10_000
"""Costs of orders are shared out in ten-thousandths."""


def costed(history: History, sheet: CostSheet) -> History:
    """Give each line its product cost, its payment fee and its part of what its order, or its return, costs.

    The column `cost` is all of that, `own_cost` what it was before. Lines of an order share its cost evenly, to the
    last ten-thousandth. Of a return `cost` is what handling it costs less the goods that go back on the shelf, so that
    the sum of amount − cost over purchases and returns is contribution 2, but for what rounding each line to
    ten-thousandths makes (38 of 935,836 in 1.5 million lines of Complete Journey). What is of customers and not of
    lines (contacts, service, administration) is left out. A table that stays where it is does so.

    Raises `HistoryError` for what the sheet does not cover.
    """
    check_covered(history, sheet, since=BEGINNING, until=history.end)
    table, columns = history.tables["transactions"], history.columns["transactions"]
    if isinstance(table, Scan):
        made: pa.Table | Scan = replace(table, query=_query(columns, sheet, f"({table.query})"))
    else:
        with session() as opened:
            place(opened, {"admitted": table})
            made = opened.sql(_query(columns, sheet, "admitted")).to_arrow_table()
    own = [*(each for each in columns if each != "cost"), "cost", COSTED]
    return replace(
        history,
        tables={**history.tables, "transactions": made},
        columns={**history.columns, "transactions": tuple(own)},
    )


def _query(columns: tuple[str, ...], sheet: CostSheet, source: str) -> str:
    told = ", ".join(identifier(each) for each in columns)
    kept = ", ".join(identifier(each) for each in columns if each != "cost")
    order = "PARTITION BY customer_id, order_key, is_return"
    lines = f"""SELECT *, min(channel) OVER ({order}) AS through, count(*) OVER ({order}) AS size,
        row_number() OVER ({order} ORDER BY {told}) AS place
        FROM ({valued(sheet, with_optional(columns, source))})"""
    sent, back = by_channel(sheet.order, "through"), by_channel(sheet.returned, "through")
    rate = f"CASE WHEN is_return THEN {back} ELSE {sent} END"
    units = f"SELECT *, CAST({rate} * {_WHOLE} AS BIGINT) AS units FROM ({lines})"
    part = f"(units // size + CASE WHEN place <= units % size THEN 1 ELSE 0 END) * CAST(0.0001 AS {MONEY})"
    return f"""SELECT {kept}, CAST(product_cost + payment_cost + {part} AS {MONEY}) AS cost, cost AS {COSTED}
        FROM ({units})"""
