"""Which types of a Spark column can be read as ours without loss, and what to do about others."""

import re
from typing import Final

from features.tables import MONEY, Column

_TEXT, _DECIMAL = re.compile(r"(string|(var)?char\(\d+\))( collate \S+)?"), re.compile(r"decimal\((\d+),(\d+)\)")
_WHOLE: Final = {"tinyint": 3, "smallint": 5, "int": 10, "bigint": 19}
"""Spark's whole numbers, and how many digits they have."""
_SPARK: Final = {"VARCHAR": "STRING", "TIMESTAMP": "TIMESTAMP_NTZ"}
_LOCAL: Final = "convert_timezone(current_timezone(), 'Europe/Berlin', CAST({} AS TIMESTAMP_NTZ))"


def spark_type(column: Column) -> str:
    """Name the type of our column on Spark."""
    return _SPARK.get(column.type, column.type)


def advice(name: str, type_: str, column: Column) -> str | None:
    """Say what to do about a column whose type (as in `DataFrame.dtypes`) does not fit; None where it does.

    Text stays text; dates are their midnight; whole numbers and decimals that MONEY holds as they are become it. A
    column of nothing but nulls (void) fits where it may be empty.
    """
    if type_ == "void" and not column.required:
        return None
    match column.type:
        case "VARCHAR":
            fits = _TEXT.fullmatch(type_) is not None
        case "TIMESTAMP":
            fits = type_ in ("timestamp_ntz", "date")
        case "BIGINT":
            fits = type_ in _WHOLE
        case "BOOLEAN":
            fits = type_ == "boolean"
        case _:
            fits = _fits_money(type_)
    return None if fits else _cast(name, type_, column)


def _fits_money(type_: str) -> bool:
    found = _DECIMAL.fullmatch(type_)
    digits, decimals = map(int, found.groups()) if found else (_WHOLE.get(type_, 99), 0)
    most, scale = map(int, re.findall(r"\d+", MONEY))
    return digits - decimals <= most - scale and decimals <= scale


def _cast(name: str, type_: str, column: Column) -> str:
    if column.type == "TIMESTAMP" and type_ == "timestamp":
        return f"an instant; give the customers' local time, as in {_LOCAL.format(name)}"
    return f"cast it: CAST({name} AS {spark_type(column)})"
