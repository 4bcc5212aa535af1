"""Customers who change: a simulated shop's purchases, altered from a day on by what is stated.

Nothing before that day is touched. What is known in truth is in `Drift.told`, and in the data alone after it.
"""

from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Shares = NDArray[np.float64]
Random = np.random.Generator

KINDS: Final = ("thinned", "slowed", "discounted")
"""Orders of a channel or region dwindle; some customers' rhythm lengthens; discounts become common."""
MIXES: Final = tuple(mix for size in (1, 2, 3) for mix in combinations(KINDS, size))
"""What happens at once: each kind alone, each two, and all."""
SEGMENTS: Final = {"channel": ("store", "web"), "region": ("north", "east", "south", "west", "centre")}
PERCENT: Final = 30
"""The discount that becomes common, in percent."""


@dataclass(frozen=True)
class Drift:
    """What changes from `start` until `end`, and how much. A strength of 0 (a factor of 1) changes nothing.

    Of the orders with `segment` = `value` a share that grows from 0 to `thinned` is not made. Times since the start of
    those of the age band `age_band` are stretched by `slowed`; what is then after the end has not come yet. Lines
    without a discount get one with a probability that grows from 0 to `discounted`.
    """

    start: pd.Timestamp
    end: pd.Timestamp
    segment: str
    value: str
    thinned: float
    age_band: str
    slowed: float
    discounted: float

    def told(self) -> dict[str, Any]:
        """Give it as JSON's values."""
        return {**asdict(self), "start": f"{self.start:%Y-%m-%d}", "end": f"{self.end:%Y-%m-%d}"}


def plan(seed: int, *, start: pd.Timestamp, days: int) -> Drift:
    """Draw what changes in a shop of so many days: the kinds by turns, where, when about the middle, and how much."""
    rng, mix = np.random.default_rng(seed), MIXES[seed % len(MIXES)]
    begins, segment = int(days * rng.uniform(0.4, 0.6)), str(rng.choice(list(SEGMENTS)))
    value, age_band = str(rng.choice(SEGMENTS[segment])), str(rng.choice(["18-34", "35-54", "55+"]))
    thinned, slowed, discounted = rng.uniform(0.4, 0.9), rng.uniform(1.4, 2.5), rng.uniform(0.3, 0.8)
    return Drift(
        start=start + pd.Timedelta(days=begins),
        end=start + pd.Timedelta(days=days),
        segment=segment,
        value=value,
        thinned=round(thinned, 2) if "thinned" in mix else 0.0,
        age_band=age_band,
        slowed=round(slowed, 2) if "slowed" in mix else 1.0,
        discounted=round(discounted, 2) if "discounted" in mix else 0.0,
    )


def drifted(transactions: pd.DataFrame, customers: pd.DataFrame, drift: Drift, *, seed: int) -> pd.DataFrame:
    """Give the transactions (in the simulator's columns, by time) as they are where customers change."""
    rngs = np.random.default_rng(seed).spawn(2)
    known = transactions[["customer_id"]].merge(customers, on="customer_id", how="left")
    made = transactions.assign(age_band=known["age_band"], region=known["region"])
    made = _discounted(rngs[0], _thinned(rngs[1], _slowed(made, drift), drift), drift)
    return made[transactions.columns].sort_values("time", kind="stable", ignore_index=True)


def _slowed(lines: pd.DataFrame, drift: Drift) -> pd.DataFrame:
    since = (lines["time"] - drift.start).where(lines["age_band"] == drift.age_band)
    later = (drift.start + since * drift.slowed).dt.floor("s").astype(lines["time"].dtype)
    time = later.where(since > pd.Timedelta(0), lines["time"])
    return lines.assign(time=time)[time < drift.end]


def _thinned(rng: Random, lines: pd.DataFrame, drift: Drift) -> pd.DataFrame:
    """Leave orders out as a whole: who never bought returns nothing."""
    order = _order(lines)
    lost = rng.random(order.nunique())[pd.factorize(order)[0]] < drift.thinned * _progress(lines, order, drift)
    return lines[~(lost & (lines[drift.segment] == drift.value))]


def _discounted(rng: Random, lines: pd.DataFrame, drift: Drift) -> pd.DataFrame:
    """Take the discount off what is paid, and off what is paid back for the same line."""
    line = _order(lines) + " " + lines["product_id"].astype("str")
    had = lines.groupby(line.to_numpy())["discount"].transform("max") > 0
    lucky = rng.random(line.nunique())[pd.factorize(line)[0]] < drift.discounted * _progress(lines, line, drift)
    off = (lines["amount"] * PERCENT / 100).round(2).where(lucky & ~had, 0.0)
    return lines.assign(
        amount=(lines["amount"] - off).round(2), discount=(lines["discount"] + off.clip(lower=0)).round(2)
    )


def _order(lines: pd.DataFrame) -> "pd.Series[str]":
    """Name each line's order; a return's is the one that it was bought in."""
    return lines["order_id"].astype("str").str.removesuffix("-R")


def _progress(lines: pd.DataFrame, by: "pd.Series[str]", drift: Drift) -> Shares:
    """Give how far the change has come, 0 at its start and 1 at the end, when each line was bought."""
    bought = lines["time"].groupby(by.to_numpy()).transform("min")
    share = (bought - drift.start) / (drift.end - drift.start)
    return np.asarray(share.clip(lower=0.0), dtype=np.float64)
