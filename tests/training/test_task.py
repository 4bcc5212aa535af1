"""Examples and their split in time: what is learned from has ended before what is tested begins."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.datasets.simulator import simulate
from features.engine.door import admit
from features.history import History
from features.library import POPULATIONS, TARGETS, chosen
from models.contract import eligible
from training.task import Split, Task, split

TESTS = [pd.Timestamp("2025-01-05"), pd.Timestamp("2025-01-20")]
DAY = pd.Timedelta(days=1)


def cutoffs(X: pd.DataFrame) -> list[pd.Timestamp]:
    return sorted(map(pd.Timestamp, X["cutoff"].unique()))


@pytest.mark.parametrize("step_days", [1, 10, 28, 45])
def test_training_cutoffs_end_where_their_horizon_has_closed(churn: Task, step_days: int) -> None:
    """Every step from the first one is a candidate; those whose 28 days reach past the first test cutoff are out."""
    first = pd.Timestamp("2024-11-20")
    data = split(churn, first=first, step_days=step_days, test=TESTS)
    expected: list[pd.Timestamp] = []
    cutoff = TESTS[0] - 28 * DAY
    while cutoff >= first:
        expected.insert(0, cutoff)
        cutoff -= step_days * DAY
    assert cutoffs(data.train.X) == expected
    assert cutoffs(data.test.X) == TESTS
    assert data.first_test == TESTS[0]


def test_nothing_at_or_after_the_first_test_cutoff_touches_what_is_learned_from() -> None:
    """Purchases planted from the first test cutoff on change the test's outcomes, and not a bit of the rest."""
    tables = dict(simulate(120, days=420, seed=4).tables)
    sold = tables["transactions"]
    later = sold[sold["time"] >= TESTS[0]]
    planted = pd.concat([sold, later.assign(time=TESTS[0], amount=1e6)], ignore_index=True)

    def made(transactions: pd.DataFrame) -> Split:
        history = admit("shop", {"transactions": transactions}, end=pd.Timestamp("2025-02-24"))
        task = Task(history, POPULATIONS["known"], chosen(["rfm", "windows"]), TARGETS["future_spend"], horizon_days=28)
        return split(task, first=pd.Timestamp("2024-10-01"), step_days=7, test=TESTS[:1])

    plain, odd = made(sold), made(planted)
    pd.testing.assert_frame_equal(odd.train.X, plain.train.X, check_exact=True)
    pd.testing.assert_series_equal(odd.train.y, plain.train.y, check_exact=True)
    pd.testing.assert_frame_equal(odd.test.X, plain.test.X, check_exact=True)
    assert (odd.test.y >= plain.test.y).all()
    assert odd.test.y.sum() > plain.test.y.sum() + 1e6


def test_outcomes_are_those_a_loop_finds(simulated: History, churn: Task, churn_data: Split) -> None:
    times: dict[str, list[pd.Timestamp]] = {}
    lines = simulate(300, days=420).tables["transactions"]
    for customer, time, returned in zip(lines["customer_id"], lines["time"], lines["is_return"], strict=True):
        if not returned:
            times.setdefault(customer, []).append(time)
    for part in (churn_data.train, churn_data.test):
        keys = zip(part.X["customer_id"], part.X["cutoff"], strict=True)
        expected = [
            float(not any(cutoff <= time < cutoff + churn.horizon_days * DAY for time in times[customer]))
            for customer, cutoff in keys
        ]
        assert part.y.tolist() == expected
        for cutoff in cutoffs(part.X):
            asked = part.X.loc[part.X["cutoff"] == cutoff, "customer_id"].tolist()
            assert asked == sorted(customer for customer in times if min(times[customer]) < cutoff)


def test_pairs_have_a_row_each_and_those_bought_lately_are_not_asked_about(pairs: Task, pairs_data: Split) -> None:
    X = pairs_data.train.X
    sizes = X.groupby(["customer_id", "cutoff"])["category"].agg(["size", "nunique"])
    assert (sizes == len(pairs.categories)).all(axis=None)
    bought = X["category_days_since_last"] <= 91
    assert (eligible(X) == ~bought.to_numpy()).mean() > 0.99  # the days count from the day, the population to the hour
    assert len(pairs_data.train.y) == len(X)
    assert set(pairs_data.train.y) == {0.0, 1.0}


def test_without_a_target_there_is_nothing_to_wait_for(churn: Task) -> None:
    task = replace(churn, target=None, horizon_days=0)
    data = split(task, first=TESTS[0] - 20 * DAY, step_days=10, test=TESTS[:1])
    assert task.kind == "none"
    assert cutoffs(data.train.X) == [TESTS[0] - 20 * DAY, TESTS[0] - 10 * DAY]
    assert data.test.y.tolist() == [0.0] * len(data.test.X)
    end = split(task, first=TESTS[0], step_days=10, test=[task.history.end])
    assert cutoffs(end.test.X) == [task.history.end]


def test_texts_are_no_features_of_a_task(churn: Task) -> None:
    told = r"the features \['top_category'\] are texts for people to read, and models need numbers; leave them out"
    for asked in (["spend", "top_category"], ["favourites"]):
        with pytest.raises(ValueError, match=told):
            replace(churn, features=chosen(asked))


def test_kinds_are_those_of_the_target(churn: Task) -> None:
    kinds = [replace(churn, target=TARGETS[name]).kind for name in ("churned", "orders", "future_spend")]
    assert kinds == ["binary", "count", "amount"]


def test_rows_and_outcomes_share_an_index(churn_data: Split, pairs_data: Split) -> None:
    for part in (churn_data.train, churn_data.test, pairs_data.train, pairs_data.test):
        assert part.X.index.equals(part.y.index)
        assert np.isfinite(part.y).all()


def test_what_cannot_be_split_is_told(churn: Task) -> None:
    end = churn.history.end
    with pytest.raises(
        ValueError,
        match=r"no training cutoff from 2024-12-09 on has a 28-day horizon that closes by the first test cutoff "
        r"2025-01-05; set an earlier `first`, a later test cutoff or a shorter horizon",
    ):
        split(churn, first=pd.Timestamp("2024-12-09"), step_days=7, test=TESTS)
    assert cutoffs(split(churn, first=pd.Timestamp("2024-12-08"), step_days=7, test=TESTS).train.X)
    with pytest.raises(ValueError, match=r"cutoff 2025-02-25 lies beyond the data of small, which end at 2025-02-24"):
        split(churn, first=TESTS[0] - 60 * DAY, step_days=7, test=[TESTS[0], end + DAY])
    with pytest.raises(ValueError, match=r"28-day horizon of cutoff 2025-01-28 ends .* use a cutoff up to 2025-01-27"):
        split(churn, first=TESTS[0] - 60 * DAY, step_days=7, test=[TESTS[0], end - 27 * DAY])
    latest = split(churn, first=TESTS[0] - 60 * DAY, step_days=28, test=[end - 28 * DAY])
    assert cutoffs(latest.test.X) == [end - 28 * DAY]
    with pytest.raises(ValueError, match="step_days must be at least 1, not 0"):
        split(churn, first=TESTS[0] - 60 * DAY, step_days=0, test=TESTS)
