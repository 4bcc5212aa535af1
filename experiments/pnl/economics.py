"""Acquisition held against retention, by segment."""

from collections.abc import Iterable
from typing import Any, Final

from configs.costs import Economics
from features.ledger.cohorts import Cohort
from models.economics.acquisition import lifetime_value, ltv_to_cac, payback_months
from models.economics.retention import break_even_retention, margin_multiple, per_period, still_to_come, value_of_point

TITLES: Final = {
    "segment": "segment",
    "acquired": "acquired",
    "cac": "cost to acquire (CAC)",
    "first_order": "first day's contribution",
    "payback_months": "payback, months",
    "known_months": "months known",
    "ltv": "contribution within the horizon (LTV)",
    "ltv_to_cac": "LTV:CAC",
    "retention": "retention a period",
    "retention_of": "customers and periods it is of",
    "margin": "contribution a period",
    "margin_multiple": "margin multiple",
    "still_to_come": "still to come of a customer",
    "value_of_point": "value of a point of retention",
    "break_even_spend": "break-even acquisition spend",
    "break_even_retention": "break-even retention",
}
"""What is told of each segment."""


def economics(cohorts: Iterable[Cohort], said: Economics) -> list[dict[str, Any]]:
    """Say for each cohort what `TITLES` names, money in currency a customer; None where nothing can be said.

    LTV is what an acquired customer brings within the horizon, or within the months that are known where those are
    fewer, discounted. Where the sheet tells of no spending, what rests on its cost is None; payback is None too where
    what is known does not suffice. `break_even_spend` is a period's contribution and what is still to come: up to that
    winning a customer pays; `break_even_retention` is the retention from which on it does at what it costs.
    """
    discount = per_period(float(said.discount), months=said.period_months)
    return [_told(each, said, discount) for each in cohorts]


def _told(cohort: Cohort, said: Economics, discount: float) -> dict[str, Any]:
    won, kept = cohort.won, cohort.kept
    known = won.contributions[: said.horizon_months]
    cost = won.cost if won.count else None
    ltv = lifetime_value(known, discount=float(said.discount)) if known else None
    told = {
        "segment": cohort.segment,
        "acquired": won.count,
        "cac": cost,
        "first_order": won.first_order if won.count else None,
        "payback_months": None if cost is None else payback_months(won.contributions, cost),
        "known_months": len(won.contributions),
        "ltv": ltv,
        "ltv_to_cac": None if ltv is None or cost is None else ltv_to_cac(ltv, cost),
        "retention": kept.retention,
        "retention_of": kept.asked,
        "margin": kept.margin if kept.periods else None,
    }
    return {**told, **_of_retention(cohort, discount)}


def _of_retention(cohort: Cohort, discount: float) -> dict[str, float | None]:
    retention, margin, won = cohort.kept.retention, cohort.kept.margin, cohort.won
    names = ("margin_multiple", "still_to_come", "value_of_point", "break_even_spend", "break_even_retention")
    if retention is None:
        return dict.fromkeys(names)
    to_come = still_to_come(margin, retention, discount=discount)
    point = value_of_point(margin, retention, discount=discount)
    cost = won.cost if won.count else None
    enough = None if cost is None else break_even_retention(margin, cost - margin, discount=discount)
    multiple = margin_multiple(retention, discount=discount)
    return dict(zip(names, (multiple, to_come, point, margin + to_come, enough), strict=True))
