"""How a column of a source becomes ours, as SQL; what its values that do not fit are called."""

from dataclasses import dataclass
from typing import Final

from features.engine.render import identifier, text
from features.tables import MONEY, Column

EMPTY: Final = "EMPTY"
"""The type of a column without any value."""
_NUMBERS: Final = frozenset(
    ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")
)
_DECIMALS: Final = frozenset(("DOUBLE", "FLOAT"))


@dataclass(frozen=True)
class Cast:
    """The SQL that gives our value, NULL where one does not fit; empty where the type as a whole does not."""

    sql: str
    wrong: str


def cast_of(column: str, type_: str, expected: Column | None, format_: str | None) -> Cast:
    """Choose the cast of a column; one that we do not know passes as it is."""
    quoted = identifier(column)
    if expected is None:
        return Cast(quoted, "")
    if type_ == EMPTY:
        return Cast(f"CAST(NULL AS {expected.type})", "is empty")
    if expected.type == "VARCHAR":
        return _text(quoted, type_)
    if expected.type == "TIMESTAMP":
        return _formatted(quoted, format_) if format_ is not None else _time(quoted, type_)
    if expected.type == MONEY:
        return Cast(f"TRY_CAST({quoted} AS {MONEY})", "is not a finite number below 1e14")
    return Cast(f"TRY_CAST({quoted} AS {expected.type})", f"is not {expected.type.lower()}")


def _text(quoted: str, type_: str) -> Cast:
    if type_ in _DECIMALS:
        return Cast("", "an id with decimals (empty ids turn integers into decimals); give text or integers")
    return Cast(f"CAST({quoted} AS VARCHAR)", "is not text")


def _formatted(quoted: str, format_: str) -> Cast:
    return Cast(f"TRY_STRPTIME(CAST({quoted} AS VARCHAR), {text(format_)})", f"is not a time of the format {format_!r}")


def _time(quoted: str, type_: str) -> Cast:
    if type_ in _NUMBERS | _DECIMALS:
        return Cast("", "a number is no time; give times, or say the format, as in format = '%Y%m%d'")
    if type_ == "TIMESTAMP WITH TIME ZONE":
        return Cast(f"CAST({quoted} AT TIME ZONE 'UTC' AS TIMESTAMP)", "is not a time")
    if type_ == "VARCHAR":
        iso = f"TRY_CAST({quoted} AS TIMESTAMP WITH TIME ZONE) AT TIME ZONE 'UTC'"
        wrong = "is not an ISO time (2025-12-31 or 2025-12-31 23:59:00); say its format"
        return Cast(f"CASE WHEN {quoted} LIKE '____-__-__%' THEN {iso} END", wrong)
    return Cast(f"TRY_CAST({quoted} AS TIMESTAMP)", "is not a time")
