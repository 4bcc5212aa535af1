"""The policies about transactions as SQL, and how many rows each of them touches."""

from collections.abc import Sequence
from dataclasses import replace

import duckdb

from features.engine.admission.currency import Rates
from features.engine.admission.rules import Rule, counted, example
from features.engine.render import identifier
from features.finding import Finding
from features.policy import Policy
from features.tables import MONEY


def applied(
    opened: duckdb.DuckDBPyConnection, query: str, columns: Sequence[str], *, policy: Policy, rates: Rates | None
) -> tuple[str, list[Finding]]:
    """Write the query of transactions with the policies applied, in their order, and tell what they touch.

    Errors among the findings say that a policy cannot be applied.
    """
    found = _in_one_currency(opened, query, columns, rates)
    if any(finding.severity == "error" for finding in found):
        return query, found
    if rates is not None:
        query = rates.converted(query, columns)
    if policy.discounts == "out":
        found += _touched(opened, query, "discount <> 0", _DISCOUNTS)
        query = f"SELECT * REPLACE (CAST(amount - coalesce(discount, 0) AS {MONEY}) AS amount) FROM ({query})"
    if policy.returns == "net":
        found += _touched(opened, query, "amount < 0 AND NOT is_return", _NET)
        query = f"SELECT * REPLACE (is_return OR amount < 0 AS is_return) FROM ({query})"
    if policy.returns == "drop":
        found += _touched(opened, query, "amount < 0 OR is_return", _DROPPED)
        query = f"SELECT * FROM ({query}) WHERE amount >= 0 AND NOT is_return"
    repeated = _repeated(opened, query, columns) if "order_id" in columns else []
    if repeated and policy.duplicates == "drop":
        repeated = [replace(finding, what=_ONCE, advice=_LOADED_TWICE) for finding in repeated]
        query = (
            f"SELECT DISTINCT * FROM ({query}) WHERE order_id IS NOT NULL "
            f"UNION ALL SELECT * FROM ({query}) WHERE order_id IS NULL"
        )
    return query, [*found, *repeated]


def _warn(check: str, column: str, what: str, advice: str) -> Finding:
    return Finding(check, "warning", "transactions", column, 0, what, "", advice)


_DISCOUNTS = _warn("discounts", "amount", "was before discount, which was subtracted", "say discounts = 'in' if not so")
_NET = _warn("returns", "amount", "is negative and was made a return", "mark returns by is_return where data are made")
_DROPPED = _warn(
    "returns", "is_return", "is a return, or its amount negative, and was left out", "returns = 'net' keeps them"
)
_ONCE = "is of rows that repeat another in every column, and were left out"
_LOADED_TWICE = "see whether something is loaded twice"
_KEPT = _warn(
    "duplicates",
    "order_id",
    "is of rows that repeat another in every column, and were kept",
    "if they were loaded twice, say policy duplicates = 'drop'",
)
_SEVERAL = _warn(
    "currency",
    "currency",
    "is not one, and amounts are added up as they are",
    "give policy.currency a base and rates, or amounts in one currency",
)


def _touched(opened: duckdb.DuckDBPyConnection, query: str, condition: str, finding: Finding) -> list[Finding]:
    return [told for _, told in counted(opened, f"({query})", [Rule(condition, finding)])]


def _in_one_currency(
    opened: duckdb.DuckDBPyConnection, query: str, columns: Sequence[str], rates: Rates | None
) -> list[Finding]:
    """Tell what is converted, or that nothing is though there are several currencies."""
    if rates is not None:
        return rates.findings(opened, query, columns)
    if "currency" not in columns:
        return []
    asked = f"SELECT currency, count(*) FROM ({query}) WHERE currency IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1"
    counts = opened.execute(asked).fetchall()
    most = ", ".join(f"{name} ({rows} rows)" for name, rows in counts[:5])
    return [replace(_SEVERAL, rows=sum(rows for _, rows in counts[1:]), example=most)] if len(counts) > 1 else []


def _repeated(opened: duckdb.DuckDBPyConnection, query: str, columns: Sequence[str]) -> list[Finding]:
    """Count the rows with an order id beyond the first of their kind: by hash, and where hashes meet, by value."""
    every, with_order = ", ".join(map(identifier, columns)), f"FROM ({query}) WHERE order_id IS NOT NULL"
    rows, kinds = opened.execute(f"SELECT count(*), count(DISTINCT hash({every})) {with_order}").fetchall()[0]
    if rows == kinds:
        return []
    opened.execute(f"CREATE TEMP TABLE met AS SELECT hash({every}) {with_order} GROUP BY ALL HAVING count(*) > 1")
    equal = f"{with_order} AND hash({every}) IN (FROM met) GROUP BY {every} HAVING count(*) > 1"
    more = opened.execute(f"SELECT sum(rows) FROM (SELECT count(*) - 1 AS rows {equal})").fetchall()[0][0]
    if not more:
        return []
    return [replace(_KEPT, rows=int(more), example=example(opened, f"SELECT {every} {equal} ORDER BY ALL"))]
