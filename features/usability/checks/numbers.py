"""Amounts and other numbers that cannot be, or stand for none."""

from collections.abc import Iterator
from typing import Final

from features.finding import Severity
from features.tables import MONEY
from features.usability.checks import row_check, whole_check
from features.usability.evidence import Evidence
from features.usability.fault import Fault
from features.usability.report import ColumnProfile
from features.usability.sheet import Sheet

NEGATIVE_STAND_INS: Final = (-1, -9, -99, -999, -9999, -99999, -999999)
"""Numbers below zero that stand for none where two or more, and 9 in 10 of a column's negative ones, are it."""
POSITIVE_STAND_INS: Final = tuple(10**digits - 1 for digits in range(4, 13))
"""9999, 99999 and so on, with and without .99; they stand for none where they are `FAR_ABOVE` times the median."""
FAR_ABOVE: Final = 20
ABSURD: Final = 1000
"""So many times the 99.9th percentile (the 99th of fewer than 10,000 rows), a number is absurd."""
MANY_ZEROS: Final = 0.05
"""Share of amounts of zero from which they are warned of."""

_MARKED: Final = "set is_return on such rows, drop them, or say policy returns = 'net' or 'drop'"
_STANDS_IN: Final = "stands for none"


@whole_check
def negative_amount(evidence: Evidence) -> Iterator[Fault]:
    """Amounts below zero that are not marked as returns, and no placeholders."""
    for sheet in _with_negatives(evidence, "amount", table="transactions"):
        settled = sheet.policy.returns != "raise"
        advice = f"nothing to do: the policy returns = {sheet.policy.returns!r} settles it" if settled else _MARKED
        what, condition = "is negative but not marked as a return", _negative(evidence, sheet, "amount")
        yield Fault(
            "note" if settled else "error", sheet.name, "amount", what, advice, condition, rejectable=not settled
        )


@whole_check
def negative_number(evidence: Evidence) -> Iterator[Fault]:
    """Quantities, discounts, costs and prices below zero, but on returns and placeholders."""
    for column in ("quantity", "discount", "cost", "price", "term_days"):
        for sheet in _with_negatives(evidence, column):
            advice = "mend the sign, or mark these rows as returns"
            condition = _negative(evidence, sheet, column)
            yield Fault("warning", sheet.name, column, "is negative, but not on a return", advice, condition)


@whole_check
def placeholder_number(evidence: Evidence) -> Iterator[Fault]:
    """Numbers that stand for none: -1 or -999 where nothing else is negative, 99999 far above all others."""
    for sheet in evidence.sheets.values():
        for column in sheet.of_type(MONEY):
            negative = stand_in(evidence, sheet, column)
            if negative:
                refused = (sheet.name, column) == ("transactions", "amount") and sheet.policy.returns == "raise"
                yield _placeholder(sheet, column, negative, "error" if refused else "warning")
            positive = _nines(sheet, column, evidence.column(sheet.name, column))
            if positive:
                yield _placeholder(sheet, column, positive, "warning")


@whole_check
def absurd_number(evidence: Evidence) -> Iterator[Fault]:
    """Numbers a thousand times what nearly all others are at most."""
    for sheet in evidence.sheets.values():
        for column in sheet.of_type(MONEY):
            profile = evidence.column(sheet.name, column)
            usual = _quantile(profile, 0.999 if profile.filled >= 10_000 else 0.99)
            if usual and float(profile.greatest or 0) > ABSURD * usual:
                nines = _nines(sheet, column, profile)
                condition = f"{sheet.value(column)} > {ABSURD * usual}" + (f" AND NOT ({nines})" if nines else "")
                what = f"is more than {ABSURD} times what almost all others are at most ({usual:,.2f})"
                advice = "look for a wrong unit, a lost decimal point or a test row"
                yield Fault("warning", sheet.name, column, what, advice, condition)


@whole_check
def zero_amount(evidence: Evidence) -> Iterator[Fault]:
    """Amounts of zero: worth knowing, and a warning if they are many."""
    sheet = evidence.sheets.get("transactions")
    if sheet is not None and sheet.has("amount"):
        condition = f"{sheet.value('amount')} = 0"
        many = evidence.count(sheet, condition) > MANY_ZEROS * sheet.raw.rows
        advice = "drop lines that are no purchases (vouchers, corrections); gifts and samples may stay"
        yield Fault("warning" if many else "note", sheet.name, "amount", "is zero", advice, condition)


@row_check
def positive_return(sheet: Sheet) -> Iterator[Fault]:
    """Returns whose amount is above zero: refunds would be counted as income."""
    if sheet.has("amount", "is_return"):
        condition = f"{sheet.returned} AND {sheet.value('amount')} > 0"
        advice = "give refunds a negative amount, or mend is_return"
        yield Fault("warning", sheet.name, "amount", "is positive on a return", advice, condition)


def stand_in(evidence: Evidence, sheet: Sheet, column: str) -> str:
    """Write the condition that a number is the one placeholder below zero; empty where there is none."""
    value = sheet.value(column)
    if float(evidence.column(sheet.name, column).least or 0) >= 0:
        return ""
    found = evidence.raw.ask(
        f"SELECT {value} AS number, count(*) AS rows, sum(count(*)) OVER () AS every FROM {sheet.relation} "
        f"WHERE {value} < 0 AND NOT {sheet.returned} GROUP BY 1 ORDER BY rows DESC, number LIMIT 1"
    )
    for most in found:
        if most["number"] in NEGATIVE_STAND_INS and most["rows"] >= 2 and most["rows"] >= 0.9 * float(most["every"]):
            return f"{value} = {most['number']} AND NOT {sheet.returned}"
    return ""


def _with_negatives(evidence: Evidence, column: str, *, table: str = "") -> Iterator[Sheet]:
    for sheet in evidence.having(column):
        if float(evidence.column(sheet.name, column).least or 0) < 0 and table in ("", sheet.name):
            yield sheet


def _negative(evidence: Evidence, sheet: Sheet, column: str) -> str:
    placeholder = stand_in(evidence, sheet, column)
    condition = f"{sheet.value(column)} < 0 AND NOT {sheet.returned}"
    return f"{condition} AND NOT ({placeholder})" if placeholder else condition


def _placeholder(sheet: Sheet, column: str, condition: str, severity: Severity) -> Fault:
    advice = "make these values null, or drop the rows where the column is required"
    return Fault(severity, sheet.name, column, _STANDS_IN, advice, condition, rejectable=severity == "error")


def _nines(sheet: Sheet, column: str, profile: ColumnProfile) -> str:
    """Write the condition that a number is nothing but nines and far above the median; empty where none can be."""
    usual = _quantile(profile, 0.5)
    numbers = [nines for nines in POSITIVE_STAND_INS if usual and nines > FAR_ABOVE * usual]
    if not numbers or float(profile.greatest or 0) < numbers[0]:
        return ""
    return f"{sheet.value(column)} IN ({', '.join(f'{nines}, {nines}.99' for nines in numbers)})"


def _quantile(profile: ColumnProfile, share: float) -> float:
    """Give an upper bound of a quantile of the positive numbers, at most 9 % above it; 0 where there is none."""
    below, total = 0, sum(profile.sizes.values())
    for size in sorted(profile.sizes):
        below += profile.sizes[size]
        if below >= share * total:
            return float(2.0 ** ((size + 1) / 8))
    return 0.0
