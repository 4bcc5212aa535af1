"""How much of a blend is what was learned: half, until enough forecasts of the past can tell."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from models.lifetime_value.window import Floats, Window

HALF: Final = 0.5
FORECASTS: Final = 3
"""So many past cutoffs must have been forecast before a weight is fitted to them."""
LABELLED: Final = 2
"""So many windows must have closed for anything to be learned from them."""
WEIGHTS: Final = np.linspace(0, 1, 21)
_LEAST: Final = 1e-9


@dataclass(frozen=True)
class Forecast:
    """What a process of purchases and what was learned said of a past cutoff, and what came, in currency."""

    process: Floats
    learned: Floats
    came: Floats


def blended(process: Floats, learned: Floats, *, weight: float) -> Floats:
    """Give the mean of both, `weight` being the share of what was learned."""
    return (1 - weight) * process + weight * learned


def forecastable(windows: Sequence[Window]) -> Iterator[tuple[list[Window], Window]]:
    """Give the windows before which at least `LABELLED` others had closed, each with those.

    Where nothing was spent, or more came back, there is nothing to forecast, or to learn from.
    """
    for window in windows:
        closed = [each for each in windows if each.closed_before(window)]
        if len(closed) >= LABELLED and min(window.came.sum(), sum(each.came.sum() for each in closed)) > 0:
            yield closed, window


def weight_of(forecasts: Sequence[Forecast]) -> float:
    """Give the share of what was learned: the one of `WEIGHTS` that would have been best in the past.

    Best is the least Tweedie deviance of power 1.5, by which the trees are grown too: its least lies at the expected
    value, and few great spenders do not decide alone. With fewer than `FORECASTS` forecasts it is half.
    """
    if len(forecasts) < FORECASTS:
        return HALF
    return float(min(WEIGHTS, key=lambda weight: sum(_deviance(each, weight) for each in forecasts)))


def _deviance(forecast: Forecast, weight: float) -> float:
    """Give the mean Tweedie deviance of power 1.5, without the term that predictions do not touch."""
    came = forecast.came.mean()
    mean = np.maximum(blended(forecast.process, forecast.learned, weight=weight) / came, _LEAST)
    return float((np.maximum(forecast.came / came, 0) / np.sqrt(mean) + np.sqrt(mean)).mean())
