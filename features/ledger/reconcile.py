"""Whether a statement's parts add up to the company's total."""

from collections.abc import Mapping
from typing import TypeVar

import pandas as pd

from features.ledger.cents import Whole
from features.ledger.lines import STATEMENT, TITLES


class NotReconciled(ValueError):
    """Customers and what is nobody's do not add up to the company: says which line, and by how much."""


T = TypeVar("T", int, Whole)


def added_up(lines: Mapping[str, T]) -> dict[str, T]:
    """Add the subtotals to the lines, in the order of the statement; of columns or of single figures."""
    known = dict(lines)
    for subtotal, (first, *parts) in STATEMENT.items():
        known[subtotal] = sum((known[part] for part in parts), known[first])
    return {name: known[name] for name in TITLES}


def net_of(lines: Mapping[str, T]) -> T:
    """Add up net revenue."""
    first, *parts = STATEMENT["net_revenue"]
    return sum((lines[part] for part in parts), lines[first])


def reconciliation(customers: pd.DataFrame, nobody: Mapping[str, int], company: Mapping[str, int]) -> pd.DataFrame:
    """Hold customers and nobody against the company, a row for each line: in cents, `difference` included."""
    told = pd.DataFrame(
        {
            "customers": customers[list(TITLES)].sum(),
            "not_attributed": pd.Series(nobody),
            "company": pd.Series(company),
        },
        index=pd.Index(TITLES, name="line"),
        dtype="int64",
    )
    return told.assign(difference=told["company"] - told["customers"] - told["not_attributed"])


def check_reconciled(told: pd.DataFrame, *, amount: int) -> None:
    """Raise `NotReconciled` unless every difference is 0, and net revenue the sum of all amounts there are."""
    off = told.loc[told["difference"] != 0, "difference"]
    lines = [f"{line} by {difference} cents" for line, difference in off.items()]
    net = int(told["company"].to_dict()["net_revenue"])
    if net != amount:
        lines.append(f"net_revenue is {net} cents, and the amounts of the table add up to {amount}")
    if lines:
        raise NotReconciled(f"the statement does not add up: {'; '.join(lines)}")
