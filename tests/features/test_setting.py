"""Contractual or not: what tells it, with its numbers; real shops are not, and payments are."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from features.datasets import load
from features.engine.door import admit
from features.engine.payments import payments
from features.history import History
from features.library import POPULATIONS
from features.setting import Setting, judged, setting
from tests.features.payments import Log, by_the_week, every, monthly, one_price, weekly_groceries, yearly_gifts

KNOWN = POPULATIONS["known"]


def told(log: Log, **tables: pd.DataFrame) -> Setting:
    history = admit("log", {"transactions": log, **tables})
    return setting(history, KNOWN, until=history.end)


@pytest.mark.parametrize("name", ["cdnow", "cdnow_sample", "complete_journey", "simulated"])
def test_shops_are_not_contractual(name: str) -> None:
    """Of CDNOW's and Complete Journey's customers, and of the simulated, fewer than one in 500 buys like a payer."""
    history = load(name)
    found = setting(history, KNOWN, until=history.end)
    assert found.verdict == "noncontractual"
    assert found.payments < 0.002
    assert found.told > 500
    assert found.covered == pytest.approx(0.25 if name == "simulated" else 0, abs=0.01)


def test_monthly_payments_are_contractual() -> None:
    found = told(monthly())
    assert (found.verdict, found.period, found.customers) == ("contractual", "month", 200)
    assert min(found.regular, found.constant, found.payments) > 0.95
    assert found.by_payments
    assert found.same < 0.5
    assert found.sentence == (
        "of 161 customers with 4 purchase days or more 99% buy every month, "
        "100% for the same amount each time, 99% both"
    )


@pytest.mark.parametrize(
    ("days", "period"), [(7, "week"), (14, "two weeks"), (28, "month"), (31, "month"), (91, "quarter"), (365, "year")]
)
def test_payments_of_other_periods_are_too(days: int, period: str) -> None:
    found = told(every(days, times=5))
    assert (found.verdict, found.period, found.payments, found.told) == ("contractual", period, 1.0, 200)


@pytest.mark.parametrize("days", [1, 3, 10, 20, 45, 180])
def test_other_intervals_are_no_payments(days: int) -> None:
    assert told(every(days)).verdict == "noncontractual"


def test_weekly_groceries_are_regular_and_vary() -> None:
    found = told(weekly_groceries())
    assert (found.verdict, found.period, found.regular) == ("noncontractual", "week", 1.0)
    assert found.payments < 0.02


def test_coffee_costs_the_same_and_comes_at_any_time() -> None:
    found = told(one_price())
    assert (found.verdict, found.constant) == ("noncontractual", 1.0)
    assert found.payments < 0.02


@pytest.mark.parametrize("made", [yearly_gifts, lambda: by_the_week(0), lambda: by_the_week(1)])
def test_one_amount_for_all_tells_nothing(made: Callable[[], Log]) -> None:
    found = told(made())
    assert (found.verdict, found.same, found.by_payments) == ("unknown", 1.0, False)
    assert found.payments > 0.6
    assert found.sentence.endswith("both, but 100% of them for one and the same, which tells nothing")


def test_gifts_that_differ_are_told_by_what_they_are() -> None:
    """Of the donors who give what they like few do so alike; who give the same each, their own, look like payers."""
    log, rng = yearly_gifts(), np.random.default_rng(0)
    assert told(log.assign(amount=rng.gamma(2, 20, len(log)))).verdict == "noncontractual"
    own = pd.Series(rng.gamma(2, 20, log["customer_id"].nunique()), index=log["customer_id"].unique())
    found = told(log.assign(amount=log["customer_id"].map(own)))
    assert (found.verdict, found.period, found.by_payments) == ("contractual", "year", True)


@pytest.mark.parametrize(("same", "verdict"), [(179, "contractual"), (180, "unknown")])
def test_one_amount_is_that_of_nine_customers_in_ten(same: int, verdict: str) -> None:
    log = every(28)
    basic = log["customer_id"].isin([f"s{number}" for number in range(same)])
    found = told(log.assign(amount=log["amount"].where(~basic, 100)))
    assert (found.verdict, found.same) == (verdict, same / 200)


@pytest.mark.parametrize(("payers", "verdict"), [(99, "noncontractual"), (100, "contractual")])
def test_half_of_the_customers_must_pay(payers: int, verdict: str) -> None:
    paid, groceries = every(28, customers=payers), weekly_groceries(200 - payers)
    log = pd.concat([paid, groceries.assign(customer_id="g" + groceries["customer_id"])])
    assert told(log).verdict == verdict


@pytest.mark.parametrize(("customers", "verdict"), [(19, "unknown"), (20, "contractual")])
def test_of_few_customers_nothing_is_told(customers: int, verdict: str) -> None:
    found = told(every(28, customers=customers))
    assert found.verdict == verdict
    if verdict == "unknown":
        assert found.sentence == "19 of 19 customers bought on 4 days or more, too few to tell a rhythm"


def test_three_gaps_are_needed_and_four_in_five_must_fit() -> None:
    """By hand: gaps of 28, 28 and 28 days; of 28 and 28; four of 28 and one of 5; three of 28 and one of 5."""
    gaps = {"three": [28] * 3, "two": [28] * 2, "late once": [28] * 4 + [5], "late often": [28] * 3 + [5]}
    rows = []
    for customer, between in gaps.items():
        days = pd.Series([0, *between]).cumsum()
        rows += [(customer, pd.Timestamp("2024-01-01") + pd.Timedelta(days=int(day)), 10.0) for day in days]
    history = admit("log", {"transactions": pd.DataFrame(rows, columns=["customer_id", "time", "amount"])})
    found = payments(history, until=history.end)
    assert (found["customers"], found["told"], found["constant"]) == (4, 3, 3)
    assert [found[f"regular_{place}"] for place in range(5)] == [0, 0, 2, 0, 0]
    before = payments(history, until=pd.Timestamp("2024-03-25"))  # the fourth purchases come that day and later
    assert (before["told"], before["customers"]) == (0, 4)


@pytest.mark.parametrize(
    ("amounts", "constant"),
    [
        ([10, 10.5, 10.5, 10], 1),
        ([10, 10.6, 10, 10.6], 0),
        ([10, 10, 10, 10, 10, 20], 1),  # four steps in five are none
        ([10, 10, 10, 10, 20], 0),
    ],
)
def test_amounts_may_change_by_a_twentieth_or_once_in_five(amounts: list[float], constant: int) -> None:
    log = every(28, customers=1, times=len(amounts)).assign(amount=amounts)
    history = admit("log", {"transactions": log})
    assert payments(history, until=history.end)["constant"] == constant


def test_a_change_of_plan_leaves_a_payer_one() -> None:
    log = every(28, times=8)
    later = log["time"] > log.groupby("customer_id")["time"].transform("min") + pd.Timedelta(days=100)
    assert told(log.assign(amount=log["amount"].where(~later, 2 * log["amount"]))).verdict == "contractual"


def contracts(log: Log, share: float) -> pd.DataFrame:
    """Give a contract to so many of the customers."""
    ids = sorted(log["customer_id"].unique())
    of = ids[: round(share * len(ids))]
    return pd.DataFrame({"customer_id": of, "plan": "a", "start": pd.Timestamp("2023-01-01"), "end": pd.NaT})


@pytest.mark.parametrize(("share", "verdict"), [(0.79, "noncontractual"), (0.8, "contractual")])
def test_customers_with_contracts_buy_under_them(share: float, verdict: str) -> None:
    log = weekly_groceries()
    found = told(log, subscriptions=contracts(log, share))
    assert found.verdict == verdict
    assert found.covered == pytest.approx(share)
    if verdict == "contractual":
        assert not found.by_payments
        assert found.sentence == "80% of the customers asked about have a contract in the table of subscriptions"


@pytest.mark.parametrize("population", ["subscribers", "members", "renewing"])
def test_who_is_asked_about_as_a_subscriber_is_one(population: str, simulated: History) -> None:
    assert setting(simulated, POPULATIONS[population], until=simulated.end).verdict == "contractual"


def test_without_transactions_nothing_is_told() -> None:
    visits = pd.DataFrame({"customer_id": ["a"], "time": [pd.Timestamp("2024-01-01")], "kind": ["visit"]})
    history = admit("site", {"events": visits}, end=pd.Timestamp("2024-02-01"))
    assert setting(history, KNOWN, until=history.end).verdict == "unknown"


def test_nobody_at_all() -> None:
    none = {"customers": 0, "covered": 0, "told": 0, "constant": 0, "same": 0}
    places = {f"{what}_{place}": 0 for what in ("regular", "both") for place in range(5)}
    assert judged({**none, **places}) == Setting("unknown", 0, 0.0, 0, 0.0, 0.0, 0.0, "")


CALLS: list[Callable[[], Log]] = [monthly, weekly_groceries]


@pytest.mark.parametrize("made", CALLS)
def test_the_order_of_rows_changes_nothing(made: Callable[[], Log]) -> None:
    log = made()
    assert told(log.sample(frac=1, random_state=3)) == told(log)
