"""Contractual or not: whether customers can only leave at the end of a term, where it is seen, or any time, unseen.

Models of who has silently left (buy till you die) are for the latter. Schmittlein, Morrison and Colombo (1987),
"Counting your customers"; Fader and Hardie (2009), "Probability models for customer-base analysis".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import pandas as pd

from features.declaration import Declaration
from features.engine.payments import GAPS, PERIODS, payments
from features.history import History
from features.tables import VIEWS

Verdict = Literal["contractual", "noncontractual", "unknown"]

COVERED: Final = 0.8
"""Share of customers with a contract from which on purchases are taken as made under contract."""
MOST: Final = 0.5
"""Share of customers with regular and alike purchases from which on these are taken as payments."""
NEARLY_ALL: Final = 0.9
"""Share of customers with one and the same amount from which on amounts tell nothing: they are counts, or left out."""
FEWEST: Final = 20
"""Customers of whom a rhythm is told below which purchases tell nothing."""
NAMES: Final = ("week", "two weeks", "month", "quarter", "year")


@dataclass(frozen=True)
class Setting:
    """What tells whether customers are under contract.

    `covered` is the share of `customers` who have a contract of the table of subscriptions. Of the `told`, who bought
    on four days or more, the share `regular` does so every `period`, the share `constant` for about the same amount
    each time, and the share `payments` both. `period` is the one that most pay at; empty where nobody does. `same` is
    the share whose usual amount is that of the others.
    """

    verdict: Verdict
    customers: int
    covered: float
    told: int
    regular: float
    constant: float
    payments: float
    period: str
    same: float = 0.0

    @property
    def by_payments(self) -> bool:
        """Whether it is purchases alone that look like a contract: none is known."""
        return self.verdict == "contractual" and self.covered < COVERED

    @property
    def sentence(self) -> str:
        """Say it with its numbers."""
        if self.covered >= COVERED:
            return f"{self.covered:.0%} of the customers asked about have a contract in the table of subscriptions"
        if self.told < FEWEST:
            return (
                f"{self.told} of {self.customers} customers bought on {GAPS + 1} days or more, too few to tell a rhythm"
            )
        if not self.period:
            return f"none of {self.told} customers with {GAPS + 1} purchase days or more buys at regular intervals"
        told = (
            f"of {self.told} customers with {GAPS + 1} purchase days or more {self.regular:.0%} buy every "
            f"{self.period}, {self.constant:.0%} for the same amount each time, {self.payments:.0%} both"
        )
        if self.verdict == "unknown":
            return f"{told}, but {self.same:.0%} of them for one and the same, which tells nothing"
        return told


def setting(history: History, population: Declaration, *, until: pd.Timestamp) -> Setting:
    """Tell from what was known before an instant whether those asked about are under contract.

    They are where the population is one of contracts, where nearly all customers have one, or where purchases look like
    payments: most customers buy once a period, for the same amount, each their own. Where that amount is the same for
    nearly all, or 0, regular purchases may be payments or a log by the period: it is unknown.
    """
    if VIEWS[population.of].table == "subscriptions":
        return Setting("contractual", 0, 1.0, 0, 0.0, 0.0, 0.0, "")
    if "transactions" not in history.tables:
        return Setting("unknown", 0, 0.0, 0, 0.0, 0.0, 0.0, "")
    return judged(payments(history, until=until))


def judged(counts: Mapping[str, int]) -> Setting:
    """Judge the counts of `payments`."""
    customers, told = counts["customers"], counts["told"]
    places = range(len(PERIODS))
    most = max(places, key=lambda place: (counts[f"both_{place}"], counts[f"regular_{place}"]))
    covered = counts["covered"] / max(customers, 1)
    shares = {name: counts[name] / max(told, 1) for name in ("constant", "same")}
    shares |= {"regular": counts[f"regular_{most}"] / max(told, 1), "payments": counts[f"both_{most}"] / max(told, 1)}
    verdict: Verdict = "noncontractual" if told >= FEWEST else "unknown"
    if told >= FEWEST and shares["payments"] >= MOST:
        verdict = "unknown" if shares["same"] >= NEARLY_ALL else "contractual"
    if covered >= COVERED:
        verdict = "contractual"
    period = NAMES[most] if counts[f"regular_{most}"] else ""
    return Setting(verdict, customers, covered=covered, told=told, period=period, **shares)
