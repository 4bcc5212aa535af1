"""lifetimes at its best: its user has read the source, groups equal customers beforehand and hands over weights."""

from collections.abc import Callable
from typing import Final

import pandas as pd

from experiments.benchmarks.clv.data import Customers
from experiments.benchmarks.clv.lifetimes_plain import columns, fitted
from experiments.benchmarks.clv.works import Answer, Work, named


def purchases(process: str) -> Work:
    """Group, and fit a process of purchases."""

    def prepared(customers: Customers) -> Callable[[], Answer]:
        x, t_x, T, _ = columns(customers)
        return lambda: _fitted(process, pd.DataFrame({"x": x, "t_x": t_x, "T": T}))

    return prepared


def _fitted(process: str, frame: pd.DataFrame) -> dict[str, float]:
    groups = frame.groupby(["x", "t_x", "T"]).size().reset_index(name="weight")
    return fitted(process, groups["x"], groups["t_x"], groups["T"], weights=groups["weight"])


WORKS: Final = named(purchases)
