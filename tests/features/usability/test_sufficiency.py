"""Whether tables suffice for a question: counts against plain loops, thresholds at their edges."""

from collections.abc import Iterable
from typing import Any

import pandas as pd
import pytest

from features.policy import Policy
from features.usability import Question, examine
from features.usability.question import Answer
from tests.features.usability.breaks import Tables

DAY = pd.Timedelta(days=1)
END = pd.Timestamp("2025-08-23")


def _answer(tables: Tables, question: Question, **options: Any) -> Answer:
    return examine("shop", tables, tasks=[question], **options).tasks[0]


def _purchases(tables: Tables) -> list[tuple[str, pd.Timestamp, str]]:
    columns = (tables["transactions"][column].tolist() for column in ("customer_id", "time", "category", "is_return"))
    return [(customer, time, what) for customer, time, what, returned in zip(*columns, strict=True) if not returned]


def _buyers(purchases: Iterable[tuple[str, pd.Timestamp, str]], first: pd.Timestamp, last: pd.Timestamp) -> set[str]:
    return {customer for customer, time, _ in purchases if first <= time < last}


@pytest.mark.parametrize("active_days", [None, 30, 200])
@pytest.mark.parametrize("horizon_days", [28, 91])
def test_customers_and_buyers_are_those_a_loop_counts(
    sound: Tables, active_days: int | None, horizon_days: int
) -> None:
    cutoff = END - horizon_days * DAY
    since = pd.Timestamp("2000-01-01") if active_days is None else cutoff - active_days * DAY
    asked = _buyers(_purchases(sound), since, cutoff)
    buy = asked & _buyers(_purchases(sound), cutoff, END)
    found = _answer(sound, Question("churn", horizon_days, "binary", active_days))
    assert (found.customers, found.positives, found.cutoff) == (len(asked), len(buy), f"{cutoff:%Y-%m-%d}")
    assert found.rarer == min(len(buy), len(asked) - len(buy))
    assert found.horizons == pytest.approx((END - pd.Timestamp("2024-01-01")) / (horizon_days * DAY), abs=0.005)
    spend = _answer(sound, Question("spend", horizon_days, "amount", active_days))
    assert (spend.customers, spend.rarer) == (len(asked), len(buy))


def test_pairs_are_those_a_loop_counts(sound: Tables) -> None:
    cutoff, purchases = END - 60 * DAY, _purchases(sound)
    known = _buyers(purchases, pd.Timestamp("2000-01-01"), cutoff)
    before = {(customer, what) for customer, time, what in purchases if cutoff - 182 * DAY <= time < cutoff}
    bought = {(customer, what) for customer, time, what in purchases if cutoff <= time < END and customer in known}
    question = Question("new", 60, "pairs", active_days=182)
    found = _answer(sound, question)
    assert (found.customers, found.positives) == (len(known), len(bought - before))
    joined = {**sound, "transactions": sound["transactions"].drop(columns="category")}
    assert _answer(joined, question) == found


def test_cells_of_uplift_are_those_a_loop_counts(sound: Tables) -> None:
    times: dict[str, list[pd.Timestamp]] = {}
    for customer, time, _ in _purchases(sound):
        times.setdefault(customer, []).append(time)
    cells = {(treated, buys): 0 for treated in (True, False) for buys in (True, False)}
    customers = set()
    touches = (sound["touches"][column].tolist() for column in ("customer_id", "time", "treatment"))
    for customer, touched, treated in zip(*touches, strict=True):
        if touched <= END - 21 * DAY:
            buys = any(touched <= time < touched + 21 * DAY for time in times.get(customer, []))
            cells[treated, buys] += 1
            customers.add(customer)
    found = _answer(sound, Question("uplift", 21, "uplift"))
    assert (found.customers, found.rarer) == (len(customers), min(cells.values()))
    assert found.positives == cells[True, True] + cells[False, True]


def _runs(contract: tuple[pd.Timestamp, pd.Timestamp], at: pd.Timestamp, grace_days: int) -> bool:
    start, end = contract
    return start < at and (pd.isna(end) or end + grace_days * DAY >= at)


