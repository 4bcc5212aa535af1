"""`lifetime`: the part of a record about lifetime value, of models in which customers buy by a process."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from features.engine.run import outcome
from features.library import TARGETS
from models.contract import keys_of
from training.backtest import Backtested
from training.fit import Fitted, scored
from training.record.asked import asked_by
from training.record.lifetime.alive import alive
from training.record.lifetime.distribution import distribution
from training.record.lifetime.earlier import earlier
from training.record.lifetime.frequencies import frequencies
from training.record.lifetime.purchases import buying
from training.record.lifetime.spread import spread
from training.record.lifetime.total import Closed, total
from training.record.lifetime.tracking import halves, tracking
from training.task import Task


def lifetime(judged: Backtested, task: Task) -> dict[str, Any] | None:
    """Say how a model's purchases and value came against what it expected, and what is to be expected of them.

    None for a model without a process of purchases, and for a question of another kind than how much, or how often,
    customers buy. All but the frequencies and the total is of the latest part. Nobody's id is in it.
    """
    last = judged.parts[-1]
    process = buying(last.model)
    if process is None or task.kind not in ("count", "amount") or not task.dated:
        return None
    asked = asked_by(last, judged.calibration)
    cutoff = last.split.first_test
    weeks = tracking(task.history, process, asked.X, cutoff=cutoff, until=cutoff + task.closes_in)
    return {
        "part": last.split.name,
        "process": process.process.title,
        "note": str(getattr(judged.artifact.model, "note_", "")),
        "history_days": int(asked.X["tenure_days"].max()),
        "tracking": weeks,
        "tracked": halves(weeks),
        "frequencies": frequencies(pd.concat([_came(part, judged, task) for part in judged.parts])),
        "alive": alive(process, asked.X),
        "distribution": distribution(asked.scored["score"].to_numpy(dtype=np.float64)),
        "spread": spread(last.model, asked.X),
        "total": total(_closed(judged, task), closes_in=task.closes_in),
    }


def _came(part: Fitted, judged: Backtested, task: Task) -> pd.DataFrame:
    """Give what came of each row that a part was tested on, in the horizon, beside what was expected."""
    asked, process = asked_by(part, judged.calibration), buying(part.model)
    assert process is not None  # parts of a model are alike
    made = outcome(
        task.history,
        asked.X[keys_of(asked.X)],
        [TARGETS["orders"]],
        horizon_days=task.horizon_days,
        lead_days=task.lead_days,
    )
    amount = task.kind == "amount"
    return pd.DataFrame(
        {
            "frequency": asked.X["frequency"],
            "purchases": made["orders"],
            "expected_purchases": process.expected(asked.X, days=task.horizon_days),
            "value": asked.scored["actual"] if amount else np.nan,
            "expected_value": asked.scored["score"] if amount else np.nan,
        }
    )


def _closed(judged: Backtested, task: Task) -> Iterator[Closed]:
    """Give totals of the parts and, so that there are more, of earlier cutoffs, for which the model is fitted anew."""
    for part in judged.parts:
        yield _sums(part.calibrated(judged.calibration))
    for split in earlier(task, judged.parts[0].split):
        model = judged.artifact.model
        made = type(model)(**model.get_params())
        learned = split.learned_by(made)
        try:
            yield _sums(scored(made.fit(learned.X, learned.y), split))
        except ValueError:  # too few customers so early, or none who tell enough
            return


def _sums(rows: pd.DataFrame) -> Closed:
    return Closed(pd.Timestamp(rows["cutoff"].max()), float(rows["score"].sum()), float(rows["actual"].sum()))
