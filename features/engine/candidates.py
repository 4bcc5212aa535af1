"""Who could be asked about: the customers known at a cutoff, and the categories there are."""

from collections.abc import Iterable, Sequence

import pandas as pd

from features.engine.session import connect, fetch, lend
from features.history import History


def candidates(history: History, cutoffs: Iterable[pd.Timestamp], *, categories: Sequence[str] | None) -> pd.DataFrame:
    """List customers with a purchase known before each cutoff, times the categories if given."""
    first = _known(history)
    columns = "customer_id, cutoff" + (", category" if categories is not None else "")
    with connect(history) as session:
        lend(session, "cutoffs", pd.DataFrame({"cutoff": pd.DatetimeIndex(list(cutoffs))}))
        lend(session, "categories", pd.DataFrame({"category": list(categories or [""])}, dtype="str"))
        return fetch(
            session,
            f"""SELECT {columns} FROM (SELECT customer_id, min({first}) AS first FROM purchases GROUP BY customer_id)
            JOIN cutoffs ON first < cutoff CROSS JOIN categories ORDER BY cutoff, customer_id, category""",
        )


def top_categories(history: History, *, before: pd.Timestamp, count: int) -> list[str]:
    """Name the categories that most customers bought before an instant, most first."""
    history.require("transactions", {"category"}, by="a population of pairs")
    with connect(history) as session:
        rows = session.execute(
            f"""SELECT category FROM purchases WHERE {_known(history)} < $1 AND category IS NOT NULL
            GROUP BY category ORDER BY count(DISTINCT customer_id) DESC, category LIMIT $2""",
            [before.to_pydatetime(), count],
        ).fetchall()
    return [str(row[0]) for row in rows]


def _known(history: History) -> str:
    return "greatest(time, known_time)" if "known_time" in history.columns["transactions"] else "time"
