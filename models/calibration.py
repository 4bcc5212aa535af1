"""From a model's probability to one that can be believed: a map fitted on outcomes, and a shift of the level."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq, minimize
from scipy.special import expit, logit
from sklearn.isotonic import IsotonicRegression

from models.metrics.inputs import check_binary, check_probability, numbers

Values = NDArray[np.float64]

METHODS: Final = ("none", "sigmoid", "isotonic")
LEAST: Final[Mapping[str, int]] = {"sigmoid": 50, "isotonic": 1_000}
"""Rows below which a method is not fitted. Isotonic needs about 1,000, below which it does worse than the sigmoid:
Niculescu-Mizil & Caruana (2005), "Predicting good probabilities with supervised learning", ICML."""
FARTHEST: Final = 3.0
"""The largest shift of a season, in log-odds: odds 20 times as high or as low are no season."""
_CERTAIN: Final = 1e-12
_SURE: Final = float(-logit(_CERTAIN))


@dataclass(frozen=True)
class Calibration:
    """A map of probabilities that never reverses two of them, as plain data; `Calibration()` leaves all as it is.

    Without `knots` the log-odds become `slope` · log-odds + `intercept`; with them the probability is interpolated
    between `heights` at the `knots`. `shift` is then added to the log-odds. `method` tells what was asked for, and
    `note` what became of it where that is not all.
    """

    method: str = "none"
    slope: float = 1.0
    intercept: float = 0.0
    knots: tuple[float, ...] = ()
    heights: tuple[float, ...] = ()
    shift: float = 0.0
    note: str = ""

    @property
    def changes(self) -> bool:
        """Whether it moves anything at all."""
        return bool(self.knots) or (self.slope, self.intercept, self.shift) != (1.0, 0.0, 0.0)

    def apply(self, probability: ArrayLike) -> Values:
        """Give the calibrated probabilities, one by one: a row alone gets what it gets among many, bit for bit.

        They and their calibrated ones are kept 1e-12 away from 0 and 1, so that log-odds are finite. Where nothing
        changes, values of any kind come back as they are (counts and amounts too); else `ValueError` for one outside
        [0, 1].
        """
        p = np.asarray(probability, dtype=np.float64)
        return np.asarray(expit(self._log_odds(p)), dtype=np.float64) if self.changes else p

    def contributions(self, terms: ArrayLike, probability: ArrayLike) -> Values:
        """Turn a model's terms, which add up to its log-odds, into terms of the calibrated log-odds.

        `terms` are rows × (features + 1), the last column the base. They are scaled by the slope; the intercept, the
        shift, and what the knots add to or take from a row go into the base. They add up to the log-odds of
        `apply(probability)` as exactly as the terms did to those of `probability`. `ValueError` unless there is one
        row of terms for each probability.
        """
        p, given = np.asarray(probability, dtype=np.float64), np.asarray(terms, dtype=np.float64)
        if given.ndim != 2 or p.shape != given.shape[:1]:
            raise ValueError(f"terms have the shape {given.shape}, probabilities {p.shape}; give one row for each")
        if not self.changes:
            return given
        made = given * self.slope
        if self.knots:
            made[:, -1] = self._log_odds(p) - made[:, :-1].sum(axis=1)
        else:
            made[:, -1] += self.intercept + self.shift
        return made

    def with_shift(self, shift: float) -> Self:
        """Give the same map with another shift in place of its own. Unit: log-odds."""
        if not np.isfinite(shift):
            raise ValueError(f"a shift is a finite number of log-odds; got {shift}")
        return replace(self, shift=float(shift))

    def state(self) -> dict[str, Any]:
        """Give the map as plain data."""
        return {
            "method": self.method,
            "slope": self.slope,
            "intercept": self.intercept,
            "knots": list(self.knots),
            "heights": list(self.heights),
            "shift": self.shift,
            "note": self.note,
        }

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> Self:
        """Take it back."""
        return cls(**{**state, "knots": tuple(state["knots"]), "heights": tuple(state["heights"])})

    @cached_property
    def _steps(self) -> tuple[Values, Values]:
        return np.array(self.knots), np.array(self.heights)

    def _log_odds(self, p: Values) -> Values:
        check_probability(p)
        if not self.knots:
            return np.clip(_log_odds(p) * self.slope + (self.intercept + self.shift), -_SURE, _SURE)
        knots, heights = self._steps
        above = np.minimum(np.searchsorted(knots, p, side="right"), len(knots) - 1)
        # rounding may carry a line past its end, and so past the beginning of the next
        between = np.minimum(np.interp(p, knots, heights), heights[above])
        return np.clip(_log_odds(between) + self.shift, -_SURE, _SURE)


def calibrate(method: str, actual: ArrayLike, predicted: ArrayLike) -> Calibration:
    """Fit a map on outcomes (0 or 1) and the probabilities that a model gave them before.

    `sigmoid`: Platt (1999), "Probabilistic outputs for support vector machines", on log-odds as in Kull, Silva Filho
    & Flach (2017), AISTATS: maximum likelihood of expit(slope · logit(p) + intercept) with Platt's smoothed targets
    (N₊ + 1) / (N₊ + 2) and 1 / (N₋ + 2). `isotonic`: Zadrozny & Elkan (2002), KDD, kept within [1, rows + 1] / (rows
    + 2), so that log-odds stay finite. Where the outcomes do not rise with the predictions at all, only the level is
    moved, and the note says so. `none` needs no data.

    `ValueError` for another method, for one class only, and below `LEAST` rows.
    """
    if method not in METHODS:
        raise ValueError(f"calibration {method!r} is none of {', '.join(METHODS)}")
    if method == "none":
        return Calibration()
    actual, predicted = numbers(actual, predicted)
    check_binary(actual)
    check_probability(predicted)
    _check_enough(method, actual)
    return _sigmoid(actual, predicted) if method == "sigmoid" else _isotonic(actual, predicted)


def season_shift(actual: ArrayLike, predicted: ArrayLike) -> float:
    """Find by how much the log-odds must move for the mean probability to be the observed rate.

    0 without rows; at most `FARTHEST` either way. `ValueError` unless outcomes are 0 or 1 and predictions lie in
    [0, 1].
    """
    if np.size(actual) == 0 and np.size(predicted) == 0:
        return 0.0
    actual, predicted = numbers(actual, predicted)
    check_binary(actual)
    check_probability(predicted)
    return _level(actual, _log_odds(predicted), farthest=FARTHEST)


def _level(actual: Values, log_odds: Values, *, farthest: float) -> float:
    rate = actual.mean()

    def excess(shift: float) -> float:
        return float(expit(log_odds + shift).mean() - rate)

    if excess(farthest) <= 0:
        return farthest
    return -farthest if excess(-farthest) >= 0 else float(brentq(excess, -farthest, farthest, xtol=1e-12))


def _sigmoid(actual: Values, predicted: Values) -> Calibration:
    x = _log_odds(predicted)
    if np.ptp(x) == 0:
        return _level_alone("sigmoid", actual, x, "all predictions are equal")
    ones = actual.sum()
    target = np.where(actual == 1, (ones + 1) / (ones + 2), 1 / (len(actual) - ones + 2))
    centre, spread = x.mean(), x.std()
    z = (x - centre) / spread

    def loss(line: Values) -> tuple[float, Values]:
        score = line[0] * z + line[1]
        off = expit(score) - target
        return float((np.logaddexp(0, score) - target * score).mean()), np.array([(off * z).mean(), off.mean()])

    slope, level = minimize(loss, np.array([spread, centre]), jac=True, method="BFGS", options={"gtol": 1e-9}).x
    if slope <= 0:
        return _level_alone("sigmoid", actual, x, f"outcomes fall as predictions rise (slope {slope / spread:.3g})")
    return Calibration("sigmoid", slope=float(slope / spread), intercept=float(level - slope / spread * centre))


def _isotonic(actual: Values, predicted: Values) -> Calibration:
    least = 1 / (len(actual) + 2)
    fitted = IsotonicRegression(y_min=least, y_max=1 - least, out_of_bounds="clip").fit(predicted, actual)
    knots, heights = fitted.X_thresholds_.tolist(), fitted.y_thresholds_.tolist()
    if heights[0] == heights[-1]:
        return _level_alone("isotonic", actual, _log_odds(predicted), "outcomes do not rise with predictions")
    return Calibration("isotonic", knots=tuple(knots), heights=tuple(heights))


def _level_alone(method: str, actual: Values, log_odds: Values, why: str) -> Calibration:
    level = _level(actual, log_odds, farthest=2 * _SURE)
    return Calibration(method, intercept=level, note=f"{why}: only the level was moved")


def _check_enough(method: str, actual: Values) -> None:
    rows, ones = len(actual), int(actual.sum())
    if rows < LEAST[method]:
        raise ValueError(f"calibration {method!r} needs at least {LEAST[method]} rows; got {rows}: use another or none")
    if ones in (0, rows):
        raise ValueError(f"calibration {method!r} needs both outcomes; all {rows} rows have {int(actual[0])}: use none")


def _log_odds(p: Values) -> Values:
    return np.asarray(logit(np.clip(p, _CERTAIN, 1 - _CERTAIN)), dtype=np.float64)
