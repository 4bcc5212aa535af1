"""One query with all it reads: its result is lazy, so that nothing it needs may lie beside it."""

from collections.abc import Sequence

from sqlglot import exp, parse_one

from features.declaration import Declaration
from features.engine import views
from features.engine.period import Period
from features.engine.spark.text import in_doubles, name, template
from features.engine.sql.query import write
from features.history import History, Scan
from features.tables import VIEWS


def whole(
    history: History, declarations: Sequence[Declaration], *, period: Period, spine: str, carried: Sequence[str]
) -> str:
    """Write declarations as one query, a template over the frames: tables, views, `spine`, sums and the question.

    `carried` are the spine's columns. A day is never taken for one instant: what time of day the cutoffs have is not
    known before they are read.
    """
    read = list(dict.fromkeys(view for each in declarations for view in views.reads(each)))
    query = write(
        declarations,
        period=period,
        midnight=False,
        known_views=frozenset(view for view in read if "known_time" in views.columns(history, view)),
        carried=carried,
    )
    parts = {
        **_tables(history, read),
        **{view: template(parse_one(views.query(history, view), dialect="duckdb")) for view in read},
        "spine": spine,
        **{part: template(table) for part, table in query.prepare.items()},
    }
    given = ", ".join(f"{name(part)} AS ({text})" for part, text in parts.items())
    return f"WITH {given} {template(_question(query.batch))}"


def _tables(history: History, read: Sequence[str]) -> dict[str, str]:
    scans = {table: history.tables[table] for table in dict.fromkeys(VIEWS[view].table for view in read)}
    return {f"{views.TABLE}{table}": scan.query for table, scan in scans.items() if isinstance(scan, Scan)}


def _question(batch: exp.Select) -> exp.Select:
    """Multiply the numbers of a customer as doubles."""
    made = batch.copy()
    made.set("expressions", [in_doubles(each) for each in made.expressions])
    return made
