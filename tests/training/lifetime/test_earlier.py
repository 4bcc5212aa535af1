"""Earlier cutoffs: which there are, what they are tested by, and that nothing is learned that had not closed."""

from dataclasses import replace

import pandas as pd
import pytest

from features.engine.run import outcome
from features.history import History
from features.library import POPULATIONS, TARGETS, chosen
from training.record.lifetime.earlier import earlier
from training.splits import Split, rolling
from training.task import Task

FIRST, TEST = pd.Timestamp("2024-05-01"), pd.Timestamp("2025-01-05")
DAY = pd.Timedelta(days=1)


def split_of(task: Task, step_days: int) -> Split:
    return rolling(task, first=FIRST, step_days=step_days, tests=[TEST]).final


@pytest.mark.parametrize(("horizon", "learned", "lead", "step"), [(28, None, 0, 14), (42, 14, 0, 14), (28, None, 7, 7)])
def test_they_are_apart_and_learn_from_what_had_closed(
    simulated: History, horizon: int, learned: int | None, lead: int, step: int
) -> None:
    features, spent = chosen(["rfm"]), TARGETS["future_spend"]
    task = Task(simulated, POPULATIONS["known"], features, spent, horizon, lead_days=lead, learn_days=learned)
    split = split_of(task, step)
    cutoffs = sorted(set(split.train.X["cutoff"]))
    found, until = list(earlier(task, split)), TEST
    assert len(found) > 2
    for each in found:
        (at,) = set(each.test.X["cutoff"])
        assert at == max(cutoff for cutoff in cutoffs if cutoff + (lead + horizon) * DAY <= until)
        assert each.name == f"{at:%Y-%m-%d}"
        closed = [cutoff for cutoff in cutoffs if cutoff + (lead + (learned or horizon)) * DAY <= at]
        assert sorted(set(each.train.X["cutoff"])) == closed
        keys = each.test.X[["customer_id", "cutoff"]]
        came = outcome(simulated, keys, [spent], horizon_days=horizon, lead_days=lead)
        assert each.test.y.tolist() == came["future_spend"].tolist()
        until = at
    assert [each for each in cutoffs if each + (lead + horizon) * DAY <= until] == []


def test_of_many_the_latest_are_taken(simulated: History) -> None:
    task = Task(simulated, POPULATIONS["known"], chosen(["rfm"]), TARGETS["orders"], horizon_days=7)
    found = [each.first_test for each in earlier(task, split_of(task, 7))]
    assert found == [TEST - 7 * weeks * DAY for weeks in range(1, 9)]


def test_none_is_none(simulated: History) -> None:
    task = Task(simulated, POPULATIONS["known"], chosen(["rfm"]), TARGETS["orders"], horizon_days=28)
    split = split_of(task, 14)
    kept = split.train.X["cutoff"] > TEST - 28 * DAY
    assert list(earlier(task, replace(split, train=split.train.where(kept)))) == []
