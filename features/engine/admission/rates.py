"""The table of exchange rates at the door."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import duckdb

from features.engine.admission.currency import Rates
from features.engine.admission.faults import row_rules, table_faults
from features.engine.admission.incoming import Incoming, reading, take_in
from features.engine.admission.rules import Rule, counted
from features.engine.render import identifier, text
from features.finding import Finding
from features.policy import AS_IT_IS, Currency
from features.tables import RATE, Column, Table

COLUMNS: Final[Mapping[str, Column]] = {
    "currency": Column("VARCHAR", required=True),
    "rate": Column(RATE, required=True),
    "from": Column("TIMESTAMP"),
}


def read_rates(
    opened: duckdb.DuckDBPyConnection, currency: Currency | None, zone: str
) -> tuple[Rates | None, list[Finding]]:
    """Read the rates, if any are asked for. Gives none, and what is wrong with them, where they cannot be used."""
    if currency is None:
        return None, []
    table = take_in(opened, "rates", currency.rates, schema=Table(COLUMNS), formats={}, zone=zone)
    found = list(table_faults(table, AS_IT_IS))
    with reading("rates"):
        if not found:
            rules = [*row_rules(table, AS_IT_IS), *_rules(table, currency.base)]
            found = [finding for _, finding in counted(opened, table.raw, rules)] + _repeated(opened, table)
        return (None, found) if found else (_rates(opened, table, currency.base), [])


def _rates(opened: duckdb.DuckDBPyConnection, table: Incoming, base: str) -> Rates:
    since = 'CAST("from" AS DATE)' if "from" in table.types else "NULL"
    asked = (
        f"SELECT currency, CAST(rate AS VARCHAR), {since} FROM ({table.query()}) "
        f"WHERE currency <> {text(base)} ORDER BY ALL"
    )
    return Rates(base, opened.execute(asked).fetchall())


def _rules(table: Incoming, base: str) -> list[Rule]:
    rate, name = table.casts["rate"].sql, table.casts["currency"].sql
    odd = _wrong("rate", f"of {base}, the base, is not 1", "drop the row, or name another base")
    rules = [
        Rule(f"{rate} <= 0", _wrong("rate", "is not positive", "mend it")),
        Rule(f"{name} = {text(base)} AND {rate} <> 1", odd),
    ]
    if "from" in table.casts:
        since = table.casts["from"].sql
        rules.append(Rule(f"{since} <> date_trunc('day', {since})", _wrong("from", "is no whole day", "give days")))
    return rules


def _repeated(opened: duckdb.DuckDBPyConnection, table: Incoming) -> list[Finding]:
    keys = ", ".join(identifier(column) for column in COLUMNS if column in table.types and column != "rate")
    repeated = (
        f"SELECT count(*) AS rows, first(currency) AS named FROM ({table.query()}) GROUP BY {keys} HAVING rows > 1"
    )
    rows, named = opened.execute(f"SELECT sum(rows), min(named) FROM ({repeated})").fetchall()[0]
    told = _wrong("currency", "has two rates from the same day on", "keep one of them")
    return [replace(told, rows=int(rows), example=repr(named))] if rows else []


def _wrong(column: str, what: str, advice: str) -> Finding:
    return Finding("currency", "error", "rates", column, 0, what, "", advice)
