"""One customer's own rows."""

import pandas as pd

from features.engine.identities import turns
from features.engine.session import define_views, fetch, lend, tables_of
from features.history import History


def purchases_of(history: History, customer_id: str) -> pd.DataFrame:
    """Give a customer's purchases in time order; amounts as floats. Empty for somebody unknown.

    Ids are merged as they are at the history's end. Raises `ValueError` for one that belongs to another then, and
    `HistoryError` where there are no transactions.
    """
    history.require("transactions", set(), by="a list of purchases")
    asked = pd.DataFrame({"customer_id": pd.Series([customer_id], dtype="str"), "cutoff": history.end})
    with tables_of(history) as session:
        next(turns(session, history, asked))
        define_views(session, history)
        lend(session, "wanted", asked[["customer_id"]])
        rows = fetch(session, "SELECT * FROM purchases SEMI JOIN wanted USING (customer_id) ORDER BY time")
    money = [name for name in ("amount", "quantity", "discount", "cost") if name in rows]
    return rows.astype(dict.fromkeys(money, "float64"))
