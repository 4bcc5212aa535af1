"""Rows about customers and products that nobody describes."""

from collections.abc import Iterator

from features.engine.casts import BLANKS
from features.usability.checks import whole_check
from features.usability.checks.ids import STAND_IN
from features.usability.checks.mixed_ids import related
from features.usability.evidence import Evidence
from features.usability.fault import Fault


@whole_check
def orphan(evidence: Evidence) -> Iterator[Fault]:
    """Ids of customers and products that are missing where these are described, however they are written.

    A customer whose id has become another one, which identities say, is not missing.
    """
    for table, column, describes in related(evidence):
        ids = evidence.ids(table, column)
        found = evidence.one(
            "SELECT sum(rows) AS rows, count(*) AS ids, min(id) AS id, any_value(every) AS every "
            f"FROM (SELECT id, rows, plain, count(*) OVER () AS every FROM {ids}) "
            f"WHERE plain NOT IN ({_described(evidence, column, describes)}) "
            f"AND trim(id, {BLANKS}) <> '' AND plain NOT IN ('{STAND_IN}')"
        )
        if found["rows"]:
            what = f"is missing in {describes} for {found['ids']} of {found['every']} ids"
            advice = f"complete {describes}; what is known of them there is empty for these rows"
            example = repr(found["id"])
            yield Fault("warning", table, column, what, advice, rows=int(found["rows"]), example=example)


def _described(evidence: Evidence, column: str, describes: str) -> str:
    merged = describes == "customers" and any(each.name == "identities" for each in evidence.having(column))
    tables = [describes, *(["identities"] if merged else [])]
    return " UNION ALL ".join(f"SELECT plain FROM {evidence.ids(table, column)}" for table in tables)
