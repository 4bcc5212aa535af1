"""Purchases and visits arrive by a Poisson process whose rate follows the season."""

import numpy as np

from features.datasets.simulator.period import DAY, WEEK, Floats, Ints, Period

SWING = 0.25
"""Half the distance between the yearly wave's top (10 December) and bottom, as a share of the mean."""

PEAK_DAY, PEAK_WIDTH, PEAK = 345, 10.0, 0.6
"""Day of the year, width in days and height of the rush before Christmas."""


def season(period: Period) -> Floats:
    """Give the multiplier of the purchase rate on each day of the period; its mean over a year is 1."""
    year = np.arange(1, 366, dtype=np.float64)
    return _wave(period.dates.day_of_year.to_numpy(dtype=np.float64)) / float(_wave(year).mean())


def _wave(day: Floats) -> Floats:
    since_peak = day - PEAK_DAY
    wave = SWING * np.cos(2 * np.pi * since_peak / 365.25)
    return 1.0 + wave + PEAK * np.exp(-((since_peak / PEAK_WIDTH) ** 2))


def arrivals(
    rng: np.random.Generator, rate: Floats, *, since: Ints, until: Ints, multiplier: Floats
) -> tuple[Ints, Ints]:
    """Draw one Poisson process a customer on [since, until) seconds, by thinning (Lewis & Shedler 1979).

    `rate` is the number a week where the day's `multiplier` is 1. Returns who (row of `rate`) and when (seconds),
    in no order of time.
    """
    peak = multiplier.max()
    span = np.maximum(until - since, 0)
    who = np.repeat(np.arange(len(rate)), rng.poisson(rate * peak * span / WEEK))
    when = since[who] + rng.integers(0, span[who])
    kept = rng.random(len(who)) * peak < multiplier[when // DAY]
    return who[kept], when[kept]
