"""The spine on Spark: what it must have, and how it is read."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from features.declaration import Declaration
from features.engine.asked import TAKEN
from features.engine.period import Period
from features.engine.spark.columns import advice
from features.engine.spark.text import literal, name
from features.history import History
from features.tables import TABLES, VIEWS, Column

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_KEYS = {"customer_id": Column("VARCHAR", required=True), "cutoff": Column("TIMESTAMP", required=True)}


def check_spine(spine: "DataFrame", declarations: Sequence[Declaration]) -> None:
    """Raise `ValueError` for a spine without the columns it needs, with others of their names, or of other types."""
    needed = dict.fromkeys(_KEYS, "") | {each.by: f"{each.name} is per {each.by}: " for each in declarations if each.by}
    for column, why in needed.items():
        if column not in spine.columns:
            raise ValueError(f"{why}the spine needs a column {column!r}; it has {spine.columns}")
    taken = [column for column in (*TAKEN, *(each.name for each in declarations)) if column in spine.columns]
    if taken:
        raise ValueError(f"the spine has columns {taken}, which the engine makes itself; rename or drop them")
    expected = {**_by(declarations), **_KEYS}
    for column, type_ in spine.dtypes:
        wrong = advice(column, type_, expected[column]) if column in expected else None
        if wrong:
            raise ValueError(f"the spine's {column} is {type_}; {wrong}")


def _by(declarations: Sequence[Declaration]) -> dict[str, Column]:
    """Give the columns that declarations are per, as their tables have them; not those that we do not know."""
    tables = {each.by: TABLES[VIEWS[each.of].table].columns for each in declarations if each.by}
    return {column: columns[column] for column, columns in tables.items() if column in columns}


def spine_query(spine: "DataFrame", history: History, *, period: Period) -> str:
    """Write the SQL of the spine, asking where a horizon begins; a cutoff that the history cannot answer raises."""
    latest, late = _latest(history, period)
    lead = f" + INTERVAL '{period.lead_days}' DAY" if period.lead_days else ""
    cutoff = (
        "CAST(CASE WHEN `cutoff` IS NULL THEN raise_error('a row of the spine has no cutoff; drop such rows') "
        f"WHEN `cutoff` > TIMESTAMP_NTZ '{latest}' THEN raise_error(concat('cutoff ', `cutoff`, {literal(late)})) "
        f"ELSE `cutoff` END AS TIMESTAMP_NTZ){lead} AS `cutoff`"
    )
    columns = [cutoff if each == "cutoff" else name(each) for each in spine.columns]
    return f"SELECT {', '.join(columns)} FROM {{spine}}"


def _latest(history: History, period: Period) -> tuple[pd.Timestamp, str]:
    """Give the latest cutoff that a history can answer, and why a later one cannot be asked."""
    if period.horizon_days is None:
        why = f" lies beyond the data of {history.name}, which end at {history.end:%Y-%m-%d}; use a cutoff up to then"
        return history.end, why
    latest = history.end - pd.Timedelta(days=period.lead_days + period.horizon_days)
    after = f", {period.lead_days} days after it," if period.lead_days else ""
    why = f": its {period.horizon_days}-day horizon{after} ends after the history of {history.name} "
    return latest, why + f"({history.end:%Y-%m-%d}); use a cutoff up to {latest:%Y-%m-%d}"
