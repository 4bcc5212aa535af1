"""Cutoffs before those that a model is judged at, at which it can be judged too."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import pandas as pd

from training.splits import Split
from training.task import Task

MOST: Final = 8
"""At most so many are looked at: the model is fitted anew for each."""


def earlier(task: Task, split: Split) -> Iterator[Split]:
    """Give the training cutoffs whose horizons overlap neither the test's nor each other's, the latest first, each as
    a test of what had closed by then.
    """
    train, latest = split.train, split.first_test
    cutoffs = train.X["cutoff"]
    for _ in range(MOST):
        before = cutoffs[cutoffs + task.closes_in <= latest]
        if before.empty:
            return
        latest = pd.Timestamp(before.max())
        test, closed = train.where(cutoffs == latest), train.where(cutoffs + task.learned_in <= latest)
        whole = replace(test, y=task.outcome(test.X, known_by=split.first_test)) if task.carried else test
        yield Split(f"{latest:%Y-%m-%d}", closed, whole, split.closes_in)
