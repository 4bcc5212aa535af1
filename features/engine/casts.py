"""How a column of a source becomes ours, as SQL; what its values that do not fit are called."""

import re
from dataclasses import dataclass
from typing import Final

from features.engine.render import identifier, text
from features.tables import MONEY, RATE, Column

NUMBER: Final = "number"
"""The format of a column of one's own that is text, as all are in a CSV, and is to be a number; blanks are none."""
BLANKS: Final = "' ' || chr(9) || chr(10) || chr(13) || chr(160)"
"""SQL of the characters that say nothing around or instead of a value: blank, tab, line ends, no-break space."""
EMPTY: Final = "EMPTY"
"""The type of a column without any value."""
ZONED: Final = frozenset(("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ_NS"))
"""Types of instants: times that are the same everywhere."""
DECIMALS: Final = frozenset(("DOUBLE", "FLOAT"))
_NUMBERS: Final = frozenset(
    ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")
)
_BELOW: Final = {MONEY: "1e14", RATE: "1e8"}
_LOCAL: Final = r"\d{4}-\d\d-\d\d([T ][0-9:.]*)?\s*"
_OFFSET: Final = r"\d{4}-\d\d-\d\d[T ][0-9:.]+(\s*[Zz]|[+-]\d\d(:?\d\d){0,2}| [A-Za-z]+(/[A-Za-z0-9_+-]+)*)\s*"


@dataclass(frozen=True)
class Cast:
    """The SQL that gives our value, NULL where one does not fit; empty where the type as a whole does not.

    `wrong` is what values that do not fit are, `advice` what to do about them. `blank` says that a text of blanks is
    no value.
    """

    sql: str
    wrong: str
    advice: str = ""
    blank: bool = False

    def unfit(self, column: str, value: str) -> str:
        """Write the condition that a column has a value, but ours (its SQL) is none."""
        quoted = identifier(column)
        there = f"trim({quoted}, {BLANKS}) <> ''" if self.blank else f"{quoted} IS NOT NULL"
        return f"{there} AND {value} IS NULL"


def cast_of(column: str, type_: str, expected: Column | None, format_: str | None, zone: str = "UTC") -> Cast:
    """Choose the cast of a column; one that we do not know passes as it is, but for instants and what has a format.

    Times become naive local times of `zone`; those without an offset are taken as such.
    """
    quoted = identifier(column)
    if expected is None:
        return _own(quoted, type_, format_, zone)
    if type_ == EMPTY:
        return Cast(f"CAST(NULL AS {expected.type})", "is empty")
    if expected.type == "VARCHAR":
        return _text(quoted, type_)
    if expected.type == "TIMESTAMP":
        return _formatted(quoted, format_, zone) if format_ is not None else _time(quoted, type_, zone)
    if expected.type in _BELOW:
        wrong = f"is not a finite number below {_BELOW[expected.type]}"
        return Cast(f"TRY_CAST({quoted} AS {expected.type})", wrong, "mend the values or drop the rows")
    if expected.type == "BIGINT":
        whole = f"TRY_CAST({quoted} AS {MONEY}) = TRY_CAST({quoted} AS BIGINT)"
        return Cast(
            f"CASE WHEN {whole} THEN TRY_CAST({quoted} AS BIGINT) END", "is not a whole number", "give integers"
        )
    return Cast(f"TRY_CAST({quoted} AS {expected.type})", f"is not {expected.type.lower()}", "give true, false or none")


def is_number(type_: str) -> bool:
    """Whether an SQL type is one of numbers."""
    return type_ in _NUMBERS | DECIMALS or type_.startswith("DECIMAL")


def local(instant: str, zone: str) -> str:
    """Turn the SQL of an instant into that of the naive local time of a zone, whatever the session's zone is."""
    return f"CAST({instant} AT TIME ZONE {text(zone)} AS TIMESTAMP)"


def _own(quoted: str, type_: str, format_: str | None, zone: str) -> Cast:
    if format_ == NUMBER:
        wrong, advice = "is not a number", "mend the values, or give no format"
        return Cast(f"TRY_CAST({quoted} AS DOUBLE)", wrong, advice, blank=type_ == "VARCHAR")
    if format_ is not None:
        return _formatted(quoted, format_, zone)
    return Cast(local(quoted, zone) if type_ in ZONED else quoted, "")


def _text(quoted: str, type_: str) -> Cast:
    if type_ in DECIMALS:
        return Cast("", "an id with decimals (empty ids turn integers into decimals)", "give text or integers")
    return Cast(f"CAST({quoted} AS VARCHAR)", "is not text")


def _formatted(quoted: str, format_: str, zone: str) -> Cast:
    time = f"TRY_STRPTIME(CAST({quoted} AS VARCHAR), {text(format_)})"
    with_offset = re.search(r"(?<!%)(%%)*%[zZ]", format_) is not None
    wrong, advice = f"is not a time of the format {format_!r}", "say the format of every value, or mend them"
    return Cast(local(time, zone) if with_offset else time, wrong, advice)


def _time(quoted: str, type_: str, zone: str) -> Cast:
    if type_ in _NUMBERS | DECIMALS:
        return Cast("", "a number is no time", "give times, or say the format, as in format = '%Y%m%d'")
    if type_ in ZONED:
        return Cast(local(quoted, zone), "is not a time")
    if type_ == "VARCHAR":
        wrong = "is not an ISO time (2025-12-31 or 2025-12-31 23:59:00)"
        return Cast(_iso(quoted, zone), wrong, "say its format")
    return Cast(f"TRY_CAST({quoted} AS TIMESTAMP)", "is not a time", "mend the values or drop the rows")


def _iso(quoted: str, zone: str) -> str:
    """Read ISO text: a cast to TIMESTAMP would overlook an offset, one to an instant take local times for UTC."""
    naive, instant = f"TRY_CAST({quoted} AS TIMESTAMP)", f"TRY_CAST({quoted} AS TIMESTAMP WITH TIME ZONE)"
    return (
        f"CASE WHEN {quoted} LIKE '____-__-__' OR regexp_full_match({quoted}, {text(_LOCAL)}) THEN {naive} "
        f"WHEN regexp_full_match({quoted}, {text(_OFFSET)}) THEN {local(instant, zone)} END"
    )
