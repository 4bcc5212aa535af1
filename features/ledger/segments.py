"""The statement by segment of customers."""

from pathlib import Path
from typing import Final

import pandas as pd

from features.engine.ledger.attributes import attribute_of, segments_in
from features.history import History
from features.ledger.lines import TITLES
from features.ledger.statement import Statement
from features.tables import HistoryError

FIRST_CHANNEL: Final = "first_channel"
"""The segment that needs no table: the channel of the first purchase."""
NONE, NOBODY, TOTAL = "(none)", "(not attributed)", "(total)"
"""Customers without a segment; what is nobody's; the company."""
MOST: Final = 200
"""Segments: more are none, and might be customers."""


def segments(made: Statement, history: History, by: str) -> pd.Series:
    """Give the segment of each of a statement's customers, by customer_id.

    `by` is `first_channel`, a column of the table of customers, or a CSV or Parquet file of customer_id and segment.
    Raises `HistoryError` for what there is not.
    """
    if by == FIRST_CHANNEL:
        found = made.customers["first_channel"]
    elif _is_file(by):
        found = segments_in(Path(by))
    else:
        found = attribute_of(history, by.removeprefix("customers."), at=made.period.until)
    told = found.reindex(made.customers.index)
    _check(told, by)
    return told.astype("object").where(told.notna(), NONE).astype("str").rename("segment")


def strangers(made: Statement, by: str) -> str | None:
    """Say how many customers of a file of segments are none of a statement's; None where there is none, or no file."""
    if not _is_file(by):
        return None
    told, ours = segments_in(Path(by)).index, made.customers.index
    known = int(told.isin(ours).sum())
    if known == len(told):
        return None
    return (
        f"{len(told) - known:,} of {len(told):,} customers in {by} are none of this statement's; "
        f"{len(ours) - known:,} of its {len(ours):,} are not in the file, and stand under {NONE}"
    )


def _is_file(by: str) -> bool:
    return by.endswith((".csv", ".parquet"))


def _check(told: pd.Series, by: str) -> None:
    """Refuse what makes no segments."""
    if _is_file(by) and len(told) and told.isna().all():
        raise HistoryError(f"{by} tells the segment of none of the {len(told)} customers: are the ids the same?")
    if told.nunique() > MOST:
        raise HistoryError(f"{by} makes {told.nunique()} segments of {len(told)} customers; {MOST} at most can be read")
    for name in (NOBODY, TOTAL):
        if (told == name).any():
            raise HistoryError(f"{by} has a segment {name!r}, which is a name of the statement's own: rename it")


def by_segment(made: Statement, segment: pd.Series) -> pd.DataFrame:
    """Add a statement up by segment, in cents: a row each, then what is nobody's and the company's total.

    Columns: customers, losing (how many of them lose money), and each line and subtotal. Segments come by profit.
    """
    lines = list(TITLES)
    counted = made.customers[lines].assign(customers=1, losing=(made.customers["profit"] < 0).astype("int64"))
    groups = counted.groupby(segment.to_numpy()).sum().sort_values("profit", ascending=False, kind="stable")
    nobody = pd.DataFrame([{"customers": 0, "losing": 0, **made.nobody}], index=[NOBODY])
    total = pd.DataFrame(
        [{"customers": len(counted), "losing": int(counted["losing"].sum()), **made.company}], index=[TOTAL]
    )
    return pd.concat([groups, nobody, total])[["customers", "losing", *lines]].rename_axis("segment")
