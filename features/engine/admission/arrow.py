"""Frames in memory become Arrow, or an error names the column that cannot."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

import pandas as pd
import pyarrow as pa

from features.finding import Finding
from features.tables import HistoryError

_MIXED: Final = (pa.ArrowInvalid, pa.ArrowTypeError)
UNLIKE: Final = (pa.ArrowException, OverflowError, TypeError, ValueError)
"""What is raised where values are of no type that Arrow knows."""


def arrow(name: str, frame: pd.DataFrame) -> pa.Table:
    """Turn a table's frame into Arrow. Raises `HistoryError` for a column that has no type there.

    Times with a zone are handed over without it and said to be UTC afterwards: pandas warns where Arrow takes zoned
    ones from it.
    """
    instants = {str(column): frame[column].dt.tz_convert(None) for column in frame.select_dtypes("datetimetz")}
    try:
        table = pa.Table.from_pandas(frame.assign(**instants), preserve_index=False)
    except UNLIKE as error:
        finding = _finding(name, frame.assign(**instants), error)
        raise HistoryError(finding.line(), [finding]) from error
    return table.cast(pa.schema([_instant(field) if field.name in instants else field for field in table.schema]))


def check_once(name: str, columns: Sequence[str]) -> None:
    """Raise `HistoryError` for columns that are there more than once: SQL knows no capitals in names."""
    times = Counter(column.lower() for column in columns)
    twice = sorted({column for column in columns if times[column.lower()] > 1})
    if twice:
        what = f"has columns that cannot be told apart: {twice} are there more than once"
        advice = "name each column once, in any capitals"
        finding = Finding("column", "error", name, "", 0, what, "", advice)
        raise HistoryError(finding.line(), [finding])


def _instant(field: pa.Field) -> pa.Field:
    return field.with_type(pa.timestamp(field.type.unit, "UTC"))


def _finding(name: str, frame: pd.DataFrame, error: Exception) -> Finding:
    """Name the first column that has no type, and say why."""
    for column in frame.columns:
        try:
            pa.Table.from_pandas(frame[[column]], preserve_index=False)
        except _MIXED as why:
            advice = "give each column one type, such as text ids only"
            return _error(name, str(column), f"mixes types: {_told(why)}", advice)
        except UNLIKE as why:
            advice = "give numbers, times, text or truth values, in types that Arrow knows"
            return _error(name, str(column), f"is {frame[column].dtype} and cannot be read: {_told(why)}", advice)
    return _error(name, "", f"cannot be read: {_told(error)}", "give each column one plain type")


def _told(error: Exception) -> str:
    return str(error.args[0] if isinstance(error, pa.ArrowException) and error.args else error)


def _error(name: str, column: str, what: str, advice: str) -> Finding:
    return Finding("type", "error", name, column, 0, what, "", advice)
