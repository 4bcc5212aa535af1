"""Splits whose every probability is known, and a model that says what a column says."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, logit
from sklearn.base import BaseEstimator

from models.contract import State, TargetKind
from training.splits import Split, Splits
from training.task import Examples

DAY = pd.Timedelta(days=1)
STEP = 28 * DAY
LAST = pd.Timestamp("2025-01-05")
"""The latest origin."""


class Said(BaseEstimator):
    """Predicts what a column says, with `scaled` times the rate that it has learned."""

    learns: ClassVar = "outcome"
    requires: ClassVar[tuple[str, ...]] = ()
    kinds: ClassVar[tuple[TargetKind, ...]] = ("binary", "count", "amount")
    labels: ClassVar[tuple[str, ...]] = ()

    def __init__(self, column: str = "p", *, scaled: bool = False) -> None:
        self.column = column
        self.scaled = scaled

    def fit(self, X: pd.DataFrame, y: pd.Series) -> Self:
        self.rate_ = float(y.mean())
        self.latest_ = f"{X['cutoff'].max():%Y-%m-%d}"
        return self

    def predict(self, X: pd.DataFrame) -> NDArray[np.float64]:
        return X[self.column].to_numpy(dtype=float) * (self.rate_ if self.scaled else 1.0)

    def state(self) -> dict[str, Any]:
        return {"rate": self.rate_, "latest": self.latest_}

    def restore(self, state: State) -> Self:
        self.rate_, self.latest_ = state["rate"], state["latest"]
        return self


class Past(Said):
    """The same, fitted on the customers that it is asked about."""

    learns: ClassVar = "past"


Shift = Callable[[pd.Timestamp], float]


def examples(cutoffs: Sequence[pd.Timestamp], *, rows: int = 400, shift: Shift = lambda cutoff: 0.0) -> Examples:
    """Make rows at each cutoff: `p` is the probability before the cutoff's own shift in log-odds, which is in `true`.

    `sharp` is too sure of itself by a line in log-odds, `bent` by what no such line undoes, `noise` tells nothing.
    """
    tables = []
    for cutoff in cutoffs:
        rng = np.random.default_rng(cutoff.toordinal())
        p = rng.beta(2, 4, rows)
        true = expit(logit(p) + shift(cutoff))
        columns = {
            "p": p,
            "true": true,
            "sharp": expit(3 * logit(p) + 1),
            "bent": np.where(p < 0.4, 0.05 * p, 0.55 + 0.4 * p),
            "noise": rng.random(rows),
        }
        ids = [f"c{number:04}" for number in range(rows)]
        made = pd.DataFrame({"customer_id": ids, "cutoff": cutoff, **columns})
        tables.append(made.assign(y=(rng.random(rows) < true).astype(float)))
    table = pd.concat(tables, ignore_index=True)
    return Examples(table.drop(columns="y"), table["y"])


def rolled(*, origins: int = 3, cutoffs: int = 4, rows: int = 400, shift: Shift = lambda cutoff: 0.0) -> Splits:
    """Make so many origins up to `LAST`, four weeks apart, the first of them with so many training cutoffs."""
    parts = []
    for number in range(origins):
        origin = LAST - (origins - 1 - number) * STEP
        learned = [origin - back * STEP for back in range(cutoffs + number, 0, -1)]
        test, train = (examples(at, rows=rows, shift=shift) for at in ([origin], learned))
        parts.append(Split(f"{origin:%Y-%m-%d}", train, test, STEP))
    return Splits(tuple(parts), parts[-1])
