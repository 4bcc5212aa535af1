"""The tracking curve against loops over hand-made customers and the formula written out."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest

from features.engine.door import admit
from features.engine.run import observe
from features.history import History
from features.library import chosen
from models.buy_till_you_die.covariates import DescribedHistories, WithCovariates
from models.buy_till_you_die.pareto_nbd import ParetoNbd
from models.purchases import histories
from training.record.lifetime.purchases import Buying
from training.record.lifetime.tracking import halves, tracking

PARAMS = {"r": 0.55, "alpha": 10.6, "s": 0.6, "beta": 11.7}
BOUGHT: Mapping[str, list[str]] = {
    "a": ["2025-01-01", "2025-01-01", "2025-01-15", "2025-02-04", "2025-02-05", "2025-03-01"],
    "b": ["2025-01-06", "2025-01-29", "2025-02-18"],
    "c": ["2025-01-29"],
    "d": ["2025-02-04", "2025-02-11", "2025-02-12"],
    "e": ["2025-02-10", "2025-02-20"],  # not known at the cutoff: nobody asks about e
}
CUTOFF, UNTIL = pd.Timestamp("2025-02-05"), pd.Timestamp("2025-02-28")
"""A Wednesday like the first purchase; the horizon of 23 days has three whole weeks."""


@pytest.fixture
def history() -> History:
    lines = [
        (customer, pd.Timestamp(day) + pd.Timedelta(hours=9), 1.0) for customer in BOUGHT for day in BOUGHT[customer]
    ]
    return admit("hand", {"transactions": pd.DataFrame(lines, columns=["customer_id", "time", "amount"])})


def asked(*customers: str) -> pd.DataFrame:
    """Write the frame at the cutoff."""
    rows = []
    for customer in customers:
        days = sorted({pd.Timestamp(day) for day in BOUGHT[customer] if pd.Timestamp(day) < CUTOFF})
        rows.append((customer, len(days) - 1, (days[-1] - days[0]).days, (CUTOFF - days[0]).days))
    return pd.DataFrame(rows, columns=["customer_id", "frequency", "recency_days", "tenure_days"])


def expected_of_new(weeks: float) -> float:
    """Fader & Hardie (2005), A note on deriving the Pareto/NBD model, eq. 27."""
    r, alpha, s, beta = PARAMS.values()
    return float(r * beta / (alpha * (s - 1)) * (1 - (beta / (beta + weeks)) ** (s - 1)))


def test_each_week_is_what_a_loop_finds(history: History) -> None:
    customers = ["a", "b", "c", "d"]
    found = tracking(history, Buying(ParetoNbd(), PARAMS), asked(*customers), cutoff=CUTOFF, until=UNTIL)
    assert [row["week"] for row in found] == [-4, -3, -2, -1, 0, 1, 2, 3]
    assert [row["ends"] for row in found][-4:] == ["2025-02-05", "2025-02-12", "2025-02-19", "2025-02-26"]
    before = {"actual": 0.0, "expected": 0.0}
    for row in found:
        end, came, expected = pd.Timestamp(row["ends"]), 0, 0.0
        for customer in customers:
            days = sorted({pd.Timestamp(day) for day in BOUGHT[customer]})
            came += sum(day < end for day in days[1:])
            if days[0] < end:
                expected += expected_of_new((end - days[0]).days / 7)
        assert row["actual_so_far"] == came
        assert row["expected_so_far"] == pytest.approx(expected, rel=1e-10)
        assert row["actual"] == came - before["actual"]
        assert row["expected"] == pytest.approx(expected - before["expected"], rel=1e-9)
        before = {"actual": came, "expected": expected}
    assert found[0]["actual"] == 0.0
    assert [row["actual"] for row in found] == [0, 0, 1, 0, 2, 2, 2, 0]

    seen, unseen = halves(found)
    assert (seen["seen"], seen["weeks"], seen["actual"]) == (True, 5, 3.0)
    assert (unseen["seen"], unseen["weeks"], unseen["actual"]) == (False, 3, 4.0)
    assert seen["expected"] == pytest.approx(found[4]["expected_so_far"])
    assert unseen["ratio"] == pytest.approx(4 / (found[-1]["expected_so_far"] - found[4]["expected_so_far"]))


def test_nothing_expected_has_no_ratio() -> None:
    assert halves([]) == [
        {"seen": seen, "weeks": 0, "actual": 0.0, "expected": 0.0, "ratio": None} for seen in (True, False)
    ]


def test_a_cutoff_within_a_day_is_that_day(history: History) -> None:
    X, buying = asked("a", "b", "c", "d"), Buying(ParetoNbd(), PARAMS)
    noon = pd.Timedelta(hours=12)
    at_noon = tracking(history, buying, X, cutoff=CUTOFF + noon, until=UNTIL + noon)
    assert at_noon == tracking(history, buying, X, cutoff=CUTOFF, until=UNTIL)


def test_nobody_has_no_curve(history: History) -> None:
    assert (
        tracking(history, Buying(ParetoNbd(), PARAMS), asked("a").assign(customer_id="x"), cutoff=CUTOFF, until=UNTIL)
        == []
    )


def test_a_simulated_cohort_is_tracked() -> None:
    """5,000 customers who buy as the process says: the curve is within 2 % of what came after half a year."""
    rng = np.random.default_rng(3)
    r, alpha, s, beta = PARAMS.values()
    rows = []
    for customer in range(5000):
        rate, leaves = rng.gamma(r) / alpha, rng.exponential() / (rng.gamma(s) / beta)
        start = rng.uniform(0, 12)
        at = start
        while at - start < leaves and at < 52:
            rows.append((f"{customer:04}", pd.Timestamp("2024-01-01") + pd.Timedelta(weeks=at), 1.0))
            at += rng.exponential() / rate
    table = pd.DataFrame(rows, columns=["customer_id", "time", "amount"])
    history = admit("made", {"transactions": table}, end=pd.Timestamp("2024-12-30"))
    cutoff, until = pd.Timestamp("2024-07-01"), pd.Timestamp("2024-12-30")
    spine = pd.DataFrame({"customer_id": table["customer_id"].drop_duplicates(), "cutoff": cutoff})
    X = observe(history, spine, chosen(["frequency", "recency_days", "tenure_days"]))
    found = tracking(history, Buying(ParetoNbd(), PARAMS), X, cutoff=cutoff, until=until)
    assert [found[0]["week"], found[-1]["week"]] == [-25, 26]
    for row in (found[25], found[-1]):
        assert row["expected_so_far"] == pytest.approx(row["actual_so_far"], rel=0.03)
    held_out = [sum(row[name] for row in found[26:]) for name in ("actual", "expected")]
    assert held_out[0] == pytest.approx(held_out[1], rel=0.05)


def test_with_covariates_each_customer_is_expected_by_their_own(history: History) -> None:
    """Who has z = 1 buys e^.5 times as often: alpha is divided by it."""
    process = WithCovariates(ParetoNbd(), transaction=("z",))
    params = {**PARAMS, "transaction:z": 0.5}
    z = {"a": 1.0, "b": 0.0, "c": 1.0, "d": 0.0}
    X = asked("a", "b", "c", "d").assign(z=list(z.values()))

    def see(X: pd.DataFrame) -> DescribedHistories:
        return DescribedHistories.among(histories(X), {"z": X["z"]})

    found = tracking(history, Buying(process, params, see), X, cutoff=CUTOFF, until=UNTIL)
    for row in found:
        end = pd.Timestamp(row["ends"])
        starts = {customer: pd.Timestamp(min(BOUGHT[customer])) for customer in z}
        own = {each: expected_of_new((end - start).days / 7) for each, start in starts.items() if start < end}
        assert row["expected_so_far"] == pytest.approx(sum(own[each] * np.exp(0.5 * z[each]) for each in own))
