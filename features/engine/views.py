"""The views that declarations speak of, as SQL over a history's tables."""

from features.declaration import Declaration
from features.engine.render import identifier, text
from features.engine.sql_text import columns_of
from features.expression import Sql
from features.history import History
from features.tables import VIEWS, Rows, View

TABLE = "table_"
"""What the names of tables begin with in a session, so that a view may have a table's name."""
IDENTITIES, MERGED = "identities", "merged"
"""The table of ids that are merged over time, and in a session the map that views show: those that are another's."""
_OWNER = "coalesce(merged.owner, lent.customer_id)"


def has(history: History, name: str) -> bool:
    """Whether a history has the tables and columns that a view is made of."""
    view = VIEWS[name]
    return view.table in history.tables and view.needs <= set(history.columns[view.table])


def columns(history: History, name: str) -> set[str]:
    """Name a view's columns; none where the history does not have it."""
    return _shown(history, VIEWS[name]) if has(history, name) else set()


def query(history: History, name: str) -> str:
    """Write a view over its table, and over the map of ids if the history has one.

    Of a timeless table a customer has one row: their own, or else that of the id that was merged into them last.
    """
    if VIEWS[name].made:
        return rows_of(history, name, of=owned(history, f"SELECT * FROM {TABLE}{VIEWS[name].table}"))
    found = owned(history, rows_of(history, name))
    if IDENTITIES not in history.tables or not VIEWS[name].timeless:
        return found
    order = "merged.time DESC NULLS FIRST, lent.customer_id"
    return f"{found} QUALIFY row_number() OVER (PARTITION BY {_OWNER} ORDER BY {order}) = 1"


def owned(history: History, rows: str) -> str:
    """Give rows to the customers that their ids belong to, by the map that views show; as they are without one."""
    if IDENTITIES not in history.tables:
        return rows
    return (
        f"SELECT lent.* REPLACE ({_OWNER} AS customer_id) FROM ({rows}) AS lent "
        f"LEFT JOIN {MERGED} AS merged ON merged.customer_id = lent.customer_id"
    )


def rows_of(history: History, name: str, *, of: str = "") -> str:
    """Write a view's rows under the ids that they have in their table. Raises `HistoryError` where there is none.

    Rows that are made `of` several are made of that query's, if it is said.
    """
    view = VIEWS[name]
    history.require(view.table, set(view.needs), by=f"whoever is asked about by {name}")
    source = f"{TABLE}{view.table}"
    if view.made:
        source = f"({_filled(history, view.made, rows=of or f'SELECT * FROM {source}')}) AS made"
    return " UNION ALL ".join(_rows(history, view, rows, source) for rows in view.rows)


def reads(declaration: Declaration) -> dict[str, set[str]]:
    """Name the columns that a declaration reads, by view: those of its expression, and those of its SQL."""
    read = {view: set(names) for view, names in declaration.reads.items()}
    for each in declaration.aggregates:
        if isinstance(each.value, Sql):
            read[each.view] |= columns_of(each.value.text) - {"age_days"}
    return read


def lacks(history: History, declaration: Declaration) -> str | None:
    """Say which table or columns a declaration reads that a history does not have; None if it has them all."""
    for name, read in reads(declaration).items():
        view = VIEWS[name]
        if view.table not in history.tables:
            return f"needs the table {view.table!r}; {history.name} has {', '.join(history.tables)}"
        missing = sorted((read - _shown(history, view)) | (view.needs - set(history.columns[view.table])))
        if missing:
            have = ", ".join(history.columns[view.table])
            return f"needs the columns {missing} of {view.table}; {history.name} has {have}"
    return None


def _rows(history: History, view: View, rows: Rows, source: str) -> str:
    replaced = {"time", "kind"} if rows.kind else {"time"}
    kept = [identifier(column) for column in _own(history, view) if column not in replaced]
    time, where = _filled(history, rows.time), _filled(history, rows.where)
    kind = [f"{text(rows.kind)} AS kind"] if rows.kind else []
    return f"SELECT {', '.join([*kept, f'{time} AS time', *kind])} FROM {source} WHERE {where}"


def _shown(history: History, view: View) -> set[str]:
    """Name the columns that a view of a table that is there has, or would have."""
    kinds = {"kind"} if any(rows.kind for rows in view.rows) else set()
    return set(_own(history, view)) | {"time"} | kinds


def _own(history: History, view: View) -> list[str]:
    """Name the columns that a view's rows have of their own, in the table's order."""
    shown = view.gives or set(history.columns[view.table]) - view.hides
    return [column for column in history.columns[view.table] if column in shown]


def _filled(history: History, sql: str, *, rows: str = "") -> str:
    """Say in a view's SQL where the history ends, how long the grace is, and when rows were first known."""
    known = "known_time" in history.columns.get("subscriptions", ())
    since = "CASE WHEN known_time > start THEN known_time ELSE start END" if known else "start"
    end = f"TIMESTAMP {text(str(history.end))}"
    return sql.format(end=end, grace=history.grace_days, since=since, rows=rows)
