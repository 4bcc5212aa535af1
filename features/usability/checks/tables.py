"""Tables and columns: what is missing, unknown, empty or beyond reading."""

import difflib
from collections.abc import Iterator

from features.engine.admission.faults import mapped_under
from features.history import DATED, SAY_END, dated, undated
from features.policy import AS_IT_IS, OF_TRANSACTIONS
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
    """Nothing that happens, and not customers alone, who need no such table."""
    if not dated(evidence.given) and not undated(evidence.given):
        advice = f"hand in one of {', '.join(DATED)}; nothing works without any of them"
        yield Fault("error", "transactions", "", "is not there", advice)


@whole_check
def missing_end(evidence: Evidence) -> Iterator[Fault]:
    """No transactions, and no end that is said, which then nothing tells."""
    given = dated(evidence.given)
    said = any(sheet.end is not None for sheet in evidence.sheets.values())
    if given and "transactions" not in given and evidence.sheets and not said:
        yield Fault("error", given[0], "", "does not tell where the history ends", SAY_END)


@whole_check
def policy_of_nothing(evidence: Evidence) -> Iterator[Fault]:
    """Policies about transactions where there are none."""
    policy = next((sheet.policy for sheet in evidence.sheets.values()), AS_IT_IS)
    words = [word for word in OF_TRANSACTIONS if getattr(policy, word) != getattr(AS_IT_IS, word)]
    if words and "transactions" not in evidence.given:
        what = f"is not there, and the policy {', '.join(words)} is about it"
        yield Fault("error", "transactions", "", what, "hand in the purchases, or leave the policy out")


@whole_check
def empty_table(evidence: Evidence) -> Iterator[Fault]:
    """A table without rows; an error where nothing else tells of what happens."""
    for table, raw in evidence.raw.tables.items():
        if not raw.rows:
            advice = "look whether its query, path or filter still fits, or leave the table out"
            yield Fault("error" if table in _needed(evidence) else "warning", table, "", "has no rows", advice)


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


def _needed(evidence: Evidence) -> list[str]:
    """Name the tables that must have rows: customers alone, transactions, else any one of what happens."""
    if undated(evidence.given):
        return list(evidence.given)
    if "transactions" in evidence.given:
        return ["transactions"]
    return [] if dated(evidence.sheets) else dated(evidence.given)


def _near(name: str, names: list[str]) -> str:
    """Say which names are like one."""
    lowered = {each.lower(): each for each in names}
    found = difflib.get_close_matches(name.lower(), lowered, n=1, cutoff=0.5)
    return f" ({lowered[found[0]]!r} looks like it)" if found else ""
