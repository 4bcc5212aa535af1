"""Who is asked a question at a cutoff, and what came of it: plain counts over raw tables."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd

from features.usability.evidence import Evidence
from features.usability.question import Kind, Question
from features.usability.sheet import Sheet


@dataclass(frozen=True)
class Counts:
    """Customers asked about, how many of their answers were positive, and how many the rarer of `what` there are."""

    customers: int
    positives: int
    rarer: int
    what: str


@dataclass(frozen=True)
class Period:
    """A question with its horizon: from the cutoff on, until the end."""

    question: Question
    cutoff: pd.Timestamp
    end: pd.Timestamp

    @property
    def window(self) -> str:
        """Write since when activity counts, as a condition on `time`."""
        days = self.question.active_days
        return "TRUE" if days is None else f"time >= TIMESTAMP '{self.cutoff - pd.Timedelta(days=days)}'"

    @property
    def past(self) -> str:
        """Write the condition that a purchase was known at the cutoff."""
        return f"time < TIMESTAMP '{self.cutoff}' AND coalesce(known_time < TIMESTAMP '{self.cutoff}', TRUE)"

    @property
    def horizon(self) -> str:
        """Write the condition that a purchase lies in the horizon."""
        return f"time >= TIMESTAMP '{self.cutoff}' AND time < TIMESTAMP '{self.end}'"


def _binary(evidence: Evidence, period: Period) -> Counts:
    customers, buyers = _buyers(evidence, period)
    others = customers - buyers
    return Counts(customers, buyers, min(buyers, others), "of them buy" if buyers <= others else "of them do not buy")


def _amounts(evidence: Evidence, period: Period) -> Counts:
    customers, buyers = _buyers(evidence, period)
    return Counts(customers, buyers, buyers, "of them buy")


def _buyers(evidence: Evidence, period: Period) -> tuple[int, int]:
    customers = (
        f"SELECT customer_id, bool_or({period.past} AND {period.window}) AS asked, bool_or({period.horizon}) AS buys "
        f"FROM ({_purchases(evidence.sheets['transactions'])}) GROUP BY 1"
    )
    found = evidence.one(
        "SELECT count(*) FILTER (WHERE asked) AS customers, count(*) FILTER (WHERE asked AND buys) AS buyers "
        f"FROM ({customers})"
    )
    return int(found["customers"]), int(found["buyers"])


def _pairs(evidence: Evidence, period: Period) -> Counts:
    customers, _ = _buyers(evidence, Period(Question("", 1), period.cutoff, period.end))
    sales = _purchases(evidence.sheets["transactions"], category(evidence))
    found = evidence.one(
        f"SELECT count(*) FILTER (WHERE bought AND NOT before AND known) AS pairs FROM (SELECT customer_id, category, "
        f"bool_or({period.past} AND {period.window}) AS before, bool_or({period.horizon}) AS bought, "
        f"bool_or(bool_or({period.past})) OVER (PARTITION BY customer_id) AS known "
        f"FROM ({sales}) GROUP BY customer_id, category) WHERE category IS NOT NULL"
    )
    pairs = int(found["pairs"])
    return Counts(customers, pairs, pairs, "pairs of a customer and a category new to them are bought")


def _uplift(evidence: Evidence, period: Period) -> Counts:
    """Count touches whose horizon has closed, each with its own horizon."""
    touches = evidence.sheets["touches"]
    treated = f"coalesce({touches.value('treatment')}, TRUE)" if touches.has("treatment") else "TRUE"
    asked = (
        f"SELECT {touches.value('customer_id')} AS customer_id, {touches.value('time')} AS time, {treated} AS treated "
        f"FROM {touches.relation}"
    )
    closed = f"SELECT * FROM ({asked}) WHERE time <= TIMESTAMP '{period.cutoff}' AND {period.window}"
    buys = (
        f"EXISTS (FROM ({_purchases(evidence.sheets['transactions'])}) AS sale "
        "WHERE sale.customer_id = touch.customer_id "
        f"AND sale.time >= touch.time AND sale.time < touch.time + INTERVAL {period.question.horizon_days} DAY)"
    )
    cells = {
        "treated who buy": "treated AND buys",
        "treated who do not": "treated AND NOT buys",
        "controls who buy": "NOT treated AND buys",
        "controls who do not": "NOT treated AND NOT buys",
    }
    counts = ", ".join(f"count(*) FILTER (WHERE {cell}) AS c{number}" for number, cell in enumerate(cells.values()))
    found = evidence.one(
        f"SELECT count(DISTINCT customer_id) AS customers, count(*) FILTER (WHERE buys) AS buyers, {counts} "
        f"FROM (SELECT *, {buys} AS buys FROM ({closed}) AS touch)"
    )
    sizes = {name: int(found[f"c{number}"]) for number, name in enumerate(cells)}
    rarest = min(sizes, key=lambda name: sizes[name])
    return Counts(int(found["customers"]), int(found["buyers"]), sizes[rarest], rarest)


def _ended(evidence: Evidence, period: Period, *, grace_days: int = 0) -> Counts:
    """Count customers whose contract runs at the cutoff, and those whose grace is over when the horizon ends.

    Who has the grace alone at the cutoff is not asked about: what comes of them is nearly certain.
    """
    contracts = evidence.sheets["subscriptions"]
    start, end = contracts.value("start"), contracts.value("end")
    known = contracts.value("known_time") if contracts.has("known_time") else "NULL"

    def runs(at: pd.Timestamp, grace: int) -> str:
        time = f"TIMESTAMP '{at}'"
        over = f"coalesce({end} + INTERVAL {grace} DAY < {time}, FALSE)"
        return f"{start} < {time} AND coalesce({known} < {time}, TRUE) AND NOT {over}"

    customers = (
        f"SELECT bool_or({runs(period.cutoff, 0)}) AS asked, bool_or({runs(period.end, grace_days)}) AS stays "
        f"FROM {contracts.relation} WHERE {start} IS NOT NULL GROUP BY {contracts.value('customer_id')}"
    )
    found = evidence.one(
        "SELECT count(*) FILTER (WHERE asked) AS customers, count(*) FILTER (WHERE asked AND NOT stays) AS gone "
        f"FROM ({customers})"
    )
    asked, gone = int(found["customers"]), int(found["gone"])
    stay = asked - gone
    return Counts(asked, gone, min(gone, stay), "of them leave" if gone <= stay else "of them stay")


def _lapsed(evidence: Evidence, period: Period) -> Counts:
    return _ended(evidence, period, grace_days=evidence.sheets["subscriptions"].policy.grace_days)


COUNTED: Final[Mapping[Kind, Callable[[Evidence, Period], Counts]]] = {
    "binary": _binary,
    "count": _amounts,
    "amount": _amounts,
    "pairs": _pairs,
    "uplift": _uplift,
    "ended": _ended,
    "lapsed": _lapsed,
    "other": lambda evidence, period: Counts(0, 0, 0, ""),
}


def category(evidence: Evidence) -> str:
    """Write the category of a transaction, joined from products if it is there only; empty where there is none."""
    sales, products = evidence.sheets["transactions"], evidence.sheets.get("products")
    if sales.has("category"):
        return sales.value("category")
    if products is None or not (sales.has("product_id") and products.has("product_id", "category")):
        return ""
    return (
        f"(SELECT any_value({products.value('category')}) FROM {products.relation} AS described "
        f"WHERE described.{products.value('product_id')} = {sales.relation}.{sales.value('product_id')})"
    )


def _purchases(sheet: Sheet, category_: str = "NULL") -> str:
    """Ask for the customer, time and category of what is no return."""
    known = sheet.value("known_time") if sheet.has("known_time") else "CAST(NULL AS TIMESTAMP)"
    columns = {"customer_id": sheet.value("customer_id"), "time": sheet.value("time"), "known_time": known}
    select = ", ".join(f"{sql} AS {name}" for name, sql in {**columns, "category": category_}.items())
    return f"SELECT {select} FROM {sheet.relation} WHERE NOT {sheet.returned} AND {sheet.value('time')} IS NOT NULL"
