"""Times in forms that cannot be read without a word about them: other formats, several, ambiguous, integers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

from features.engine.render import identifier, text
from features.usability.checks import whole_check
from features.usability.checks.types import unfit
from features.usability.evidence import Evidence
from features.usability.fault import Fault
from features.usability.sheet import Sheet

DAYS: Final = (
    *("%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%d/%m/%y", "%d.%m.%y"),
    *("%m/%d/%Y", "%m.%d.%Y", "%m-%d-%Y", "%m/%d/%y"),
    *("%Y%m%d", "%Y/%m/%d", "%Y.%m.%d", "%d %b %Y", "%d-%b-%Y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y"),
)
CLOCKS: Final = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p", "T%H:%M:%S", "%H%M%S")
FORMATS: Final = tuple(day + clock for day, clock in product(DAYS, CLOCKS) if clock != "%H%M%S" or day == "%Y%m%d")
"""Formats that a column is tried for."""
SAMPLE: Final = 1000
"""So many distinct values, chosen by hash, tell which formats there may be; all rows are then counted for these."""
EPOCHS: Final = {"seconds": (3e8, 5e9), "milliseconds": (3e11, 5e12)}
"""What numbers since 1970 lie between: 1979 to 2128."""

OFFSET: Final = text(r"\d\d:\d\d.*([Zz]|[+-]\d\d(:?\d\d)?| [A-Za-z/_]+)\s*$")


@dataclass(frozen=True)
class Forms:
    """How the values of a column that are no ISO times are written: rows that fit each format, and any of them."""

    fits: dict[str, int]
    any: int
    none: int

    @property
    def best(self) -> list[str]:
        """Formats that fit all rows which fit any."""
        return [form for form, rows in self.fits.items() if rows == self.any]


@whole_check
def number_for_time(evidence: Evidence) -> Iterator[Fault]:
    """Times that are numbers: 20240131, or seconds since 1970."""
    for sheet in evidence.sheets.values():
        for column in sheet.known:
            if sheet.expected[column].type == "TIMESTAMP" and not sheet.has(column):
                rows, quoted = evidence.column(sheet.name, column).filled, identifier(column)
                what, advice = _meant(evidence, sheet, column)
                example = evidence.example(sheet, column, f"{quoted} IS NOT NULL")
                yield Fault("error", sheet.name, column, what, advice, rows=rows, example=example)


@whole_check
def date_format(evidence: Evidence) -> Iterator[Fault]:
    """Times that are all written in one form, which is not ISO."""
    for sheet, column, forms in _foreign(evidence):
        if forms.best and not _two_ways(forms) and not _some_iso(evidence, sheet, column):
            yield _said(sheet, column, forms, f"is written as {forms.best[0]}", _give(sheet, column, forms.best[0]))


@whole_check
def ambiguous_date(evidence: Evidence) -> Iterator[Fault]:
    """Times of which day or month may come first: no value tells which."""
    for sheet, column, forms in _foreign(evidence):
        both = _two_ways(forms)
        if both and not _some_iso(evidence, sheet, column):
            advice = f"ask who wrote them, then say which: {_give(sheet, column, both[0])}, or {both[1]!r}"
            yield _said(sheet, column, forms, "may have the day or the month first", advice)


@whole_check
def mixed_formats(evidence: Evidence) -> Iterator[Fault]:
    """Times in several forms; counts those that are not ISO."""
    for sheet, column, forms in _foreign(evidence):
        if forms.any and (not forms.best or _some_iso(evidence, sheet, column)):
            seen = ["ISO"] if _some_iso(evidence, sheet, column) else []
            theirs = forms.best[:1] or sorted(forms.fits, key=lambda form: (-forms.fits[form], form))
            named = ", ".join([*seen, *theirs])
            what = f"is written in several forms ({named})"
            yield _said(sheet, column, forms, what, "write all of them as ISO, such as 2025-12-31 23:59:00")


@whole_check
def unparseable_time(evidence: Evidence) -> Iterator[Fault]:
    """Values that are no time in any form we know, or not of the format that was given."""
    for sheet in evidence.sheets.values():
        for column in sheet.of_type("TIMESTAMP"):
            if evidence.column(sheet.name, column).unfit:
                format_ = sheet.formats.get(column)
                what = f"is no time of the format {format_!r}" if format_ else "is no time"
                forms = () if format_ else tuple(_forms_once(evidence, sheet, column).fits)
                condition = f"{unfit(sheet, column)} AND NOT {_any(column, forms)}"
                advice = "mend the values, give their format, or drop the rows"
                yield Fault("error", sheet.name, column, what, advice, condition, rejectable=True)


@whole_check
def mixed_offsets(evidence: Evidence) -> Iterator[Fault]:
    """Texts of times with an offset beside some without; counts those without."""
    for sheet in evidence.sheets.values():
        for column in sheet.of_type("TIMESTAMP"):
            if sheet.raw.types[column] == "VARCHAR" and column not in sheet.formats:
                fits, offset = f"{sheet.value(column)} IS NOT NULL", f"regexp_matches({identifier(column)}, {OFFSET})"
                found = evidence.one(
                    f"SELECT count_if({offset}) AS zoned, count_if(NOT {offset}) AS rows FROM {sheet.relation} "
                    f"WHERE {fits}"
                )
                if found["zoned"] and found["rows"]:
                    what = f"has no offset, while {found['zoned']} rows have one"
                    advice = f"write all with an offset; those without are taken as local times of {evidence.raw.zone}"
                    yield Fault("warning", sheet.name, column, what, advice, f"{fits} AND NOT {offset}")


def _foreign(evidence: Evidence) -> Iterator[tuple[Sheet, str, Forms]]:
    """Name text columns without a format that hold values in other forms than ISO."""
    for sheet in evidence.sheets.values():
        for column in sheet.of_type("TIMESTAMP"):
            written = sheet.raw.types[column] == "VARCHAR" and column not in sheet.formats
            if written and evidence.column(sheet.name, column).unfit:
                forms = _forms_once(evidence, sheet, column)
                if forms.any:
                    yield sheet, column, forms


def _forms_once(evidence: Evidence, sheet: Sheet, column: str) -> Forms:
    return evidence.once(("forms", sheet.name, column), lambda: _forms(evidence, sheet, column))


def _forms(evidence: Evidence, sheet: Sheet, column: str) -> Forms:
    rows, quoted = sheet.relation, identifier(column)
    bad = f"SELECT CAST({quoted} AS VARCHAR) AS {quoted} FROM {rows} WHERE {unfit(sheet, column)}"
    sample = f"(SELECT {quoted} FROM (SELECT DISTINCT {quoted} FROM ({bad})) ORDER BY hash({quoted}) LIMIT {SAMPLE})"
    fits = _counted(evidence, sample, column, FORMATS)
    near = [form for form in FORMATS if fits[form]]
    counts = _counted(evidence, f"({bad})", column, near)
    return Forms({form: counts[form] for form in near}, counts["any"], counts["every"] - counts["any"])


def _counted(evidence: Evidence, relation: str, column: str, forms: Sequence[str]) -> dict[str, int]:
    counts = "".join(f", count_if({_fits(column, form)}) AS f{number}" for number, form in enumerate(forms))
    query = f'SELECT count(*) AS "every", count_if({_any(column, forms)}) AS "any"{counts} FROM {relation}'
    found = evidence.one(query)
    return {
        **{form: found[f"f{number}"] for number, form in enumerate(forms)},
        **{k: found[k] for k in ("any", "every")},
    }


def _fits(column: str, form: str) -> str:
    """Write whether a value is of a form; years of a century that nobody writes show that it is not."""
    return f"coalesce(year(TRY_STRPTIME({identifier(column)}, {text(form)})) BETWEEN 1900 AND 2200, FALSE)"


def _any(column: str, forms: Sequence[str]) -> str:
    return f"({' OR '.join(_fits(column, form) for form in forms) or 'FALSE'})"


def _two_ways(forms: Forms) -> list[str]:
    """Give the two best forms if one has the day first and the other the month."""
    day = [form for form in forms.best if form.startswith("%d") and "%m" in form]
    month = [form for form in forms.best if form.startswith("%m")]
    return [day[0], month[0]] if day and month else []


def _some_iso(evidence: Evidence, sheet: Sheet, column: str) -> bool:
    profile = evidence.column(sheet.name, column)
    return profile.filled > profile.unfit


def _said(sheet: Sheet, column: str, forms: Forms, what: str, advice: str) -> Fault:
    condition = f"{unfit(sheet, column)} AND {_any(column, tuple(forms.fits))}"
    return Fault("error", sheet.name, column, what, advice, condition)


def _give(sheet: Sheet, column: str, form: str) -> str:
    return f"give the format: formats.{column} = {form!r} under [tables.{sheet.name}]"


def _meant(evidence: Evidence, sheet: Sheet, column: str) -> tuple[str, str]:
    """Say what numbers are meant as times, and what to do."""
    quoted = identifier(column)
    written = f"SELECT CAST(TRY_CAST({quoted} AS BIGINT) AS VARCHAR) AS {quoted} FROM {sheet.relation}"
    counts = _counted(evidence, f"({written} WHERE {quoted} IS NOT NULL)", column, ["%Y%m%d"])
    if counts["%Y%m%d"] == counts["every"]:
        return "is a number such as 20240131", _give(sheet, column, "%Y%m%d")
    profile = evidence.column(sheet.name, column)
    for unit, (low, high) in EPOCHS.items():
        if low <= float(profile.least or 0) and float(profile.greatest or 0) <= high:
            return (
                f"looks like {unit} since 1970",
                f"make times of it before, as in pandas.to_datetime(unit={unit[:1]!r})",
            )
    return "is a number, and no time", "give times, or integers with their format"
