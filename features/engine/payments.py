"""How regular purchases are, and how alike their amounts: what tells payments of a contract from a shop's till."""

from collections.abc import Sequence
from typing import Final

import pandas as pd

from features.engine import views
from features.engine.session import connect
from features.history import History

PERIODS: Final[Sequence[float]] = (7, 14, 365.25 / 12, 365.25 / 4, 365.25)
"""Days from one payment to the next: a week, two, a month, a quarter, a year."""
TOLERANCE: Final = 0.1
"""How far a gap may lie from the period, as a share of it: months have 28 to 31 days."""
ALIKE: Final = 0.05
"""How far a payment may lie from the one before, as a share of that."""
MOSTLY: Final = 0.8
"""Share of a customer's gaps, or of their steps from amount to amount, that must be so."""
GAPS: Final = 3
"""Gaps that a customer has at least of whom a rhythm is told."""


def payments(history: History, *, until: pd.Timestamp) -> dict[str, int]:
    """Count customers by the rhythm and the amounts of their purchases before an instant, in one pass over them.

    The keys are those of `query`. Raises `HistoryError` where there are no transactions.
    """
    history.require("transactions", {"amount"}, by="a look for payments of contracts")
    known = "greatest(time, known_time)" if "known_time" in views.columns(history, "purchases") else "time"
    purchases = f"SELECT customer_id, time, amount FROM purchases WHERE {known} < TIMESTAMP '{until}'"
    started = f"SELECT customer_id FROM subscriptions WHERE kind = 'start' AND time < TIMESTAMP '{until}'"
    with connect(history, at=until) as session:
        found = session.sql(query(purchases, under_contract=started if views.has(history, "subscriptions") else ""))
        return dict(zip(found.columns, map(int, found.fetchall()[0]), strict=True))


def query(purchases: str, *, under_contract: str = "") -> str:
    """Write the counts over purchases (customer_id, time, amount), of customers who are `under_contract` or not.

    `customers` is all of them, `covered` who has a contract, `told` who has `GAPS` gaps between purchase days or more.
    Of the latter `constant` have alike amounts, `regular_0` regular gaps of the first of `PERIODS`, `both_0` both;
    `same` have, as their median, the amount that is the median of these.
    """
    near = [f"gap BETWEEN {days * (1 - TOLERANCE)} AND {days * (1 + TOLERANCE)}" for days in PERIODS]
    hits = "".join(f", count(*) FILTER (WHERE {each}) AS near_{place}" for place, each in enumerate(near))
    constant = f"gaps >= {GAPS} AND alike >= {MOSTLY} * gaps"
    covered = f"customer_id IN ({under_contract})" if under_contract else "FALSE"
    counted = {"covered": covered, "told": f"gaps >= {GAPS}", "constant": constant}
    counted["same"] = f"gaps >= {GAPS} AND abs(usual - most) <= {ALIKE} * abs(most)"
    for place in range(len(PERIODS)):
        regular = f"gaps >= {GAPS} AND near_{place} >= {MOSTLY} * gaps"
        counted |= {f"regular_{place}": regular, f"both_{place}": f"{regular} AND {constant}"}
    counts = "".join(f", count(*) FILTER (WHERE {each}) AS {name}" for name, each in counted.items())
    return f"""WITH days AS (SELECT customer_id, CAST(time AS DATE) AS day, sum(amount) AS amount
            FROM ({purchases}) GROUP BY ALL),
        steps AS (SELECT customer_id, day - lag(day) OVER one AS gap, amount, lag(amount) OVER one AS before
            FROM days WINDOW one AS (PARTITION BY customer_id ORDER BY day)),
        customers AS (SELECT customer_id, count(gap) AS gaps, quantile_disc(amount, 0.5) AS usual,
            count(*) FILTER (WHERE abs(amount - before) <= {ALIKE} * abs(before)) AS alike{hits}
            FROM steps GROUP BY customer_id)
        SELECT count(*) AS customers{counts} FROM customers,
            (SELECT quantile_disc(usual, 0.5) AS most FROM customers WHERE gaps >= {GAPS})"""
