"""Ids that look like one thing written in two ways: 001 and 1, ab and AB, within a table and between tables."""

from collections.abc import Iterator
from typing import Final

from features.engine.casts import BLANKS
from features.usability.checks import whole_check
from features.usability.evidence import Evidence
from features.usability.fault import Fault

COLUMNS: Final = ("customer_id", "product_id")

_ID, _MAIN = f"trim(id, {BLANKS})", f"trim(main, {BLANKS})"
_WAYS: Final = {
    "capitals": f"lower({_ID}) = lower({_MAIN}) AND {_ID} <> {_MAIN}",
    "leading zeros": f"NOT ends_with(id, '.0') AND NOT ends_with(main, '.0') AND lower({_ID}) <> lower({_MAIN})",
}
"""How an id may differ from the one that most rows write; blanks and decimals have checks of their own."""


@whole_check
def id_capitals(evidence: Evidence) -> Iterator[Fault]:
    """Ids of a column that differ by capitals only; counts the rows of the rarer way of writing."""
    yield from _written_apart(evidence, "capitals")


@whole_check
def id_zeros(evidence: Evidence) -> Iterator[Fault]:
    """Ids of a column that differ by leading zeros only; counts the rows of the rarer way of writing."""
    yield from _written_apart(evidence, "leading zeros")


@whole_check
def id_forms(evidence: Evidence) -> Iterator[Fault]:
    """Ids that another table describes under another way of writing: the two do not find each other."""
    for table, column, describes in related(evidence):
        found = evidence.one(
            f"SELECT sum(rows) AS rows, arg_min(id, id) AS id, arg_min(theirs, id) AS theirs FROM "
            f"({_found_otherwise(evidence, table, column, describes)})"
        )
        if found["rows"]:
            what = f"is written otherwise than in {describes}"
            advice = "write ids in one way: the same zeros, capitals and blanks in every table"
            example = f"{found['id']!r} beside {found['theirs']!r}"
            yield Fault("warning", table, column, what, advice, rows=int(found["rows"]), example=example)


def related(evidence: Evidence) -> Iterator[tuple[str, str, str]]:
    """Name each table and id column of it that another table describes, and that other table."""
    for column, describes in (("customer_id", "customers"), ("product_id", "products")):
        if describes in evidence.sheets and evidence.sheets[describes].has(column):
            for sheet in evidence.having(column):
                if sheet.name not in (describes, "identities"):
                    yield sheet.name, column, describes


def _written_apart(evidence: Evidence, way: str) -> Iterator[Fault]:
    for column in COLUMNS:
        for sheet in evidence.having(column):
            found = evidence.one(_apart(evidence.ids(sheet.name, column), _WAYS[way]))
            if found["rows"]:
                what, example = f"has ids that differ by {way} only", f"{found['id']!r} beside {found['main']!r}"
                advice = "write each id in one way; if they are different things, nothing is to do"
                yield Fault("warning", sheet.name, column, what, advice, rows=int(found["rows"]), example=example)


def _apart(ids: str, way: str) -> str:
    """Ask for ids beside the one of the same `plain` that most rows write (of equals, the least)."""
    main = "first_value(id) OVER (PARTITION BY plain ORDER BY rows DESC, id)"
    several = (
        f"SELECT id, rows, plain FROM {ids} WHERE plain IN (SELECT plain FROM {ids} GROUP BY 1 HAVING count(*) > 1)"
    )
    return (
        "SELECT sum(rows) AS rows, min(id) AS id, arg_min(main, id) AS main "
        f"FROM (SELECT id, rows, {main} AS main FROM ({several})) WHERE id <> main AND {way}"
    )


def _found_otherwise(evidence: Evidence, table: str, column: str, describes: str) -> str:
    """Ask for ids without a match whose `plain` has one, unless the table knows the matching way of writing too."""
    ids, theirs = evidence.ids(table, column), evidence.ids(describes, column)
    known = f"SELECT mine.plain FROM {ids} AS mine SEMI JOIN {theirs} AS other ON mine.id = other.id"
    return (
        f"SELECT mine.id, mine.rows, other.theirs FROM {ids} AS mine "
        f"JOIN (SELECT plain, min(id) AS theirs FROM {theirs} GROUP BY plain) AS other ON mine.plain = other.plain "
        f"WHERE mine.id NOT IN (SELECT id FROM {theirs}) AND mine.plain NOT IN ({known}) "
        f"AND trim(mine.id, {BLANKS}) = mine.id"
    )
