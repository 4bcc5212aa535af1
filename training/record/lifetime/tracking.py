"""The tracking curve: purchases as they came, week by week, against those that the process expected."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from features.engine.purchase_days import purchase_days
from features.history import History
from models.purchases import DAYS_A_WEEK
from training.record.lifetime.purchases import Buying, Floats

WEEK = pd.Timedelta(days=DAYS_A_WEEK)


def tracking(
    history: History, buying: Buying, X: pd.DataFrame, *, cutoff: pd.Timestamp, until: pd.Timestamp
) -> list[dict[str, Any]]:
    """Give the repeat purchase days of a frame's customers by week, from their first purchase on, and those expected.

    Weeks are counted from the cutoff: up to 0 the process has seen them, from 1 on it has not; the first may have begun
    before anyone bought, and one that `until` cuts is left out. What is expected is the sum over customers of what a
    new one makes since their own first purchase (Fader & Hardie, Implementing the Pareto/NBD model in Excel, 2005).
    Rows: week, ends (a day), actual and expected within it, actual_so_far and expected_so_far.
    """
    days = purchase_days(history, X["customer_id"], until=until)
    days = days.assign(age=(days["day"] - cutoff.floor("D")).dt.days)
    if days.empty:
        return []
    first, last = -(-int(-days["age"].min()) // DAYS_A_WEEK), int((until - cutoff) / WEEK)
    weeks = range(-first + 1, last + 1)
    ends = np.array(weeks, dtype=np.float64) * DAYS_A_WEEK
    came = _came(days, ends)
    expected = buying.of_new(X, ends)
    within = [np.diff(each, prepend=0.0).tolist() for each in (came, expected)]
    return [
        {
            "week": week,
            "ends": f"{cutoff + week * WEEK:%Y-%m-%d}",
            "actual": within[0][place],
            "expected": within[1][place],
            "actual_so_far": float(came[place]),
            "expected_so_far": float(expected[place]),
        }
        for place, week in enumerate(weeks)
    ]


def halves(weeks: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Add weeks up: those up to the cutoff, and those after it. Rows: seen, weeks, actual, expected, ratio (null where
    nothing was expected).
    """
    found = []
    for seen in (True, False):
        half = [each for each in weeks if (each["week"] <= 0) == seen]
        actual, expected = (float(sum(each[name] for each in half)) for name in ("actual", "expected"))
        ratio = actual / expected if expected > 0 else None
        found.append({"seen": seen, "weeks": len(half), "actual": actual, "expected": expected, "ratio": ratio})
    return found


def _came(days: pd.DataFrame, ends: Floats) -> Floats:
    """Count the repeat purchases that came before the ends of weeks, in days from the cutoff."""
    repeats = np.append(0.0, np.cumsum(days["buyers"] - days["first"]))
    return repeats[np.searchsorted(days["age"], ends, side="left")]
