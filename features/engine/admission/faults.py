"""What makes a table, a column or single rows unusable."""

from collections.abc import Iterator
from typing import Final

import duckdb

from features.engine.admission.incoming import Incoming
from features.engine.admission.rules import Rule
from features.engine.render import identifier
from features.finding import Finding
from features.policy import Policy
from features.tables import TABLES

_UNMARKED: Final = "set is_return on such rows, drop them, or say policy returns = 'net' or 'drop'"
_NO_TIME: Final = "mend or drop these rows; where no time is known, leave it empty"
_FIRST: Final = "TIMESTAMP '0001-01-01'"
_LAST: Final = "TIMESTAMP '9999-12-31 23:59:59.999999'"


def table_faults(incoming: Incoming, policy: Policy) -> Iterator[Finding]:
    """Say what is wrong with the table as a whole, or with whole columns."""
    have = list(incoming.types)
    missing = [name for name in incoming.schema.required if name not in incoming.types]
    if missing:
        mapped = f", or map them {mapped_under(incoming.name)}"
        advice = f"there are {have}. Rename them{mapped if incoming.name in TABLES else ''}"
        yield _error("column", incoming.name, "", f"lacks the columns {missing}", advice)
    for column in sorted(set(incoming.formats) - set(incoming.types)):
        yield _error("column", incoming.name, "", f"has no column {column!r} to give a format for", f"there are {have}")
    for column, word in _asked_for(incoming, policy).items():
        what = f"has no column {column!r}, which the policy {word} needs"
        yield _error("column", incoming.name, "", what, f"there are {have}; name one, or leave the policy out")
    for column, cast in incoming.casts.items():
        if not cast.sql:
            yield _error("type", incoming.name, column, f"is {incoming.types[column]}: {cast.wrong}", cast.advice)


def mapped_under(table: str) -> str:
    """Say where a dataset file maps the columns of a table."""
    alone = ", or [table.columns] where they are alone" if table == "customers" else ""
    return f"under [tables.{table}.columns] of the dataset file{alone}"


def row_rules(incoming: Incoming, policy: Policy) -> list[Rule]:
    """Give the rules that tell rows which cannot be used, over the rows as they come."""
    rules = [rule for column in incoming.types for rule in _column_rules(incoming, column)]
    if incoming.name == "transactions":
        rules += _transaction_rules(incoming, policy)
    if incoming.name == "subscriptions":
        rules += _subscription_rules(incoming)
    return rules


def repeated_keys(opened: duckdb.DuckDBPyConnection, incoming: Incoming) -> list[Finding]:
    """Say which values of the key are there more than once."""
    key = incoming.schema.key
    sql = _sql(incoming, key)
    if not sql:
        return []
    keys = f"SELECT {sql} AS key FROM {incoming.raw}"
    repeated = f"SELECT key, count(*) AS rows FROM ({keys}) WHERE key IS NOT NULL GROUP BY key HAVING count(*) > 1"
    named, rows = opened.execute(f"SELECT list(key ORDER BY key)[:5], sum(rows) FROM ({repeated})").fetchall()[0]
    if not rows:
        return []
    what, advice = "is there more than once", f"keep one row for each {key}"
    return [Finding("key", "error", incoming.name, key, int(rows), what, ", ".join(map(repr, named)), advice)]


def _column_rules(incoming: Incoming, column: str) -> Iterator[Rule]:
    expected, cast, quoted = incoming.schema.columns.get(column), incoming.casts[column], identifier(column)
    if not cast.sql or not cast.wrong:
        return
    if expected is not None and expected.required:
        yield Rule(f"{quoted} IS NULL", _error("empty", incoming.name, column, "is empty", "fill or drop these rows"))
    unfit = _error("value", incoming.name, column, cast.wrong, cast.advice)
    yield Rule(cast.unfit(column, f"({cast.sql})"), unfit)
    if expected is not None and expected.type == "TIMESTAMP":
        beyond = _error("value", incoming.name, column, "lies before the year 1 or after 9999", _NO_TIME)
        yield Rule(f"({cast.sql}) NOT BETWEEN {_FIRST} AND {_LAST}", beyond)


def _transaction_rules(incoming: Incoming, policy: Policy) -> Iterator[Rule]:
    amount, discount = _sql(incoming, "amount"), _sql(incoming, "discount")
    if amount and policy.returns == "raise":
        paid = f"({amount}) - coalesce({discount}, 0)" if policy.discounts == "out" and discount else amount
        marked = f"coalesce({_sql(incoming, 'is_return') or 'FALSE'}, FALSE)"
        what = "is negative but not marked as a return"
        yield Rule(f"{paid} < 0 AND NOT {marked}", _error("returns", incoming.name, "amount", what, _UNMARKED))
    if policy.currency is not None and _sql(incoming, "currency"):
        told = _error("empty", incoming.name, "currency", "is empty", "say the currency of these rows, or drop them")
        yield Rule("currency IS NULL", told)


def _subscription_rules(incoming: Incoming) -> Iterator[Rule]:
    start, end = _sql(incoming, "start"), _sql(incoming, "end")
    if start and end:
        advice = "swap or mend the two; a subscription that runs on has an empty end"
        yield Rule(f"{end} < {start}", _error("period", incoming.name, "end", "lies before start", advice))


def _asked_for(incoming: Incoming, policy: Policy) -> dict[str, str]:
    """Name the columns that policies cannot do without and that are not there, each with its policy."""
    needed = {
        "discount": "discounts = 'out'" if policy.discounts == "out" else "",
        "order_id": "duplicates = 'drop'" if policy.duplicates == "drop" else "",
        "currency": "currency" if policy.currency is not None else "",
    }
    if incoming.name != "transactions":
        return {}
    return {column: word for column, word in needed.items() if word and column not in incoming.types}


def _sql(incoming: Incoming, column: str) -> str:
    """Give a column's cast; nothing where the column is not there or its type does not fit."""
    return incoming.casts[column].sql if column in incoming.casts else ""


def _error(check: str, table: str, column: str, what: str, advice: str) -> Finding:
    return Finding(check, "error", table, column, 0, what, "", advice)
