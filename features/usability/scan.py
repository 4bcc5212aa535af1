"""The scans of a table: one that profiles it and counts what checks of rows ask for, one for rows that show a fault."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from features.engine.profile import RawTables
from features.engine.render import identifier
from features.tables import MONEY
from features.usability.evidence import shown
from features.usability.fault import Fault
from features.usability.report import ColumnProfile, TableProfile
from features.usability.sheet import Sheet

EXACT_ROWS: Final = 5_000_000
"""Tables of up to so many rows have their distinct values counted; of larger ones they are estimated."""
NESTED: Final = ("STRUCT", "MAP", "UNION", "VARIANT", "JSON")


@dataclass(frozen=True)
class Told:
    """A fault, the check that told it, and how many rows meet its condition, where that was counted."""

    check: str
    fault: Fault
    rows: int | None = None


def profiled(raw: RawTables, sheet: Sheet, told: Sequence[Told]) -> tuple[TableProfile, list[Told]]:
    """Profile a table and count the rows of faults, in one scan; faults without a row are left out."""
    aggregates = [
        aggregate for number, column in enumerate(sheet.raw.types) for aggregate in _of(sheet, column, number)
    ]
    aggregates += [f"count(*) FILTER (WHERE {each.fault.condition}) AS f{number}" for number, each in enumerate(told)]
    found = raw.ask(f"SELECT {', '.join(aggregates)} FROM {sheet.relation}")[0]
    columns = tuple(_profile(sheet, column, number, found) for number, column in enumerate(sheet.raw.types))
    rows = [int(found[f"f{number}"]) for number in range(len(told))]
    counted = [Told(each.check, each.fault, count) for each, count in zip(told, rows, strict=True) if count]
    return TableProfile(sheet.name, sheet.raw.rows, columns), counted


def exemplified(raw: RawTables, sheet: Sheet, told: Sequence[Told]) -> list[tuple[Told, str]]:
    """Give each fault its rows, if they were not counted yet, and the least of them, in one scan."""
    if not told:
        return []
    asked = [
        f"count(*) FILTER (WHERE {each.fault.condition}) AS r{number}, "
        f"min({sheet.row(each.fault.column)}) FILTER (WHERE {each.fault.condition}) AS e{number}"
        for number, each in enumerate(told)
    ]
    where = " OR ".join(f"({each.fault.condition})" for each in told)
    found = raw.ask(f"SELECT {', '.join(asked)} FROM {sheet.relation} WHERE {where}")[0]
    return [
        (Told(each.check, each.fault, int(found[f"r{number}"])), shown(found[f"e{number}"]))
        for number, each in enumerate(told)
        if found[f"r{number}"]
    ]


def _of(sheet: Sheet, column: str, number: int) -> list[str]:
    """Write the aggregates that profile a column."""
    quoted = identifier(column)
    plain = _plain(quoted, sheet.raw.types[column])
    value = sheet.value(column) or plain
    distinct = f"count(DISTINCT {plain})" if sheet.raw.rows <= EXACT_ROWS else f"approx_count_distinct({plain})"
    asked = [
        f"count({quoted}) AS n{number}",
        f"{distinct} AS d{number}",
        f"CAST(min({value}) AS VARCHAR) AS a{number}",
        f"CAST(max({value}) AS VARCHAR) AS z{number}",
    ]
    if sheet.value(column):
        asked.append(f"count({value}) AS v{number}")
        type_ = sheet.expected[column].type if column in sheet.expected else None
        if type_ == MONEY:
            asked.append(
                f"histogram(CAST(floor(8 * log2(CASE WHEN {value} > 0 THEN {value} END)) AS INT)) AS h{number}"
            )
        if type_ == "TIMESTAMP":
            asked.append(f"count(*) FILTER (WHERE {value} <> date_trunc('day', {value})) AS c{number}")
    return asked


def _plain(quoted: str, type_: str) -> str:
    """Write a value that can be compared: nested ones as text."""
    nested = type_.endswith("]") or type_.startswith(NESTED)
    return f"CAST({quoted} AS VARCHAR)" if nested else quoted


def _profile(sheet: Sheet, column: str, number: int, found: dict[str, Any]) -> ColumnProfile:
    filled = int(found[f"n{number}"])
    return ColumnProfile(
        name=column,
        type=sheet.raw.types[column],
        rows=sheet.raw.rows,
        filled=filled,
        distinct=int(found[f"d{number}"]),
        least=found[f"a{number}"],
        greatest=found[f"z{number}"],
        unfit=filled - int(found.get(f"v{number}", filled)),
        clocked=int(found.get(f"c{number}") or 0),
        sizes=dict(found.get(f"h{number}") or {}),
    )
