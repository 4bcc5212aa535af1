"""Who could be asked about: the customers known at a cutoff, and the categories there are."""

from collections.abc import Iterable, Sequence

import pandas as pd

from features.declaration import Declaration
from features.engine import views
from features.engine.identities import epochs, owned
from features.engine.render import column, render
from features.engine.session import connect, fetch, lend, tables_of
from features.history import History


def candidates(
    history: History, cutoffs: Iterable[pd.Timestamp], *, view: str = "purchases", categories: Sequence[str] | None
) -> pd.DataFrame:
    """List customers with a row of the view known before each cutoff, times the categories if given.

    Who was merged with whom is as it was known at each cutoff.
    """
    columns = "customer_id, cutoff" + (", category" if categories is not None else "")
    rows = views.rows_of(history, view)
    firsts = f"SELECT customer_id, min({_known(history, view)}) AS first FROM ({rows}) GROUP BY customer_id"
    known = f"SELECT customer_id, min(first) AS first FROM ({views.owned(history, 'FROM firsts')}) GROUP BY customer_id"
    query = f"""SELECT {columns} FROM ({known}) JOIN cutoffs ON first < cutoff CROSS JOIN categories
        ORDER BY cutoff, customer_id, category"""
    with tables_of(history) as session:
        lend(session, "categories", pd.DataFrame({"category": list(categories or [""])}, dtype="str"))
        session.execute(f"CREATE TEMP TABLE firsts AS {firsts}")
        listed = []
        for alike in epochs(session, history, pd.DatetimeIndex(list(cutoffs))):
            lend(session, "cutoffs", pd.DataFrame({"cutoff": alike}))
            listed.append(fetch(session, query))
    return pd.concat(listed, ignore_index=True) if len(listed) > 1 else listed[0]


def top_categories(history: History, *, before: pd.Timestamp, count: int) -> list[str]:
    """Name the categories that most customers bought before an instant, most first."""
    history.require("transactions", {"category"}, by="a population of pairs")
    with connect(history, at=before) as session:
        rows = session.execute(
            f"""SELECT category FROM purchases WHERE {_known(history)} < $1 AND category IS NOT NULL
            GROUP BY category ORDER BY count(DISTINCT customer_id) DESC, category LIMIT $2""",
            [before.to_pydatetime(), count],
        ).fetchall()
    return [str(row[0]) for row in rows]


def anchors(history: History, asked: Declaration, *, since: pd.Timestamp, until: pd.Timestamp) -> pd.DataFrame:
    """List the rows of an anchored population in [since, until): customer_id, cutoff, and the row's other columns.

    Each asks about the customer that its id belonged to at its time.
    """
    condition = asked.aggregates[0].where
    passed = "TRUE" if condition is None else render(condition, column).sql(dialect="duckdb")
    with tables_of(history) as session:
        found = session.sql(
            f"""SELECT customer_id, time AS cutoff, * EXCLUDE (customer_id, time)
            FROM ({views.rows_of(history, asked.of)})
            WHERE {passed} AND time >= TIMESTAMP '{since}' AND time < TIMESTAMP '{until}'"""
        ).to_arrow_table()
        session.register("found", owned(session, history, found))
        return fetch(session, "SELECT * FROM found ORDER BY ALL")


def _known(history: History, view: str = "purchases") -> str:
    return "greatest(time, known_time)" if "known_time" in views.columns(history, view) else "time"
