"""The statement: lines of each customer in whole cents, what is nobody's, and the company's total, reconciled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import pandas as pd

from configs.costs import CostSheet
from features.engine.ledger.checks import check_covered
from features.engine.ledger.sums import Sums, begins, sums
from features.history import History
from features.ledger.attribute import Given, nobodys
from features.ledger.cents import Whole, cents
from features.ledger.company import company_lines
from features.ledger.customers import given_lines, posted_lines
from features.ledger.lines import LINES
from features.ledger.notes import notes
from features.ledger.period import Period
from features.ledger.reconcile import added_up, check_reconciled, net_of, reconciliation

FACTS: Final = ("lines", "orders", "returned_orders", "contacts", "active", "first_time", "first_channel")
"""What is told of a customer beside money."""


@dataclass(frozen=True)
class Statement:
    """Profit and loss of customers within a period, in cents (the last place of the currency) throughout.

    `customers` has a row for each who bought, returned, was contacted or had an event in the period, by customer_id: a
    column for each line and subtotal (`features.ledger.lines.TITLES`), and `FACTS`. `nobody` is what cannot be
    attributed, `company` the total: the sum of `customers` and `nobody` is `company`, of every line. `assumed` is the
    amount of purchases whose product cost is the sheet's share. `notes` say what a reader should know.
    """

    dataset: str
    sheet: CostSheet
    period: Period
    customers: pd.DataFrame
    nobody: Mapping[str, int]
    company: Mapping[str, int]
    assumed: int
    notes: tuple[str, ...]

    def reconciliation(self) -> pd.DataFrame:
        """Hold customers and nobody against the company, a row for each line: in cents, `difference` included."""
        return reconciliation(self.customers, self.nobody, self.company)


def statement(
    history: History, sheet: CostSheet, *, since: pd.Timestamp | None = None, until: pd.Timestamp | None = None
) -> Statement:
    """Make the statement of [since, until): by default of the sheet's period, else of all that is known.

    Raises `HistoryError` for what the sheet does not cover, `ValueError` for a period that is none, and
    `NotReconciled` that says which line.
    """
    period = Period(_first(since, sheet.since) or begins(history), _first(until, sheet.until) or history.end)
    check_covered(history, sheet, since=period.since, until=period.until)
    found = sums(history, sheet, since=period.since, until=period.until)
    company = company_lines(found, sheet, period)
    posted = posted_lines(found, sheet, period, company)
    given = given_lines(found, sheet, period, net_of(posted))
    unborne = [each.why for parts in given.values() for each in parts if each.why]
    made = Statement(
        dataset=history.name,
        sheet=sheet,
        period=period,
        customers=_customers(found, posted, given),
        nobody=added_up(dict.fromkeys(LINES, 0) | {name: -nobodys(parts) for name, parts in given.items()}),
        company=added_up(company),
        assumed=cents(found.company["assumed"], decimals=sheet.decimals),
        notes=(*notes(history, found, sheet, period), *unborne),
    )
    check_reconciled(made.reconciliation(), amount=cents(found.amount, decimals=sheet.decimals))
    return made


def _customers(found: Sums, posted: Mapping[str, Whole], given: Mapping[str, Sequence[Given]]) -> pd.DataFrame:
    facts = found.customers.set_index("customer_id")[list(FACTS)]
    nothing = np.zeros(len(facts), dtype=np.int64)
    borne = {name: -sum((each.customers for each in parts), nothing) for name, parts in given.items()}
    return pd.DataFrame(added_up({**posted, **borne}), index=facts.index).join(facts)


def _first(said: pd.Timestamp | None, of_sheet: date | None) -> pd.Timestamp | None:
    return said if said is not None or of_sheet is None else pd.Timestamp(of_sheet)
