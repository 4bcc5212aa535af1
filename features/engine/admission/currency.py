"""Amounts in several currencies become amounts in one, by the rate in force on the day of each row."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import duckdb

from features.engine.admission.inline import inlined
from features.engine.render import text
from features.finding import Finding, Severity
from features.tables import MONEY, RATE

_CONVERTED: Final = ("amount", "discount", "cost")
_ANY: Final = date(2000, 1, 1)


@dataclass(frozen=True)
class Rates:
    """What one of each currency is worth in the base: rows of currency, rate, and the day from which on.

    A rate without a day was always in force. Of each currency and day there is one rate; the base has none.
    """

    base: str
    rows: Sequence[tuple[str, str, date | None]]

    def converted(self, query: str, columns: Sequence[str]) -> str:
        """Write the query whose money is in the base currency; a product is rounded to 4 decimals."""
        base = text(self.base)
        money = [
            f"CASE WHEN t.currency = {base} THEN t.{column} ELSE CAST({_product(column)} AS {MONEY}) END AS {column}"
            for column in _CONVERTED
            if column in columns
        ]
        return f"SELECT t.* REPLACE ({', '.join([*money, f'{base} AS currency'])}) FROM {self._joined(query)}"

    def findings(self, opened: duckdb.DuckDBPyConnection, query: str, columns: Sequence[str]) -> list[Finding]:
        """Say how many rows are converted from what; errors for those without a rate, or worth too much."""
        products = [_product(column) for column in _CONVERTED if column in columns]
        beyond = " OR ".join(f"{each} IS NOT NULL AND TRY_CAST({each} AS {MONEY}) IS NULL" for each in products)
        asked = (
            "SELECT t.currency, count(*), count(*) FILTER (WHERE rates.rate IS NULL), "
            f"count(*) FILTER (WHERE {beyond}), min(t.time) FILTER (WHERE rates.rate IS NULL) "
            f"FROM {self._joined(query)} "
            f"WHERE t.currency <> {text(self.base)} GROUP BY 1 ORDER BY 1"
        )
        found = opened.execute(asked).fetchall()
        rows, without, above = (sum(row[place] for row in found) for place in (1, 2, 3))
        missing = ", ".join(f"{name} from {first:%Y-%m-%d} on" for name, *_, first in found if first is not None)
        converted = ", ".join(f"{name} ({count} rows)" for name, count, *_ in found)
        add = "add it to the rates, with a `from` at or before the first of these rows"
        errors = [
            _told("error", without, "has no rate in force", missing, add),
            _told("error", above, f"makes amounts of 1e14 {self.base} or more", "", "mend its rate or the amounts"),
        ]
        trust = "amounts are comparable as far as the rates are right"
        warning = _told("warning", rows, f"was converted to {self.base}", converted, trust)
        return [finding for finding in errors if finding.rows] or [finding for finding in [warning] if finding.rows]

    def _joined(self, query: str) -> str:
        """Join each row with the rate of its day; days before the first and after the last change are all alike."""
        first, last = self._days
        day = f"greatest(least(CAST(t.time AS DATE), DATE '{last}'), DATE '{first}')"
        return (
            f"({query}) AS t LEFT JOIN ({self._daily()}) AS rates ON rates.currency = t.currency AND rates.day = {day}"
        )

    @property
    def _days(self) -> tuple[date, date]:
        """Give the day before any change, and the day of the last one."""
        days = sorted(day for _, _, day in self.rows if day is not None) or [_ANY]
        return days[0] - timedelta(days=1), days[-1]

    def _daily(self) -> str:
        """Write a table of a rate a day: a join by equality is three times as fast as one that looks for the latest."""
        first, last = self._days
        changes = [(name, rate, str(day or first)) for name, rate, day in self.rows]
        rates = inlined(changes, {"currency": "VARCHAR", "rate": RATE, "since": "DATE"})
        days = f"unnest(generate_series(DATE '{first}', DATE '{last}', INTERVAL 1 DAY))"
        return (
            f"WITH changes AS ({rates}), days AS (SELECT CAST({days} AS DATE) AS day), "
            "known AS (SELECT DISTINCT currency FROM changes) "
            "SELECT known.currency, days.day, changes.rate FROM days CROSS JOIN known "
            "ASOF JOIN changes ON changes.currency = known.currency AND days.day >= changes.since"
        )


def _product(column: str) -> str:
    """Multiply in 38 digits: those of two short decimals would overflow."""
    return f"(CAST(t.{column} AS DECIMAL(28, 4)) * rates.rate)"


def _told(severity: Severity, rows: int, what: str, example: str, advice: str) -> Finding:
    return Finding("currency", severity, "transactions", "currency", rows, what, example, advice)
