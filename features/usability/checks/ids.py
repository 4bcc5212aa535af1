"""Ids that are empty, padded or stand for nobody, and keys that are there twice."""

from collections.abc import Iterator
from typing import Final

from features.engine.casts import BLANKS
from features.engine.render import identifier
from features.finding import Severity
from features.tables import TABLES
from features.usability.checks import row_check, whole_check
from features.usability.evidence import Evidence
from features.usability.fault import Fault
from features.usability.sheet import IDS, Sheet

NOBODY: Final = ("-1", "null", "none", "nan", "n/a", "na", "nil", "undefined", "unknown")
"""What systems write where they have no id, in any capitals."""
STAND_IN: Final = "', '".join(NOBODY)

LARGE_SHARE, MANY_CUSTOMERS, TIMES_USUAL = 0.05, 100, 100
"""An id is too large that has 5 % of all transactions and 100 times the usual number, among 100 or more customers."""


@row_check
def null_value(sheet: Sheet) -> Iterator[Fault]:
    """A required column without a value: an id, a time, an amount."""
    for column in sheet.known:
        if sheet.expected[column].required:
            yield Fault(
                "error",
                sheet.name,
                column,
                "is empty",
                "fill these rows, or drop them",
                f"{identifier(column)} IS NULL",
                rejectable=True,
            )


@row_check
def empty_id(sheet: Sheet) -> Iterator[Fault]:
    """An id of no character, or of blanks: they all become one customer."""
    for column in _text_ids(sheet):
        advice = "make it null where it is optional, else fill or drop these rows"
        condition = f"trim({sheet.value(column)}, {BLANKS}) = ''"
        yield Fault(_gravity(sheet, column), sheet.name, column, "is an empty text", advice, condition)


@row_check
def padded_id(sheet: Sheet) -> Iterator[Fault]:
    """Blanks around an id: it is another id than the one without."""
    for column in _text_ids(sheet):
        bare = f"trim({sheet.value(column)}, {BLANKS})"
        condition = f"{bare} <> {sheet.value(column)} AND {bare} <> ''"
        advice = "trim the column; an id with blanks is another customer or thing than the one without"
        yield Fault(_gravity(sheet, column), sheet.name, column, "has blanks around it", advice, condition)


@row_check
def stand_in_id(sheet: Sheet) -> Iterator[Fault]:
    """A word for nobody as an id: they all become one customer."""
    for column in (column for column in IDS if column in sheet.known and sheet.has(column)):
        written = sheet.raw.types[column] == "VARCHAR"
        word = f"lower(trim({sheet.value(column)}, {BLANKS}))"
        condition = f"{word} IN ('{STAND_IN}')" if written else f"{sheet.value(column)} = '-1'"
        advice = "make it null where it is optional, else fill or drop these rows"
        yield Fault(_gravity(sheet, column), sheet.name, column, "stands for none", advice, condition)


@whole_check
def duplicate_key(evidence: Evidence) -> Iterator[Fault]:
    """An id that is there more than once in the table that describes it; counts the rows too many."""
    for sheet in evidence.sheets.values():
        key = TABLES[sheet.name].key
        if key and sheet.has(key):
            ids = f"FROM {evidence.ids(sheet.name, key)} WHERE rows > 1"
            found = evidence.one(f"SELECT sum(rows - 1) AS rows, min(id) AS id {ids}")
            if found["rows"]:
                advice = f"keep one row for each {key}"
                what, example = "is there more than once, rows too many", repr(found["id"])
                yield Fault("error", sheet.name, key, what, advice, rows=int(found["rows"]), example=example)


@whole_check
def dominant_customer(evidence: Evidence) -> Iterator[Fault]:
    """One customer with a share of all transactions that no customer has: a till, a guest account."""
    for sheet in evidence.having("customer_id"):
        if sheet.name != "transactions":
            continue
        ids = evidence.ids(sheet.name, "customer_id")
        found = evidence.one(
            "SELECT max(rows) AS rows, arg_max(id, (rows, id)) AS id, count(*) AS customers, median(rows) AS usual, "
            f"sum(rows) AS total FROM {ids}"
        )
        if _too_large(found):
            share = found["rows"] / float(found["total"])
            what, advice = f"has one customer with {share:.0%} of the rows", "drop it if it is a till or guest account"
            example = repr(found["id"])
            yield Fault("warning", sheet.name, "customer_id", what, advice, rows=int(found["rows"]), example=example)


def _too_large(found: dict[str, float]) -> bool:
    return (
        found["customers"] >= MANY_CUSTOMERS
        and found["rows"] >= LARGE_SHARE * float(found["total"])
        and found["rows"] >= TIMES_USUAL * found["usual"]
    )


def _text_ids(sheet: Sheet) -> Iterator[str]:
    return (column for column in IDS if sheet.raw.types.get(column) == "VARCHAR" and sheet.has(column))


def _gravity(sheet: Sheet, column: str) -> Severity:
    return "error" if sheet.expected[column].required else "warning"
