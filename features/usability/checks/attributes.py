"""Columns of customers without dates: of which no feature can be made, and which tell of nobody but one."""

from collections.abc import Iterator
from typing import Final

from features.engine.casts import EMPTY, NUMBER, is_number
from features.history import undated
from features.tables import TABLES
from features.usability.checks import whole_check
from features.usability.evidence import Evidence
from features.usability.fault import Fault
from features.usability.report import ColumnProfile

FEWEST: Final = 20
"""So many values that are all different are no chance."""


@whole_check
def no_attribute(evidence: Evidence) -> Iterator[Fault]:
    """Columns that are neither numbers nor texts: no features can be made of them."""
    for table, column in _attributes(evidence):
        if not _fits(column.type, evidence.formats.get(f"{table}.{column.name}")):
            what = f"is {column.type}, of which no feature is made"
            advice = f"leave it out, as '-{table}.{column.name}' does after '{table}.*', or give a number, such as days"
            yield Fault("note", table, column.name, what, advice)


@whole_check
def all_different(evidence: Evidence) -> Iterator[Fault]:
    """Texts of which each customer has another: a second id, from which nothing can be learned."""
    for table, column in _attributes(evidence):
        if column.type == "VARCHAR" and f"{table}.{column.name}" not in evidence.formats and _differs(column):
            what, advice = "is another text for every customer", f"leave it out, as '-{table}.{column.name}' does"
            yield Fault("note", table, column.name, what, f"{advice} after '{table}.*'")


def _attributes(evidence: Evidence) -> Iterator[tuple[str, ColumnProfile]]:
    """Give the columns but the key, where customers are all that is handed in."""
    for table in evidence.profiles if undated(evidence.given) else ():
        yield from ((table, column) for column in evidence.profiles[table].columns if column.name != TABLES[table].key)


def _fits(type_: str, format_: str | None) -> bool:
    if format_ is not None:
        return format_ == NUMBER
    return is_number(type_) or type_ in ("VARCHAR", "BOOLEAN", EMPTY) or type_.startswith("ENUM")


def _differs(column: ColumnProfile) -> bool:
    return column.distinct == column.filled >= FEWEST
