"""One customer's own rows of the views, as they were known at a cutoff."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import duckdb
import pandas as pd

from features.engine import views
from features.engine.identities import turns
from features.engine.render import identifier
from features.engine.session import define_views, fetch, lend, tables_of
from features.history import History
from features.tables import TABLES, VIEWS


@dataclass(frozen=True)
class OwnRows:
    """A customer's rows of a view: the last of those known at the cutoff, and how many there are of which sort.

    `known` lie before the cutoff and were known by then, `late` lie before it and were not, `later` lie at the cutoff
    or after it.
    """

    view: str
    rows: pd.DataFrame
    known: int
    late: int
    later: int

    @property
    def size(self) -> int:
        """How many rows there are."""
        return self.known + self.late + self.later


def own_rows(
    history: History, customer_id: str, cutoff: pd.Timestamp, names: Iterable[str], *, last: int
) -> list[OwnRows]:
    """Give a customer's rows of some views, of those known at the cutoff the `last`, in time order.

    Ids are merged as they were known at the cutoff. Amounts are floats; times at or after the cutoff that a row has in
    other columns are not told.
    """
    asked = pd.DataFrame({"customer_id": pd.Series([customer_id], dtype="str"), "cutoff": cutoff})
    with tables_of(history) as session:
        next(turns(session, history, asked))
        define_views(session, history)
        lend(session, "wanted", asked[["customer_id"]])
        return [_of_view(session, history, name, cutoff, last) for name in names]


def _of_view(
    session: duckdb.DuckDBPyConnection, history: History, name: str, cutoff: pd.Timestamp, last: int
) -> OwnRows:
    instant = "greatest(time, known_time)" if "known_time" in views.columns(history, name) else "time"
    own, at = f"FROM {name} SEMI JOIN wanted USING (customer_id)", f"TIMESTAMP '{cutoff}'"
    counted = session.execute(
        f"""SELECT count(*) FILTER ({instant} < {at}), count(*) FILTER (time < {at} AND {instant} >= {at}),
        count(*) FILTER (time >= {at}) {own}"""
    ).fetchall()[0]
    columns = ", ".join(_columns(session, name, at))
    rows = fetch(session, f"SELECT {columns} {own} WHERE {instant} < {at} ORDER BY ALL DESC LIMIT {last}")[::-1]
    money = [column for column in rows if _is_money(VIEWS[name].table, str(column))]
    rows = rows.reset_index(drop=True).astype(dict.fromkeys(money, "float64"))
    return OwnRows(name, rows.drop(columns=["time"] if VIEWS[name].timeless else []), *map(int, counted))


def _columns(session: duckdb.DuckDBPyConnection, name: str, at: str) -> Iterator[str]:
    """Write a view's columns, the time first; times from the cutoff on are left out."""
    described = session.execute(f"DESCRIBE {name}").fetchall()
    for column, type_, *_ in sorted(described, key=lambda each: each[0] != "time"):
        quoted = identifier(column)
        if _is_time(type_):
            yield f"CASE WHEN {quoted} < {at} THEN {quoted} END AS {quoted}"
        elif column != "customer_id":
            yield quoted


def _is_time(type_: str) -> bool:
    return type_.startswith(("TIMESTAMP", "DATE"))


def _is_money(table: str, column: str) -> bool:
    known = TABLES[table].columns.get(column)
    return known is not None and known.type.startswith("DECIMAL")
