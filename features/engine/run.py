"""`observe` and `outcome`: declarations for a spine, by the kernel or by SQL, to pandas or straight to Parquet."""

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Literal

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd

from features.declaration import Declaration
from features.engine import kernel, views
from features.engine.asked import check_declarations, check_past, checked
from features.engine.buckets import buckets, shares
from features.engine.compared import Compared, told
from features.engine.period import Period, check_length
from features.engine.session import tables_of
from features.engine.sql.answer import answer as answer_by_sql
from features.engine.stored import Writer
from features.history import History
from features.nobody import NobodyAsked
from features.tables import VIEWS

Engine = Literal["kernel", "duckdb"]
KEYS = ["customer_id", "cutoff"]


def observe(
    history: History,
    spine: pd.DataFrame,
    features: Sequence[Declaration],
    *,
    engine: Engine = "kernel",
    to: Path | None = None,
) -> pd.DataFrame:
    """Compute features from what was known before each row's cutoff.

    Gives the spine's columns and one a feature, in the spine's order. Customers are taken in buckets of some ten
    million rows of the history, which bounds memory; with `to` each bucket is written as Parquet under that folder,
    partitioned by cutoff, whole or not at all, and only the spine comes back. `engine` changes how, not what: the
    kernel leaves features that are said in SQL to DuckDB.
    """
    check_past(features)
    return _run(history, spine, list(features), period=Period(), engine=engine, to=to)


def census(
    history: History,
    cutoffs: pd.DatetimeIndex,
    population: Declaration,
    features: Sequence[Declaration],
    *,
    to: Path | None = None,
) -> pd.DataFrame:
    """List a population at some cutoffs with its features, by the kernel, from one reading of the rows.

    Gives what `observe` gives of the population's spine, for what `at_once` says that it can. Raises `NobodyAsked`.
    """
    for asked in ([population], features):
        check_declarations(history, asked)
    with tables_of(history) as session, Writer.at(to) if to is not None else nullcontext() as writer:
        parts = []
        for _ in shares(session, history):
            part = kernel.census(session, history, cutoffs, population, features)
            if writer is not None:
                writer.write(part)
            parts.append(part[KEYS] if writer is not None else part)
        if not any(len(part) for part in parts):
            raise NobodyAsked.at(cutoffs, population, of=history.name)
    return parts[0] if len(parts) == 1 else pd.concat(parts).sort_values(["cutoff", "customer_id"], ignore_index=True)


def at_once(
    history: History, cutoffs: pd.DatetimeIndex, population: Declaration, features: Sequence[Declaration]
) -> bool:
    """Whether `census` can: each customer is asked about as such, under one id and once, and nothing is said in SQL."""
    plain = not any(each.by or each.sql_only or each.anchored for each in (population, *features))
    one = views.IDENTITIES not in history.tables and cutoffs.is_unique
    return plain and one and not VIEWS[population.of].timeless


def outcome(
    history: History,
    spine: pd.DataFrame,
    targets: Sequence[Declaration],
    *,
    horizon_days: int,
    lead_days: int = 0,
    known_by: pd.Timestamp | None = None,
    engine: Engine = "kernel",
) -> pd.DataFrame:
    """Compute targets from the events in [cutoff + lead_days, cutoff + lead_days + horizon_days).

    What a target compares them with is what was known before the cutoff, whatever the lead. With `known_by` the horizon
    counts only what was known before that instant: what a model trained then could learn from.
    Raises `ValueError` where a horizon ends after the history does.
    """
    asked = checked(history, spine, list(targets))
    cutoffs = pd.DatetimeIndex(asked["cutoff"].unique())
    check_horizon(history, cutoffs, horizon_days=horizon_days, lead_days=lead_days)
    period = Period(horizon_days, known_by, lead_days)
    known = [told(each, horizon_days) for each in targets]
    compared = Compared([each for each in known if each.of_horizon])
    plain = [each for each in known if not each.of_horizon]
    made = _run(history, spine, [*plain, *compared.horizon], period=period, engine=engine, to=None)
    if not compared.targets:
        return made
    before = _run(history, spine, compared.past, period=Period(), engine=engine, to=None)
    answers = made.join(before[[each.name for each in compared.past]])
    whole = {each.name: compared.whole(each, answers) for each in compared.targets}
    return made.assign(**whole)[[*spine.columns, *(each.name for each in targets)]]


def check_horizon(history: History, cutoffs: pd.DatetimeIndex, *, horizon_days: int, lead_days: int = 0) -> None:
    """Raise `ValueError` for the first cutoff whose horizon the history does not cover."""
    check_length(horizon_days, lead_days)
    latest = history.end - pd.Timedelta(days=lead_days + horizon_days)
    late = cutoffs[cutoffs > latest]
    if len(late):
        after = f", {lead_days} days after it," if lead_days else ""
        raise ValueError(
            f"the {horizon_days}-day horizon of cutoff {late.min():%Y-%m-%d}{after} ends after the history of "
            f"{history.name} ({history.end:%Y-%m-%d}); use a cutoff up to {latest:%Y-%m-%d}"
        )


def _run(
    history: History,
    spine: pd.DataFrame,
    declarations: list[Declaration],
    *,
    period: Period,
    engine: Engine,
    to: Path | None,
) -> pd.DataFrame:
    asked = checked(history, spine, declarations)
    with tables_of(history) as session:
        if to is not None:
            with Writer.at(to) as writer:
                for rows in buckets(session, history, asked):
                    part = asked.iloc[rows].reset_index(drop=True)
                    writer.write(part.join(_answers(session, history, part, declarations, period, engine)))
            return spine
        parts = [
            (rows, _answers(session, history, asked.iloc[rows].reset_index(drop=True), declarations, period, engine))
            for rows in buckets(session, history, asked)
        ]
    return _whole(spine, parts)


def _whole(spine: pd.DataFrame, parts: list[tuple[npt.NDArray[np.int64], pd.DataFrame]]) -> pd.DataFrame:
    """Put the buckets' answers beside the spine, in its order."""
    frame = spine.reset_index(drop=True)
    if len(parts) == 1:
        return frame.join(parts[0][1])
    answers = pd.concat([made for _, made in parts], ignore_index=True)
    answers.index = pd.Index(np.concatenate([rows for rows, _ in parts]))
    return frame.join(answers)


def _answers(
    session: duckdb.DuckDBPyConnection,
    history: History,
    spine: pd.DataFrame,
    declarations: Sequence[Declaration],
    period: Period,
    engine: Engine,
) -> pd.DataFrame:
    """Compute declarations, those that only SQL can say by SQL. A lead is one of the engines' cutoffs."""
    spine = spine.assign(cutoff=spine["cutoff"] + period.lead) if period.lead_days else spine
    by_sql = [each for each in declarations if engine == "duckdb" or each.sql_only]
    by_kernel = [each for each in declarations if engine == "kernel" and not each.sql_only]
    parts = [] if declarations else [pd.DataFrame(index=spine.index)]
    if by_kernel:
        parts.append(kernel.answer(session, history, spine, by_kernel, period=period))
    if by_sql:
        parts.append(answer_by_sql(session, history, spine, by_sql, period=period))
    made = pd.concat(parts, axis=1) if len(parts) > 1 else parts[0]
    names = [each.name for each in declarations]
    return made if list(made.columns) == names else made[names]
