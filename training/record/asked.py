"""The test rows that were asked about, beside what was predicted of them."""

from dataclasses import dataclass

import pandas as pd

from models.contract import eligible
from training.backtest import Backtested
from training.fit import Fitted


@dataclass(frozen=True)
class Asked:
    """One round of questions: each customer once, with their features, score and outcome."""

    part: Fitted
    X: pd.DataFrame
    scored: pd.DataFrame


def latest(judged: Backtested) -> Asked:
    """Give the rows of the latest part: the last cutoff, or the last fold, which stand for the next round."""
    part = judged.parts[-1]
    X = part.split.test.X
    score = part.calibrations[judged.calibration].apply(part.scored["score"].to_numpy())
    return Asked(part, X[eligible(X)].reset_index(drop=True), part.scored.assign(score=score))


def groups_of(judged: Backtested) -> pd.Series | None:
    """Give what fairness is looked at by, for each scored row of all parts; None where nothing is."""
    found = [(part.split.test.groups, eligible(part.split.test.X)) for part in judged.parts]
    groups = [values[asked] for values, asked in found if values is not None]
    return pd.concat(groups, ignore_index=True) if len(groups) == len(found) else None
