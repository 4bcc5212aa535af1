"""The test rows that were asked about, beside what was predicted of them."""

from dataclasses import dataclass

import pandas as pd

from models.contract import eligible
from training.backtest import Backtested
from training.fit import Fitted


@dataclass(frozen=True)
class Asked:
    """Customers with their features, score and outcome, each once."""

    X: pd.DataFrame
    scored: pd.DataFrame


def asked_by(fitted: Fitted, method: str) -> Asked:
    """Give the rows that a model was tested on, calibrated by a method."""
    X = fitted.split.test.X
    return Asked(X[eligible(X)].reset_index(drop=True), fitted.calibrated(method))


def latest(judged: Backtested) -> Asked:
    """Give one round of questions, the latest, which stands for the next: of folds those that hold all customers."""
    name = judged.parts[-1].split.name
    found = [asked_by(part, judged.calibration) for part in judged.parts if part.split.name == name]
    tables = ([each.X for each in found], [each.scored for each in found])
    return Asked(*(pd.concat(each, ignore_index=True) for each in tables))


def groups_of(judged: Backtested) -> pd.Series | None:
    """Give what fairness is looked at by, for each scored row of all parts; None where nothing is."""
    found = [(part.split.test.groups, eligible(part.split.test.X)) for part in judged.parts]
    groups = [values[asked] for values, asked in found if values is not None]
    return pd.concat(groups, ignore_index=True) if len(groups) == len(found) else None
