"""`answer`: declarations over a history for everyone asked, as one SQL query on DuckDB."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import duckdb
import pandas as pd

from features.declaration import Declaration
from features.engine import views
from features.engine.query import Period, write
from features.engine.session import fetch, lend
from features.history import History
from features.tables import VIEWS

BATCHES = 64
"""Up to so many distinct cutoffs are asked one by one; a spine of more is asked at once."""


def answer(
    session: duckdb.DuckDBPyConnection,
    history: History,
    spine: pd.DataFrame,
    declarations: Sequence[Declaration],
    *,
    period: Period,
) -> pd.DataFrame:
    """Compute declarations for each row of a spine: one column each, in the spine's order."""
    keys = list(dict.fromkeys(["customer_id", "cutoff", *(each.by for each in declarations if each.by)]))
    who = spine.groupby(["customer_id", "cutoff"], sort=False).ngroup()
    lend(session, "whole_spine", spine[keys].assign(row_id=range(len(spine)), who_id=who))
    prepare, batch = _written(tuple(declarations), **_asked(history, spine, period))
    for name, text in prepare.items():
        session.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {text}")
    frames = [fetch(session, batch) for _ in _batches(session, spine["cutoff"])]
    for name in prepare:
        session.execute(f"DROP TABLE {name}")
    made = pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]
    return made.sort_values("row_id", ignore_index=True).drop(columns="row_id")


@lru_cache(maxsize=64)
def _written(declarations: tuple[Declaration, ...], **asked: Any) -> tuple[dict[str, str], str]:
    """One customer after the other, a service asks the same few queries, and writing one takes longer than running."""
    return write(declarations, carried=("row_id",), **asked).texts("duckdb")


def _asked(history: History, spine: pd.DataFrame, period: Period) -> dict[str, Any]:
    instants = pd.DatetimeIndex([*spine["cutoff"].unique(), *([period.known_by] if period.known_by else [])])
    return {
        "period": period,
        "midnight": bool((instants == instants.normalize()).all()),
        "known_views": frozenset(name for name in VIEWS if "known_time" in views.columns(history, name)),
    }


def _batches(session: duckdb.DuckDBPyConnection, cutoffs: pd.Series) -> Iterator[pd.Timestamp | None]:
    """Make `spine` a view of one cutoff after the other, or of all of them."""
    distinct = sorted(cutoffs.unique())
    for cutoff in distinct if 1 < len(distinct) <= BATCHES else [None]:
        condition = "TRUE" if cutoff is None else f"cutoff = TIMESTAMP '{cutoff}'"
        session.execute(f"CREATE OR REPLACE TEMP VIEW spine AS SELECT * FROM whole_spine WHERE {condition}")
        session.execute("CREATE OR REPLACE TEMP VIEW who AS SELECT DISTINCT who_id, customer_id, cutoff FROM spine")
        yield cutoff
