"""The spine at the engine's door: what it must have, and the numbers under which its rows are looked up."""

from collections.abc import Sequence

import pandas as pd

from features.declaration import Declaration
from features.engine import views
from features.engine.fitting import check_fit
from features.engine.sorts import Types
from features.history import History
from features.tables import HistoryError

TAKEN = ("row_id", "bucket")
"""Names that the engines use for themselves."""


def checked(history: History, spine: pd.DataFrame, declarations: Sequence[Declaration]) -> pd.DataFrame:
    """Check a spine and what is asked of it; cutoffs with a zone become the history's local time.

    Raises `HistoryError` for tables and columns that there are not, or are no numbers where those are asked for, and
    `ValueError` for a spine that is none.
    """
    check_declarations(history, declarations)
    return checked_spine(spine, declarations, zone=history.zone)


def check_declarations(history: History, declarations: Sequence[Declaration]) -> None:
    """Check what is asked, whoever it is about. Raises as `checked` does."""
    types = Types(history)
    for each in declarations:
        lacking = views.lacks(history, each)
        if lacking is not None:
            mend = f"Map them in the dataset file, or leave {each.name} out of the study"
            raise HistoryError(f"{each.name} {lacking}. {mend}")
        check_fit(types, each)
    _check_once(declarations)


def check_past(declarations: Sequence[Declaration]) -> None:
    """Raise `ValueError` for what is no number of the past: what compares it with a horizon, or no engine computes."""
    for each in declarations:
        if each.of_horizon:
            raise ValueError(f"{each.name} compares the horizon with the past: ask for it by `outcome`")
        if each.of_question:
            given = "`features.frame.frame` gives it of an anchored population"
            raise ValueError(f"{each.name} is a column of the row that asks: {given}")


def checked_spine(spine: pd.DataFrame, declarations: Sequence[Declaration], *, zone: str) -> pd.DataFrame:
    """Check a spine alone, for declarations over histories in the local time of a zone."""
    _check_columns(spine, declarations)
    ids = spine["customer_id"]
    return spine.assign(customer_id=ids if len(ids) else ids.astype("str"), cutoff=_local(spine["cutoff"], zone))


def _check_columns(spine: pd.DataFrame, declarations: Sequence[Declaration]) -> None:
    needed = {"customer_id": "", "cutoff": ""}
    needed |= {each.by: f"{each.name} is per {each.by}: " for each in declarations if each.by}
    for column, why in needed.items():
        if column not in spine:
            raise ValueError(f"{why}the spine needs a column {column!r}; it has {list(spine.columns)}")
    _check_once(declarations)
    taken = [column for column in (*TAKEN, *(each.name for each in declarations)) if column in spine]
    if taken:
        raise ValueError(f"the spine has columns {taken}, which the engine makes itself; rename or drop them")
    if len(spine) and not pd.api.types.is_string_dtype(spine["customer_id"]):
        repair = "ids are text: write spine.astype({'customer_id': 'str'})"
        raise ValueError(f"the spine's customer_id is {spine['customer_id'].dtype}; {repair}")


def _check_once(declarations: Sequence[Declaration]) -> None:
    names = [each.name for each in declarations]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{twice} are asked for more than once; ask for each once")


def _local(cutoffs: pd.Series, zone: str) -> pd.Series:
    """Give cutoffs as naive local times."""
    if not pd.api.types.is_datetime64_any_dtype(cutoffs):
        if len(cutoffs) == 0:
            return cutoffs.astype("datetime64[us]")
        raise ValueError(f"the spine's cutoff is {cutoffs.dtype}, such as {cutoffs.iloc[0]!r}; use pd.to_datetime")
    if cutoffs.isna().any():
        raise ValueError(f"{int(cutoffs.isna().sum())} rows of the spine have no cutoff; drop them")
    if cutoffs.dt.tz is not None:
        cutoffs = cutoffs.dt.tz_convert(zone).dt.tz_localize(None)
    return cutoffs.astype("datetime64[us]")
