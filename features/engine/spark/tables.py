"""The tables of a history on Spark: DataFrames checked by their schemas, and read as what `features.tables` says.

Values are checked as they are read, since nothing is collected: the query itself raises at a row that cannot be used.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

import pandas as pd

from features.engine.spark.columns import advice, spark_type
from features.engine.spark.text import literal, name
from features.finding import Finding
from features.history import DATED, History, Scan, dated
from features.tables import TABLES, Column, HistoryError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

SPARK: Final = "Spark"
"""What the history is called in messages."""
_UNMARKED: Final = "is negative but not marked as a return; set is_return on such rows, or drop them"
_BACKWARD: Final = "lies before start; swap or mend the two; a subscription that runs on has an empty end"


def described(tables: Mapping[str, "DataFrame"], end: pd.Timestamp) -> History:
    """Give what the engine asks of a history; the query of a table says `{table}` for the frame.

    Raises `HistoryError` for tables or columns that are not as they must be: all that is wrong, with what to do.
    """
    unknown = sorted(set(tables) - set(TABLES))
    if unknown:
        raise HistoryError(f"{SPARK}: unknown tables {unknown}; a history is made of {', '.join(TABLES)}")
    if not dated(tables):
        raise HistoryError(f"{SPARK}: no table of what happens; give one of {', '.join(DATED)}")
    found = [fault for table, frame in tables.items() for fault in _faults(table, frame)]
    if found:
        lines = "\n".join(f"- {fault.line()}" for fault in found)
        raise HistoryError(f"{SPARK} cannot be used:\n{lines}", found)
    return History(
        name=SPARK,
        tables={table: Scan(_query(table, frame)) for table, frame in tables.items()},
        columns={table: (*frame.columns, *_defaults(table, frame)) for table, frame in tables.items()},
        end=end,
        hashed=_unhashed,
    )


def _faults(table: str, frame: "DataFrame") -> Iterator[Finding]:
    types = dict(frame.dtypes)
    missing = [column for column in TABLES[table].required if column not in types]
    if missing:
        told = f"lacks the columns {missing}"
        yield Finding("column", "error", table, "", 0, told, "", f"there are {frame.columns}. Rename them")
    for column, expected in TABLES[table].columns.items():
        wrong = advice(column, types[column], expected) if column in types else None
        if wrong:
            yield Finding("type", "error", table, column, 0, f"is {types[column]}", "", wrong)


def _query(table: str, frame: "DataFrame") -> str:
    """Write the SQL that reads a table as ours; columns we do not know pass through."""
    taken = [f"{_value(table, column, frame)} AS {name(column)}" for column in frame.columns]
    defaults = [f"{TABLES[table].columns[each].default} AS {name(each)}" for each in _defaults(table, frame)]
    return f"SELECT {', '.join(taken + defaults)} FROM {{{table}}}"


def _defaults(table: str, frame: "DataFrame") -> list[str]:
    return [each for each, column in TABLES[table].columns.items() if column.default and each not in frame.columns]


def _value(table: str, column: str, frame: "DataFrame") -> str:
    """Write a column's value; a row that cannot be used raises."""
    expected = TABLES[table].columns.get(column)
    if expected is None:
        return name(column)
    value = f"CAST({name(column)} AS {spark_type(expected)})"
    value = f"COALESCE({value}, {expected.default})" if expected.default else value
    raised = [
        f"WHEN {condition} THEN raise_error({literal(f'{table}.{column} {wrong}')})"
        for condition, wrong in _rules(table, column, expected, frame)
    ]
    return f"CASE {' '.join(raised)} ELSE {value} END" if raised else value


def _rules(table: str, column: str, expected: Column, frame: "DataFrame") -> Iterator[tuple[str, str]]:
    if expected.required:
        yield f"{name(column)} IS NULL", "is empty; fill or drop these rows"
    if (table, column) == ("transactions", "amount"):
        marked = "COALESCE(`is_return`, FALSE)" if "is_return" in frame.columns else "FALSE"
        yield f"`amount` < 0 AND NOT {marked}", _UNMARKED
    if (table, column) == ("subscriptions", "end"):
        yield "`end` < `start`", _BACKWARD


def _unhashed(history: History) -> str:
    raise HistoryError(f"{history.name}: tables that lie on Spark have no fingerprint")
