"""Expected spend within the horizon: half from past purchases alone, half learned from what came after past cutoffs."""

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Final, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from models.booster import params_of
from models.buy_till_you_die.fit import Untellable
from models.buy_till_you_die.processes import PROCESSES
from models.contract import State, TargetKind, feature_names, matrix
from models.estimators import register
from models.estimators.clv import Clv
from models.lifetime_value.expected import Expected
from models.lifetime_value.learned import Learned
from models.lifetime_value.weight import FORECASTS, LABELLED, Forecast, blended, forecastable, weight_of
from models.lifetime_value.window import Window
from models.purchases import HISTORY

Floats = NDArray[np.float64]

CUSTOMERS: Final = 2000
"""Of fewer customers trees learn less than they make up."""


@register
class ClvBlend(BaseEstimator):
    """Pareto/NBD × Gamma-Gamma, blended with trees that have seen what came after earlier cutoffs.

    At each cutoff that it learns from Pareto/NBD and Gamma-Gamma are fitted anew to the histories as they were. What
    they expect, and the features that do not grow with the calendar, go into trees that learn what was spent in the
    `learn_days` that followed. The trees tell customers apart. How much all spend together, and how much more the
    horizon brings than `learn_days`, is what Pareto/NBD expects of those asked about, times what came over what it had
    expected before (`models.lifetime_value.learned`).

    The trees weigh half, or what would have been best at past cutoffs once `FORECASTS` of them could be forecast from
    what had closed by then. Below `LABELLED` closed windows, or `fewest_customers` in them, it is Pareto/NBD ×
    Gamma-Gamma alone; `note_` tells. `learn_days` None is the horizon; `elapsed` names features that grow with the
    calendar. The frame is that of `Clv` and whatever features there are beside.
    """

    learns: ClassVar = "both"
    requires: ClassVar[tuple[str, ...]] = (*HISTORY, "mean_day_spend")
    kinds: ClassVar[tuple[TargetKind, ...]] = ("amount",)
    labels: ClassVar[tuple[str, ...]] = ()
    answers: ClassVar[tuple[str, ...]] = ("future_spend",)
    noncontractual: ClassVar[bool] = True
    learned_: Learned | None

    def __init__(
        self,
        horizon_days: int,
        *,
        learn_days: int | None = None,
        elapsed: Sequence[str] = (),
        fewest_customers: int = CUSTOMERS,
        rounds: int = 100,
        depth: int = 3,
        learning_rate: float = 0.04,
        min_child_weight: float = 12.0,
        column_share: float = 0.5,
        row_share: float = 0.8,
        threads: int = 1,
        seed: int = 0,
    ) -> None:
        self.horizon_days = horizon_days
        self.learn_days = learn_days
        self.elapsed = elapsed
        self.fewest_customers = fewest_customers
        self.rounds = rounds
        self.depth = depth
        self.learning_rate = learning_rate
        self.min_child_weight = min_child_weight
        self.column_share = column_share
        self.row_share = row_share
        self.threads = threads
        self.seed = seed

    def fit(self, X: pd.DataFrame, y: pd.Series) -> Self:
        """Fit on rows of past cutoffs and, with y NaN, on those asked about; without any, on the latest cutoff's.

        Raises `ValueError` where the rows asked about do not let Pareto/NBD or Gamma-Gamma be fitted.
        """
        known = y.notna().to_numpy()
        asked = X[~known] if not known.all() else X[(X["cutoff"] == X["cutoff"].max()).to_numpy()]
        self.features_ = [each for each in feature_names(X) if each not in {*HISTORY, *self.elapsed}]
        self.clv_ = Clv(self.horizon_days).fit(asked)
        windows = list(self._windows(X[known], y[known]))
        self.learned_, self.weight_, self.note_ = None, 0.0, _thin(windows, X[known], fewest=self.fewest_customers)
        if not self.note_:
            self._learn(windows, asked)
        return self

    def predict(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Give each row's expected spend within the horizon, in currency, 0 or more."""
        check_is_fitted(self, "clv_")
        alone = self.clv_.predict(X)
        if self.learned_ is None:
            return alone
        learned = self.learned_.spend(self._seen(self.clv_, X), self._growth(X))
        return blended(alone, learned, weight=self.weight_)

    def details(self, X: pd.DataFrame) -> pd.DataFrame:
        """Give what `Clv` tells of each row, but for clv, which is the blend's; low and high move in proportion."""
        told, blend, alone = self.clv_.details(X), self.predict(X), self.clv_.predict(X)
        moved = np.divide(blend, alone, out=np.ones(len(X)), where=alone > 0)
        return told.assign(clv=blend, low=told["low"] * moved, high=told["high"] * moved)

    def state(self) -> dict[str, Any]:
        """Give the parameters of both processes, the weight, the note and, if there are, the trees."""
        check_is_fitted(self, "clv_")
        return {
            "clv": self.clv_.state(),
            "features": self.features_,
            "weight": self.weight_,
            "note": self.note_,
            **({} if self.learned_ is None else self.learned_.state()),
        }

    def restore(self, state: State) -> Self:
        """Take them back."""
        self.clv_ = Clv(self.horizon_days).restore(state["clv"])
        self.features_, self.weight_, self.note_ = list(state["features"]), float(state["weight"]), state["note"]
        self.learned_ = Learned.restore(state, threads=self.threads) if "booster" in state else None
        return self

    @property
    def _days(self) -> int:
        return self.horizon_days if self.learn_days is None else self.learn_days

    def _windows(self, X: pd.DataFrame, y: pd.Series) -> Iterator[Window]:
        """Give the closed windows, in order; those of cutoffs so early that nothing can be fitted are left out."""
        came = y.to_numpy(dtype=np.float64)
        for _, places in sorted(X.groupby("cutoff").indices.items()):
            rows = X.iloc[places]
            try:
                clv = Clv(self._days).fit(rows)
            except Untellable:
                continue
            yield Window(
                pd.Timestamp(rows["cutoff"].iloc[0]), self._days, self._seen(clv, rows), clv.predict(rows), came[places]
            )

    def _seen(self, clv: Clv, X: pd.DataFrame) -> Floats:
        """Give what trees see: the features, and what is expected within the days that they learn from."""
        return np.column_stack([matrix(X, self.features_), _expected(clv).columns(X, days=self._days)])

    def _growth(self, X: pd.DataFrame) -> Floats:
        return _expected(self.clv_).growth(X, days=self._days, horizon_days=self.horizon_days)

    def _learn(self, windows: Sequence[Window], asked: pd.DataFrame) -> None:
        """Fit the trees and their weight, and say how."""
        seen, growth = self._seen(self.clv_, asked), self._growth(asked)
        self.learned_ = self._trees(windows, seen, growth, expected=self.clv_.predict(asked))
        forecasts = [self._forecast(closed, window) for closed, window in forecastable(windows)]
        self.weight_ = weight_of(forecasts)
        self.note_ = (
            f"{self.weight_:.0%} of it is learned from what came within {self._days} days of {len(windows)} cutoffs "
            f"and told of {self.horizon_days} days by what Pareto/NBD expects; how much is {_how(len(forecasts))}."
        )

    def _trees(self, closed: Sequence[Window], seen: Floats, growth: Floats, *, expected: Floats) -> Learned:
        params = params_of(self)
        return Learned.of(closed, seen, growth, expected=expected, rounds=self.rounds, params=params)

    def _forecast(self, closed: Sequence[Window], window: Window) -> Forecast:
        """Forecast a past cutoff from what had closed by then."""
        same = np.ones(len(window.came))
        learned = self._trees(closed, window.seen, same, expected=window.expected).spend(window.seen, same)
        return Forecast(window.expected, learned, window.came)


def _expected(clv: Clv) -> Expected:
    return Expected(PROCESSES[clv.process], clv.purchases_.params, clv.value_)


def _how(forecasts: int) -> str:
    """Say where the weight comes from."""
    if forecasts < FORECASTS:
        return f"a convention, as {forecasts} past cutoff(s) could be forecast and a fit takes {FORECASTS}"
    return f"what would have been best at {forecasts} past cutoffs"


def _thin(windows: Sequence[Window], X: pd.DataFrame, *, fewest: int) -> str:
    """Say why nothing is learned from outcomes; empty where they are enough."""
    customers = X["customer_id"].nunique()
    spent = sum(float(each.came.sum()) for each in windows)
    lacking = []
    if len(windows) < LABELLED:
        lacking.append(f"{len(windows)} labelled window(s), and it takes {LABELLED}")
    if customers < fewest:
        lacking.append(f"{customers} customers with outcomes, and it takes {fewest}")
    if spent <= 0:
        lacking.append("nothing was spent after any cutoff")
    if not lacking:
        return ""
    return f"It fell back to Pareto/NBD x Gamma-Gamma alone and has learned from no outcome: {'; '.join(lacking)}."
