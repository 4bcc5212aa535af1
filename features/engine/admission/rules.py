"""Rules at the door: a condition on rows, and what is said of those that meet it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import duckdb

from features.finding import Finding


@dataclass(frozen=True)
class Rule:
    """The rows that meet an SQL condition, and the finding about them, without their number and example."""

    condition: str
    finding: Finding


def counted(opened: duckdb.DuckDBPyConnection, relation: str, rules: Sequence[Rule]) -> list[tuple[Rule, Finding]]:
    """Count the rows of every rule in one pass; gives the rules that some rows meet, each with an example."""
    if not rules:
        return []
    counts = ", ".join(f"count(*) FILTER (WHERE {rule.condition})" for rule in rules)
    found = zip(rules, opened.execute(f"SELECT {counts} FROM {relation}").fetchall()[0], strict=True)
    return [
        (
            rule,
            replace(rule.finding, rows=int(rows), example=example(opened, f"FROM {relation} WHERE {rule.condition}")),
        )
        for rule, rows in found
        if rows
    ]


def any_of(rules: Sequence[Rule]) -> str:
    """Write the condition that a row meets at least one of the rules; a condition that is null is not met."""
    return f"coalesce({' OR '.join(f'({rule.condition})' for rule in rules)}, FALSE)"


def example(opened: duckdb.DuckDBPyConnection, query: str) -> str:
    """Show the first row of a query, without its empty columns."""
    found = opened.execute(f"SELECT COLUMNS(*)::VARCHAR FROM ({query}) LIMIT 1")
    names = [str(column[0]) for column in found.description or []]
    row = found.fetchall()[0]
    return str({name: value for name, value in zip(names, row, strict=True) if value is not None})
