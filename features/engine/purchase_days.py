"""How many customers bought on each day, and how many for the first time."""

from collections.abc import Iterable

import pandas as pd

from features.engine import views
from features.engine.session import connect, fetch, lend
from features.history import History


def purchase_days(history: History, customer_ids: Iterable[str], *, until: pd.Timestamp) -> pd.DataFrame:
    """Count the purchase days of some customers, of what was known before an instant: a row a day on which one bought.

    Columns: day (local), buyers (of these customers), and first: those of them who had not bought before. So buyers
    less first are the repeat purchases of the day. Ids are merged as they are at the instant. Raises `HistoryError`
    where there are no transactions.
    """
    history.require("transactions", set(), by="a count of purchase days")
    known = "greatest(time, known_time)" if "known_time" in views.columns(history, "purchases") else "time"
    with connect(history, at=until) as session:
        lend(session, "wanted", pd.DataFrame({"customer_id": pd.Series(list(customer_ids), dtype="str")}))
        return fetch(
            session,
            f"""WITH days AS (SELECT DISTINCT customer_id, CAST(time AS DATE) AS day
                FROM purchases SEMI JOIN wanted USING (customer_id) WHERE {known} < TIMESTAMP '{until}'),
            ranked AS (SELECT day, day = min(day) OVER (PARTITION BY customer_id) AS first FROM days)
            SELECT CAST(day AS TIMESTAMP) AS day, count(*) AS buyers, count(*) FILTER (first) AS first
            FROM ranked GROUP BY day ORDER BY day""",
        )
