"""What became known only after the test cutoff is nothing to learn from."""

import pandas as pd
import pytest

from features.engine.door import admit
from features.engine.run import outcome
from features.history import History
from features.library import POPULATIONS, TARGETS, chosen
from training.splits import rolling
from training.task import Task

DAY = pd.Timedelta(days=1)
TEST = pd.Timestamp("2024-03-01")


def _history(known: str | None) -> History:
    """Make a customer with one purchase on 2024-01-20, booked at `known`, between two that were booked at once."""
    times = ["2024-01-01", "2024-01-20", "2024-06-01"]
    booked = ["2024-01-01", known, "2024-06-01"]
    table = pd.DataFrame({"customer_id": "a", "time": times, "amount": 1.0, "known_time": booked})
    return admit("late", {"transactions": table})


@pytest.mark.parametrize(
    ("known", "churned"),
    [("2024-01-20", 0.0), ("2024-02-29 23:59:59", 0.0), ("2024-03-01", 1.0), ("2024-05-01", 1.0), (None, 0.0)],
)
def test_a_row_booked_at_the_test_cutoff_or_later_teaches_nothing(known: str | None, churned: float) -> None:
    task = Task(_history(known), POPULATIONS["known"], chosen(["frequency"]), TARGETS["churned"], horizon_days=28)
    learned_from = rolling(task, first=pd.Timestamp("2024-01-10"), step_days=23, tests=[TEST]).final.train
    learned = learned_from.X["cutoff"] == TEST - 51 * DAY
    assert learned_from.y[learned].tolist() == [churned]


@pytest.mark.parametrize("known_by", ["2024-03-01 12:00", "2024-03-01 12:00:01"])
def test_the_instant_by_which_it_is_known_may_be_any(known_by: str) -> None:
    spine = pd.DataFrame({"customer_id": ["a"], "cutoff": [pd.Timestamp("2024-01-10")]})
    history = _history("2024-03-01 12:00")
    made = outcome(history, spine, [TARGETS["orders"]], horizon_days=28, known_by=pd.Timestamp(known_by))
    assert made["orders"].tolist() == [float(known_by.endswith("01"))]


def test_what_came_is_judged_by_all_that_is_known() -> None:
    spine = pd.DataFrame({"customer_id": ["a"], "cutoff": [pd.Timestamp("2024-01-10")]})
    assert outcome(_history("2024-05-01"), spine, [TARGETS["orders"]], horizon_days=28)["orders"].tolist() == [1.0]