@pytest.mark.parametrize(("kind", "policy", "grace_days"), [("ended", 20, 0), ("lapsed", 0, 0), ("lapsed", 20, 20)])
@pytest.mark.parametrize("horizon_days", [28, 91])
def test_contracts_that_are_over_are_those_a_loop_counts(
    sound: Tables, kind: Any, policy: int, grace_days: int, horizon_days: int
) -> None:
    """The end is said, and neither purchases nor events are needed."""
    contracts: dict[str, list[tuple[pd.Timestamp, pd.Timestamp]]] = {}
    for row in sound["subscriptions"].itertuples():
        contracts.setdefault(str(row.customer_id), []).append((row.start, row.end))  # type: ignore[arg-type]
    cutoff = END - horizon_days * DAY
    asked = [each for each in contracts.values() if any(_runs(one, cutoff, 0) for one in each)]
    gone = [each for each in asked if not any(_runs(one, END, grace_days) for one in each)]
    tables, question = {"subscriptions": sound["subscriptions"]}, Question("contracts", horizon_days, kind)
    found = _answer(tables, question, end=END, policy=Policy(grace_days=policy))
    assert (found.customers, found.positives, found.cutoff) == (len(asked), len(gone), f"{cutoff:%Y-%m-%d}")
    assert (found.rarer, found.reasons[1]) == (len(gone), f"{len(gone)} of them leave")
    first = sound["subscriptions"]["start"].min().normalize()
    assert found.horizons == pytest.approx((END - first) / (horizon_days * DAY), abs=0.005)


def test_contracts_beside_purchases_have_a_history_of_their_own(sound: Tables) -> None:
    contracts = sound["subscriptions"]
    young = contracts[contracts["start"] >= "2025-03-01"]
    found = _answer({**sound, "subscriptions": young}, Question("contracts", 28, "ended"))
    assert found.horizons == pytest.approx((END - young["start"].min().normalize()) / (28 * DAY), abs=0.005)
    assert found.horizons < 7


def test_contracts_are_counted_from_when_they_are_known_and_may_end_later() -> None:
    """One leaves; one was told late, one ends after the end, one begins again on the day of the cutoff."""
    rows = [
        ("gone", "2024-01-01", "2024-06-15", None),
        ("on the cutoff", "2024-01-01", "2024-06-01", None),
        ("over before", "2024-01-01", "2024-05-31", None),
        ("late", "2024-01-01", "2024-06-15", "2024-06-01"),
        ("later", "2024-01-01", "2031-01-01", None),
        ("open", "2024-01-01", None, None),
        ("again", "2024-01-01", "2024-05-01", None),
        ("again", "2024-06-01", None, None),
        ("two at once", "2024-01-01", "2024-06-15", None),
        ("two at once", "2024-02-01", None, None),
    ]
    table = pd.DataFrame(rows, columns=["customer_id", "start", "end", "known_time"]).assign(plan="basic")
    end = pd.Timestamp("2024-07-01")
    found = _answer({"subscriptions": table}, Question("contracts", 30, "ended"), end=end)
    assert (found.cutoff, found.customers, found.positives) == ("2024-06-01", 5, 2)
    for grace, gone in ((15, 2), (16, 1), (40, 0)):
        policy = Policy(grace_days=grace)
        lapsed = _answer({"subscriptions": table}, Question("contracts", 30, "lapsed"), end=end, policy=policy)
        assert (lapsed.customers, lapsed.positives) == (5, gone)
    assert _answer({"subscriptions": table}, Question("contracts", 30, "ended")).reasons == (
        "nothing tells where the history ends",
    )


def _shop(buyers: int, others: int, *, days: int = 120) -> Tables:
    """Let so many customers buy early, and some of them in the last 30 days again."""
    first, again = pd.Timestamp("2025-01-01"), pd.Timestamp("2025-01-01") + (days - 1) * DAY
    rows = [(f"c{number}", first, 1.0) for number in range(buyers + others)]
    rows += [(f"c{number}", again, 1.0) for number in range(buyers)]
    return {"transactions": pd.DataFrame(rows, columns=["customer_id", "time", "amount"])}


