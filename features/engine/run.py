"""`observe` and `outcome`: the query, run on DuckDB, to pandas or straight to Parquet."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import duckdb
import pandas as pd

from configs.whole import whole_folder
from features.declaration import Declaration
from features.engine.query import Period, Query, write
from features.engine.session import connect, fetch, lend
from features.history import History
from features.tables import VIEWS

BATCHES = 64
"""Up to so many distinct cutoffs are asked one by one; a spine of more is asked at once."""
_written = lru_cache(maxsize=64)(write)
"""One customer after the other, a service asks the same few queries, and writing one takes longer than running it."""


def observe(
    history: History, spine: pd.DataFrame, features: Sequence[Declaration], *, to: Path | None = None
) -> pd.DataFrame:
    """Compute features from what was known before each row's cutoff.

    Gives the spine's columns and one a feature, in the spine's order. With `to` the frame is written as Parquet
    under that folder, one file a cutoff, whole or not at all, and only the spine comes back.
    """
    return _run(history, spine, features, period=Period(), to=to)


def outcome(
    history: History,
    spine: pd.DataFrame,
    targets: Sequence[Declaration],
    *,
    horizon_days: int,
    known_by: pd.Timestamp | None = None,
) -> pd.DataFrame:
    """Compute targets from the events in [cutoff, cutoff + horizon_days).

    With `known_by` only from those that were known before that instant: what a model trained then could learn from.
    Raises `ValueError` where a horizon ends after the history does.
    """
    _check(history, spine, targets)
    check_horizon(history, pd.DatetimeIndex(spine["cutoff"].unique()), horizon_days=horizon_days)
    return _run(history, spine, targets, period=Period(horizon_days, known_by), to=None)


def check_horizon(history: History, cutoffs: pd.DatetimeIndex, *, horizon_days: int) -> None:
    """Raise `ValueError` for the first cutoff whose horizon the history does not cover."""
    if horizon_days < 1:
        raise ValueError(f"horizon_days must be at least 1, not {horizon_days}")
    latest = history.end - pd.Timedelta(days=horizon_days)
    late = cutoffs[cutoffs > latest]
    if len(late):
        raise ValueError(
            f"the {horizon_days}-day horizon of cutoff {late.min():%Y-%m-%d} ends after the history of {history.name} "
            f"({history.end:%Y-%m-%d}); use a cutoff up to {latest:%Y-%m-%d}"
        )


def _run(
    history: History, spine: pd.DataFrame, declarations: Sequence[Declaration], *, period: Period, to: Path | None
) -> pd.DataFrame:
    _check(history, spine, declarations)
    query = _query(history, spine, declarations, period)
    with connect(history) as session:
        who = spine.groupby(["customer_id", "cutoff"], sort=False).ngroup()
        keyed = spine.assign(row_id=range(len(spine)), who_id=who)
        lend(session, "whole_spine", keyed)
        for name, text in query.prepare.items():
            session.execute(f"CREATE TEMP TABLE {name} AS {text}")
        if to is not None:
            _write(session, keyed, query, to)
            return spine
        frames = [fetch(session, query.batch) for _ in _batches(session, keyed)]
    frame = pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]
    return frame.sort_values("row_id", ignore_index=True).drop(columns="row_id")


def _check(history: History, spine: pd.DataFrame, declarations: Sequence[Declaration]) -> None:
    for each in declarations:
        history.require(VIEWS[each.of].table, each.columns, by=each.name)
        if each.by and each.by not in spine:
            raise ValueError(
                f"{each.name} is per {each.by}: the spine needs a column {each.by!r}, as pair populations give"
            )
    for key in ("customer_id", "cutoff"):
        if key not in spine:
            raise ValueError(f"the spine needs a column {key!r}; it has {list(spine.columns)}")


def _query(history: History, spine: pd.DataFrame, declarations: Sequence[Declaration], period: Period) -> Query:
    instants = pd.DatetimeIndex([*spine["cutoff"].unique(), *([period.known_by] if period.known_by else [])])
    known = frozenset(name for name, view in VIEWS.items() if "known_time" in history.columns.get(view.table, ()))
    return _written(
        tuple(declarations),
        period=period,
        midnight=bool((instants == instants.normalize()).all()),
        known_views=known,
        carried=("row_id", *spine.columns),
    )


def _batches(session: duckdb.DuckDBPyConnection, spine: pd.DataFrame) -> Iterator[pd.Timestamp | None]:
    """Make `spine` a view of one cutoff after the other, or of all of them."""
    cutoffs = sorted(spine["cutoff"].unique())
    for cutoff in cutoffs if 1 < len(cutoffs) <= BATCHES else [None]:
        condition = "TRUE" if cutoff is None else f"cutoff = TIMESTAMP '{cutoff}'"
        session.execute(f"CREATE OR REPLACE TEMP VIEW spine AS SELECT * FROM whole_spine WHERE {condition}")
        session.execute("CREATE OR REPLACE TEMP VIEW who AS SELECT DISTINCT who_id, customer_id, cutoff FROM spine")
        yield cutoff


def _write(session: duckdb.DuckDBPyConnection, spine: pd.DataFrame, query: Query, to: Path) -> None:
    with whole_folder(to) as folder:
        for number, _ in enumerate(_batches(session, spine)):
            part = folder / f"part-{number:04d}.parquet"
            session.execute(f"COPY (SELECT * EXCLUDE (row_id) FROM ({query.batch})) TO '{part}' (FORMAT parquet)")
