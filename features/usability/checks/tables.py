"""Tables and columns: what is missing, unknown, empty or beyond reading."""

import difflib
from collections.abc import Iterator

from features.engine.admission.faults import mapped_under
from features.history import undated
from features.tables import TABLES
from features.usability.checks import whole_check
from features.usability.evidence import Evidence
from features.usability.fault import Fault


@whole_check
def unreadable_table(evidence: Evidence) -> Iterator[Fault]:
    """A table whose rows cannot be read at all."""
    for table, why in evidence.raw.unreadable.items():
        yield Fault("error", table, "", f"cannot be read: {why}", "mend the file, its path or its rights")


@whole_check
def unknown_table(evidence: Evidence) -> Iterator[Fault]:
    """A table of a name that a history does not have."""
    for table in evidence.given:
        if table not in TABLES:
            advice = f"name it one of {', '.join(TABLES)}{_near(table, list(TABLES))}, or leave it out"
            yield Fault("error", table, "", "is no table of a history", advice)


@whole_check
def missing_table(evidence: Evidence) -> Iterator[Fault]:
    """No transactions, and not customers alone, who need none."""
    if "transactions" not in evidence.given and not undated(evidence.given):
        yield Fault("error", "transactions", "", "is not there", "hand in the purchases; nothing works without them")


@whole_check
def empty_table(evidence: Evidence) -> Iterator[Fault]:
    """A table without rows."""
    for table, raw in evidence.raw.tables.items():
        if not raw.rows:
            advice = "look whether its query, path or filter still fits, or leave the table out"
            alone = table == "transactions" or undated(evidence.given)
            yield Fault("error" if alone else "warning", table, "", "has no rows", advice)


@whole_check
def missing_column(evidence: Evidence) -> Iterator[Fault]:
    """A column that a table must have."""
    for table, raw in evidence.raw.tables.items():
        extra = [column for column in raw.types if table in TABLES and column not in TABLES[table].columns]
        for column in TABLES[table].required if table in TABLES else []:
            if column not in raw.types:
                where = mapped_under(table)
                advice = f"rename a column to it, or map one {where}{_near(column, extra)}; there are {list(raw.types)}"
                yield Fault("error", table, column, "is missing", advice)


@whole_check
def extra_column(evidence: Evidence) -> Iterator[Fault]:
    """Columns that we do not know: declarations may read them, nothing else does. Of customers alone they are all."""
    if undated(evidence.given):
        return
    for table, raw in evidence.raw.tables.items():
        extra = [column for column in raw.types if table in TABLES and column not in TABLES[table].columns]
        if extra:
            advice = "nothing to do, unless one of them is a column that we know by another name"
            yield Fault("note", table, "", f"has columns that are passed through: {', '.join(extra)}", advice)


@whole_check
def unused_format(evidence: Evidence) -> Iterator[Fault]:
    """A format for a column that is not there."""
    for key in sorted(evidence.formats):
        table, _, column = key.partition(".")
        if table in evidence.raw.tables and column not in evidence.raw.tables[table].types:
            have = list(evidence.raw.tables[table].types)
            yield Fault("error", table, column, "is not there to have a format", f"there are {have}")


def _near(name: str, names: list[str]) -> str:
    """Say which names are like one."""
    lowered = {each.lower(): each for each in names}
    found = difflib.get_close_matches(name.lower(), lowered, n=1, cutoff=0.5)
    return f" ({lowered[found[0]]!r} looks like it)" if found else ""