@pytest.mark.parametrize(
    ("buyers", "others", "verdict"),
    [
        (500, 500, "yes"),
        (200, 800, "yes"),
        (199, 801, "thin"),
        (800, 200, "yes"),
        (801, 199, "thin"),
        (500, 499, "thin"),
        (50, 950, "thin"),
        (49, 951, "no"),
        (50, 50, "thin"),
        (50, 49, "no"),
    ],
)
def test_customers_and_the_rarer_outcome_have_limits(buyers: int, others: int, verdict: str) -> None:
    assert _answer(_shop(buyers, others), Question("churn", 30)).verdict == verdict


@pytest.mark.parametrize(("days", "verdict"), [(90, "yes"), (89, "thin"), (60, "thin"), (59, "no")])
def test_the_history_has_limits_in_horizons(days: int, verdict: str) -> None:
    found = _answer(_shop(500, 500, days=days), Question("churn", 30))
    assert (found.verdict, found.horizons) == (verdict, round(days / 30, 2))
    assert _answer(_shop(500, 500, days=days), Question("any", 30, "other")).verdict == (
        "thin" if verdict == "yes" else verdict
    )


def test_reasons_say_what_is_short() -> None:
    found = _answer(_shop(60, 30, days=70), Question("churn", 30))
    assert found.reasons == (
        "90 customers are asked about",
        "30 of them do not buy",
        "the history is 2.3 horizons of 30 days long",
    )
    assert found.line() == f"churn: no; {'; '.join(found.reasons)}"


def test_returns_are_no_purchases_and_what_was_not_known_does_not_count() -> None:
    tables = _shop(300, 900)
    rows = tables["transactions"]
    again = rows.index >= 1200
    returned = {"transactions": rows.assign(is_return=again, amount=rows["amount"].where(~again, -1.0))}
    assert _answer(returned, Question("churn", 30)).positives == 0
    late = {"transactions": rows.assign(known_time=pd.Timestamp("2025-04-15"))}
    assert _answer(late, Question("churn", 30)).customers == 0


@pytest.mark.parametrize(
    ("kind", "lost", "reason"),
    [
        ("binary", "transactions", "there are no transactions"),
        ("uplift", "touches", "there are no touches"),
        ("ended", "subscriptions", "there are no subscriptions"),
        ("lapsed", "subscriptions.end", "subscriptions lacks end, or nothing can be read there"),
        ("pairs", "transactions.category", "no transaction has a category"),
        ("amount", "transactions.amount", "transactions lacks amount, or nothing can be read there"),
    ],
)
def test_what_is_missing_is_said(sound: Tables, kind: Any, lost: str, reason: str) -> None:
    table, _, column = lost.partition(".")
    tables = {name: each for name, each in sound.items() if name not in (table, "products")}
    if column:
        tables[table] = sound[table].drop(columns=column)
    found = _answer(tables, Question("asked", 28, kind))
    assert (found.verdict, found.reasons, found.cutoff) == ("no", (reason,), "")


def test_times_that_cannot_be_read_are_said() -> None:
    rows = _shop(3, 3)["transactions"]
    found = _answer({"transactions": rows.assign(time="soon")}, Question("churn", 28))
    assert (found.verdict, found.reasons) == ("no", ("nothing that happens has a time that can be read",))


def test_the_end_may_be_given(sound: Tables) -> None:
    found = _answer(sound, Question("churn", 28), end=pd.Timestamp("2025-03-01"))
    assert found.cutoff == "2025-02-01"
    local = _answer(
        sound, Question("churn", 28), end=pd.Timestamp("2025-03-01 04:00", tz="UTC"), zone="America/New_York"
    )
    assert local.cutoff == "2025-01-31"


@pytest.mark.parametrize("days", [(0, None), (28, 0), (-1, None)])
def test_days_that_are_none_are_refused(days: tuple[int, int | None]) -> None:
    with pytest.raises(ValueError, match="question 'q': days must be at least 1, not"):
        Question("q", days[0], active_days=days[1])
