"""Values of a type that the column cannot have: text for numbers, values of several types, truth values."""

from collections.abc import Iterator

from features.engine.profile import is_decimal
from features.engine.render import identifier
from features.tables import MONEY
from features.usability.checks import row_check, whole_check
from features.usability.evidence import Evidence
from features.usability.fault import Fault
from features.usability.sheet import IDS, Sheet

DECIMAL_COMMA = r"\s*-?\d+(\.\d{3})*,\d+\s*"


@whole_check
def mixed_types(evidence: Evidence) -> Iterator[Fault]:
    """A column that holds values of several types, such as 1 and "1"."""
    for table, raw in evidence.raw.tables.items():
        for column, kinds in raw.mixed.items():
            main, *others = sorted(kinds, key=lambda kind: (-kinds[kind], kind))
            named = ", ".join(f"{kinds[kind]} {kind}" for kind in (main, *others))
            what, rows = f"mixes types ({named})", sum(kinds[kind] for kind in others)
            advice = "give the column one type" + (", such as text" if column in IDS else "")
            yield Fault("error", table, column, what, advice, rows=rows)


@whole_check
def text_for_number(evidence: Evidence) -> Iterator[Fault]:
    """Text where a number is expected; numbers with a decimal comma apart."""
    for sheet in evidence.sheets.values():
        for column in sheet.of_type(MONEY):
            if evidence.column(sheet.name, column).unfit:
                yield from _no_numbers(sheet, column)


@row_check
def truth_value(sheet: Sheet) -> Iterator[Fault]:
    """What is neither true nor false where it must be."""
    for column in sheet.of_type("BOOLEAN"):
        advice = "write true or false"
        yield Fault(
            "error", sheet.name, column, "is neither true nor false", advice, unfit(sheet, column), rejectable=True
        )


@row_check
def whole_number(sheet: Sheet) -> Iterator[Fault]:
    """What is no whole number where it must be one."""
    for column in sheet.of_type("BIGINT"):
        advice = "give integers"
        yield Fault("error", sheet.name, column, "is no whole number", advice, unfit(sheet, column), rejectable=True)


@row_check
def own_format(sheet: Sheet) -> Iterator[Fault]:
    """What is not of the format that was given for a column that is not ours."""
    for column in sheet.own:
        what, advice = f"is not of the format {sheet.formats[column]!r}", "mend the values, or give no format"
        yield Fault("error", sheet.name, column, what, advice, unfit(sheet, column), rejectable=True)


@row_check
def decimal_id(sheet: Sheet) -> Iterator[Fault]:
    """Ids that came as decimals, as integers do where one was empty; texts such as 12.0 are told too."""
    advice = "read the column as text or integers, so that 12.0 is 12"
    for column in (column for column in IDS if column in sheet.known):
        quoted, type_ = identifier(column), sheet.raw.types[column]
        if is_decimal(type_) and not sheet.has(column):
            yield Fault("error", sheet.name, column, "is a number with decimals", advice, f"{quoted} IS NOT NULL")
        elif type_ == "VARCHAR":
            condition = f"ends_with({quoted}, '.0') AND regexp_full_match({quoted}, '\\d+\\.0')"
            yield Fault("warning", sheet.name, column, "is a text with decimals", advice, condition)


def unfit(sheet: Sheet, column: str) -> str:
    """Write the condition that a value is there, but none of the type that the column must have."""
    return sheet.casts[column].unfit(column, sheet.value(column))


def _no_numbers(sheet: Sheet, column: str) -> Iterator[Fault]:
    comma = f"coalesce(regexp_full_match(CAST({identifier(column)} AS VARCHAR), '{DECIMAL_COMMA}'), FALSE)"
    kinds = {
        "has a decimal comma": (comma, "write 1234.50 for 1.234,50, or read the file with a decimal comma"),
        "is no finite number below 1e14": (f"NOT {comma}", "mend the values, or empty them where they say nothing"),
    }
    for what, (kind, advice) in kinds.items():
        yield Fault("error", sheet.name, column, what, advice, f"{unfit(sheet, column)} AND {kind}", rejectable=True)
