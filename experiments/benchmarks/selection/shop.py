"""A shop whose customers change, and what is asked of it: who buys nothing in the next eight weeks."""

from dataclasses import dataclass
from typing import Final

import pandas as pd

from experiments.benchmarks.selection.drift import Drift, drifted, plan
from features.datasets.simulator import START, simulate
from features.engine.door import admit
from features.library import POPULATIONS, TARGETS, chosen
from training.splits import Split, Splits, rolling
from training.task import Task

HORIZON_DAYS, STEP_DAYS, FIRST_DAY = 56, 28, 112
FEATURES: Final = ["rfm", "windows", "decay", "gaps", "breadth", "discount", "channel"]


@dataclass(frozen=True)
class Shop:
    """The task, the origins that models may be chosen by, and the one after that nobody has seen.

    The unseen one lies a horizon after the last of the origins: on that day the outcomes of all of them are known.
    """

    drift: Drift
    task: Task
    origins: Splits
    unseen: Split


def shop(seed: int, *, population: str, customers: int, days: int, origins: int) -> Shop:
    """Simulate a shop, let its customers change, and split the history of those who are asked about."""
    simulated, drift = simulate(customers, days=days, seed=seed), plan(seed, start=START, days=days)
    lines = drifted(simulated.tables["transactions"], simulated.tables["customers"], drift, seed=seed)
    history = admit(f"shop {seed}", {"transactions": lines}, end=drift.end)
    task = Task(
        history=history,
        population=POPULATIONS[population],
        features=chosen(FEATURES, history),
        target=TARGETS["churned"],
        horizon_days=HORIZON_DAYS,
    )
    last = drift.end - task.closes_in
    tests = [last - number * task.closes_in for number in range(origins + 1)]
    made = rolling(task, first=START + pd.Timedelta(days=FIRST_DAY), step_days=STEP_DAYS, tests=tests)
    *seen, unseen = made.parts
    return Shop(drift, task, Splits(tuple(seen), seen[-1]), unseen)
